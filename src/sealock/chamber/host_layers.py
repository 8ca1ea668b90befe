"""Finds what on this machine Codex may read: files of five kinds of places, and variables.

Nothing here starts anything. Values of settings are shown, but for those that can be secrets; of variables
only those are shown that no secret is kept in.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from sealock.chamber import likely_secrets
from sealock.domain.agent_layers import HostInput, LayerValue
from sealock.domain.printable import printable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sealock.domain.agent_layers import Layer, Sealed, Without

SYSTEM = "/etc/codex"

_SHOWN = 200
_MOST_VALUES = 200
_MOST_FOUND = 200
_LARGEST = 1 << 20
_HIDDEN = '"(not shown)"'
_MAY_BE_SECRET = re.compile(
    r"(?i)(^|[._-])(env|\w*token\w*|\w*secret\w*|\w*passw\w*|http_headers|authorization|\w*api_?key)([._-]|$)"
)
SECRET_NAME = re.compile(
    r"(?i)token|secret|passw|credential|private|api_?key|access_?key|_key$|_pat$|dsn|database_url"
)
"""Names of variables whose values are kept from every output."""

# Measured: these change what the model is told, how it is reached, or what tools do.
_TELLING = {
    "BASH_ENV": "every shell of a tool reads the file that it names",
    "CODEX_HOME": "settings, instructions and skills come from there",
    "HTTPS_PROXY": "the model is asked through it",
    "HTTP_PROXY": "the model is asked through it",
    "ALL_PROXY": "the model is asked through it",
    "https_proxy": "the model is asked through it",
    "http_proxy": "the model is asked through it",
    "all_proxy": "the model is asked through it",
    "TERM": "it is sent in a header",
    "TERM_PROGRAM": "it is sent in a header",
    "TMPDIR": "it is told to the model, and may be written to",
    "TZ": "the time zone is told to the model",
}


class Machine(msgspec.Struct, frozen=True):
    """Where things are on the machine. `committed` are the files of the revision that the agent works on.

    `sandboxed` says whether a sandbox puts its own in the place of `system`.
    """

    home: str
    codex_home: str
    repository: str
    environment: Mapping[str, str]
    committed: Collection[str]
    sandboxed: bool
    system: str = SYSTEM


def inputs(machine: Machine) -> tuple[HostInput, ...]:
    """Return all that is there, the layers that beat others first."""
    return (*_of_system(machine), *_of_checkout(machine), *_of_homes(machine), *_of_environment(machine))


def _of_system(machine: Machine) -> Iterator[HostInput]:
    masked = machine.sandboxed
    why = f"an empty folder stands in its place ({machine.system})" if masked else "nothing masks it"
    fate: Sealed = "kept out" if masked else "read"
    folder = Path(machine.system)
    for name, layer in (("managed_config.toml", "managed"), ("requirements.toml", "requirements"),
                        ("config.toml", "system")):  # fmt: skip
        yield from _config(folder / name, layer, "read", fate, why)  # type: ignore[arg-type] # names of layers
    for file, layer in _others(folder):
        yield HostInput(layer, str(file), "read", fate, why)


def _of_checkout(machine: Machine) -> Iterator[HostInput]:
    folder = Path(machine.repository)
    trusted: Without = "read" if _trusted(machine) else "ignored"
    for layer, pattern, without in (
        ("instructions", "AGENTS.md", "read"),
        ("instructions", "AGENTS.override.md", "read"),
        ("project", ".codex/config.toml", trusted),
        ("hooks", ".codex/hooks.json", trusted),
        ("rules", ".codex/rules/*.rules", trusted),
        ("skills", ".codex/skills/*/SKILL.md", "read"),
        ("skills", ".agents/skills/*/SKILL.md", "read"),
    ):
        for file in _found(folder, pattern):
            yield from _in_checkout(machine, file, layer, without)  # type: ignore[arg-type]


def _in_checkout(machine: Machine, file: Path, layer: Layer, without: Without) -> Iterator[HostInput]:
    name = file.relative_to(machine.repository).as_posix()
    if name not in machine.committed:
        fate: Sealed = "kept out"
        why = "the agent gets a copy of the commit, and it is not committed"
    elif layer == "instructions":
        fate, why = "part of the revision", "agent.lock holds its hash"
    else:
        fate = "copied, not read"
        why = "skills are not told to the model" if layer == "skills" else "no project is trusted"
    if layer == "project":
        yield from _config(file, layer, without, fate, why)
    else:
        yield HostInput(layer, str(file), without, fate, why)


def _of_homes(machine: Machine) -> Iterator[HostInput]:
    fresh = "CODEX_HOME is a fresh, empty folder"
    folder = Path(machine.codex_home)
    yield from _config(folder / "config.toml", "user", "ignored", "kept out", fresh)
    for file in _found(folder, "*.config.toml"):
        yield from _config(file, "profile", "ignored", "kept out", fresh)
    for name in ("AGENTS.md", "AGENTS.override.md"):
        if _is_file(folder / name):
            yield HostInput("instructions", str(folder / name), "read", "kept out", fresh)
    for file, layer in _others(folder):
        without: Without = "ignored" if layer == "rules" else "read"
        yield HostInput(layer, str(file), without, "kept out", fresh)
    if _is_file(folder / ".env"):
        why = f"{fresh}; its variables: {', '.join(_names(folder / '.env')) or 'none'}"
        yield HostInput("variables file", str(folder / ".env"), "read", "kept out", why)
    if _is_file(folder / "auth.json"):
        why = f"{fresh}, and Sealock's proxy holds the key"
        yield HostInput("login", str(folder / "auth.json"), "read", "kept out", why)
    for file in _found(Path(machine.home, ".agents"), "skills/*/SKILL.md"):
        yield HostInput("skills", str(file), "read", "kept out", "HOME is a fresh, empty folder")


def _of_environment(machine: Machine) -> Iterator[HostInput]:
    none = "no variable is inherited"
    told = [name for name in _TELLING if name in machine.environment]
    secret = sorted(name for name in machine.environment if SECRET_NAME.search(name))
    for name in told:
        value = _text(_no_password(machine.environment[name]))
        yield HostInput("environment", name, "read", "kept out", f"{none}; otherwise {_TELLING[name]}",
                        (LayerValue(name, value),))  # fmt: skip
    for name in secret:
        why = f"{none}; otherwise every command of the model can read it"
        yield HostInput("environment", name, "read", "kept out", why)
    others = len(set(machine.environment).difference(told, secret))
    if others:
        yield HostInput("environment", f"{others} other variables", "read", "kept out",
                        f"{none}; otherwise commands of the model get all")  # fmt: skip


def _others(folder: Path) -> Iterator[tuple[Path, Layer]]:
    patterns: tuple[tuple[str, Layer], ...] = (
        ("hooks.json", "hooks"), ("rules/*.rules", "rules"), ("skills/*/SKILL.md", "skills"),
    )  # fmt: skip
    for pattern, layer in patterns:
        for file in _found(folder, pattern):
            yield file, layer


def _found(folder: Path, pattern: str) -> list[Path]:
    try:
        found = sorted(each for each in folder.glob(pattern) if ".system" not in each.parts)
    except OSError:
        return []
    return found[:_MOST_FOUND]


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:
        return False


def _config(path: Path, layer: Layer, without: Without, fate: Sealed, why: str) -> Iterator[HostInput]:
    if not _is_file(path):
        return
    try:
        with path.open("rb") as file:
            content = file.read(_LARGEST).decode()
        values = tuple(_values(tomllib.loads(content)))
    except (OSError, ValueError) as wrong:
        # It may still count, so what cannot be read here is said.
        yield HostInput(
            layer, str(path), without, fate, f"{why}; Sealock cannot read it: {printable(str(wrong), 120)}"
        )
        return
    yield HostInput(layer, str(path), without, fate, why, values[:_MOST_VALUES])


def _values(found: Mapping[str, Any], before: str = "") -> Iterator[LayerValue]:
    for name, value in found.items():
        key = f"{before}{name}"
        if isinstance(value, dict) and value:
            yield from _values(value, f"{key}.")
        else:
            yield LayerValue(printable(key, _SHOWN), _HIDDEN if _MAY_BE_SECRET.search(key) else _text(value))


def _text(value: Any) -> str:  # noqa: ANN401 - any TOML
    text = json.dumps(value, ensure_ascii=False, default=str)
    return printable(likely_secrets.replaced(text), _SHOWN)


def _no_password(url: str) -> str:
    return re.sub(r"(?<=//)[^/@]*@", "", url)


def _names(file: Path) -> list[str]:
    try:
        with file.open("rb") as content:
            text = content.read(_LARGEST).decode("utf-8", "replace")
    except OSError:
        return []
    return re.findall(r"(?m)^\s*(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)\s*=", text)[:_MOST_FOUND]


def _trusted(machine: Machine) -> bool:
    """Say whether the system's files trust this project: saved trust of the user is ignored with the flag."""
    for name in ("managed_config.toml", "config.toml"):
        try:
            with Path(machine.system, name).open("rb") as file:
                projects = tomllib.load(file).get("projects", {})
        except (OSError, ValueError):
            continue
        entry = projects.get(machine.repository) if isinstance(projects, dict) else None
        if isinstance(entry, dict) and entry.get("trust_level") == "trusted":
            return True
    return False
