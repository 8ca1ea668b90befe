"""What releases of Codex showed, as it is kept, and the page that is made of it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from sealock.chamber import codex_versions

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from sealock.chamber.codex_versions import Release

KEPT = Path(__file__).with_name("proofs.json")
PAGE = Path(__file__).resolve().parents[3] / "docs" / "reference" / "codex-versions.md"
WHEELS = Path(__file__).resolve().parents[3] / "tools" / "codex_wheels.json"
"""The releases that PyPI has as `openai-codex-cli-bin`."""

_SHOWN = len("sha256:") + 12

_INTRODUCTION = """# Versions of Codex

Written by `python -m tests.chamber.versions`; do not edit.

Sealock takes {taken} releases of Codex, from {oldest} to {newest}: all stable ones on npm whose program for
Linux on x86-64 can be had. Each program was run, and each showed that

- **sealed**: `sealock explain` says so on a bare host and on one full of planted files and secrets, with the
  same fingerprint; a setting that is not known is refused where the release can do that; the tools of an MCP
  server are told in the first request; and what begins with the next row below is refused;
- **exec**: `sealock exec` edits a file and answers by a JSON Schema, which is in every request; the model is
  offered nothing but tools for files and commands, and told no variable of the host;
- **replay**: `sealock replay` on another host, with another home, time zone and terminal, sends the same
  requests and comes to the same tree.

The column after these says what becomes of `--full-auto`, which Sealock never says: it names the sandbox.
All of them take {flags}.
Where the fingerprint is the same, two releases tell the model the same. It is that of one small repository.
PyPI: the releases that `pip install openai-codex-cli-bin` has too; the bytes of the program were compared
with npm's for {compared}, and are the same. Those of the others were not.

Any other version is refused, unless `--allow-untested` or `allowUntested` allows it. Then its first request
is caught twice before it runs: it may not tell the date, the time zone or skills, offer sub-agents, goals or
a search, or differ. With `--unsealed` nothing is tried, and nothing is claimed.
What is not known: models other than `gpt-5.5`, other systems, and builds from elsewhere with the same number.
"""

_COMPARED = ("0.134.0", "0.153.4", "0.163.0")
_FLAGS = "`--json`, `--ignore-user-config`, `--ignore-rules`, `--ephemeral`, `--skip-git-repo-check`,\n`--sandbox`, `--output-schema`"  # noqa: E501


class Proof(msgspec.Struct, frozen=True):
    """What one release showed; one without `faults` is taken.

    `sha256` is that of its program, `fingerprint` that of the canary's request. Of the articles' flags it
    ends with an error for `refuses`, and takes `warns` with a warning. `resumes`: `exec resume` takes a
    schema of the answer.
    """

    version: str
    sha256: str
    fingerprint: str = ""
    refuses: tuple[str, ...] = ()
    warns: tuple[str, ...] = ()
    resumes: bool = False
    faults: tuple[str, ...] = ()


def proofs() -> dict[str, Proof]:
    """Return what is kept, by version, oldest first."""
    if not KEPT.exists():
        return {}
    return {each.version: each for each in msgspec.json.decode(KEPT.read_bytes(), type=list[Proof])}


def write(kept: Mapping[str, Proof]) -> None:
    """Keep the proofs, and write the page."""
    ordered = [kept[each] for each in sorted(kept, key=codex_versions.parse)]
    KEPT.write_bytes(msgspec.json.format(msgspec.json.encode(ordered), indent=1) + b"\n")
    PAGE.write_text(page(ordered), encoding="utf-8")


def page(ordered: list[Proof]) -> str:
    """Return the page, of proofs from the oldest to the newest."""
    taken = [each.version for each in ordered if not each.faults]
    introduction = _INTRODUCTION.format(
        taken=len(taken), oldest=taken[0], newest=taken[-1], flags=_FLAGS, compared=", ".join(_COMPARED)
    )
    parts = [introduction, "## What begins with which release", "", *_begins(), "", "## The releases", ""]
    return "\n".join([*parts, *_table(ordered)]) + "\n"


def _begins() -> Iterator[str]:
    yield from _rows("since", "begins", "no longer said", "what it cannot do")
    before: frozenset[str] = frozenset()
    for each in codex_versions._RELEASES:
        said = _said(each)
        begins = "all that is pinned" if not before else _code(said - before)
        yield _row(_number(each), begins, _code(before - said), "; ".join(each.cannot) or "–")
        before = said


def _said(release: Release) -> frozenset[str]:
    settings = (f"{each.key}={each.value}" for each in release.settings)
    lists = ("features.code_mode.direct_only_tool_namespaces",) if release.lists_tools else ()
    return frozenset((*release.flags, *settings, *lists))


def _table(ordered: list[Proof]) -> Iterator[str]:
    yield from _rows(
        "version", "as", "fingerprint", "sealed", "exec", "replay", "`--full-auto`", "PyPI", "notes"
    )
    wheels = json.loads(WHEELS.read_text("utf-8"))
    known = {each.version: each for each in ordered}
    for version in sorted({*known, *codex_versions.NO_PROGRAM}, key=codex_versions.parse):
        if version in known:
            yield _proven(known[version], "yes" if version in wheels else "–")
        else:
            yield _row(version, *["–"] * 7, f"refused: {codex_versions.NO_PROGRAM[version]}")


def _proven(found: Proof, wheel: str) -> str:
    release = codex_versions.release(found.version, allow_untested=True)
    full_auto = "refused" if "--full-auto" in found.refuses else "warns" if found.warns else "taken"
    ran = not any(each.startswith("exec") for each in found.faults)
    again = ran and not any(each.startswith("replay") for each in found.faults)
    notes = [*found.faults, *(() if found.resumes else ("`exec resume` takes no schema",))]
    return _row(
        found.version,
        _number(release),
        f"`{found.fingerprint[:_SHOWN]}`" if found.fingerprint else "–",
        _yes(all(each.startswith(("exec", "replay")) for each in found.faults)),
        _yes(ran),
        _yes(again),
        full_auto,
        wheel,
        "; ".join(notes) or "–",
    )


def _yes(true: bool) -> str:  # noqa: FBT001 - it is the whole question
    return "yes" if true else "no"


def _number(release: Release) -> str:
    return ".".join(map(str, release.since))


def _code(words: frozenset[str]) -> str:
    return ", ".join(f"`{each}`" for each in sorted(words)) or "–"


def _rows(*names: str) -> Iterator[str]:
    yield _row(*names)
    yield _row(*["---"] * len(names))


def _row(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"
