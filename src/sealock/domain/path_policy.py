"""Which of the paths that an agent changed it may change, and which names are tricks.

A path is compared with protected patterns as the most forgiving system would read it: case, Unicode form,
characters that cannot be seen, and dots and spaces at the end make no difference (macOS, Windows). Patterns:
`*` and `?` stay within one folder, `**` is any number of folders, `[ab]` one of these characters.
"""

from __future__ import annotations

import functools
import re
import unicodedata
from typing import TYPE_CHECKING

import msgspec

from sealock.domain.agent_run import ChangedPath, RefusedPath
from sealock.domain.printable import printable

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

PROTECTED = (
    *(
        ".github/**",
        ".gitlab-ci.yml",
        ".gitlab/**",
        ".forgejo/**",
        ".gitea/**",
        ".circleci/**",
        "Jenkinsfile",
    ),
    *("**/CODEOWNERS", "**/AGENTS.md", "**/AGENTS.override.md"),
    *("**/.codex/**", "**/.agents/**", ".githooks/**", ".husky/**", ".pre-commit-config.yaml"),
    *("sealock.yaml", "agent.lock", ".sealock/**"),
)
"""What decides what is run, who approves, and what the next agent is told: closed unless a task opens it."""

_ALWAYS = "**/.git*/**", "**/.git*"
"""Git's own files: hooks, modules, attributes. Open only where a pattern names the file: `**/.gitignore`."""

_FILES = {"100644", "100755"}
_KINDS = {"120000": "a symbolic link", "160000": "a submodule"}
_DEVICES = re.compile(r"(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³]|conin\$|conout\$)(\..*)?")
_SHORT_NAME = re.compile(r"(git|gi[0-9a-f]{4})~[0-9]+")
_MOST_NAME_BYTES = 255


class PathPolicy(msgspec.Struct, frozen=True):
    """What a task may change: a path that `allowed` has and `protected` has not, or that `opened` has.

    `tests` may not be changed either; a change of one is undone rather than refused (see restored).
    """

    allowed: tuple[str, ...] = ("**",)
    protected: tuple[str, ...] = PROTECTED
    opened: tuple[str, ...] = ()
    tests: tuple[str, ...] = ()


class Judgement(msgspec.Struct, frozen=True):
    """What of a change is permitted; `restored` are the tests, which the result has as the base has them."""

    accepted: tuple[ChangedPath, ...]
    restored: tuple[ChangedPath, ...]
    refused: tuple[RefusedPath, ...]


def judge(changed: Iterable[ChangedPath], policy: PathPolicy, others: Iterable[str] = ()) -> Judgement:
    """Judge what differs from the base; `others` are the paths of the result that do not.

    A path that is gone is judged by its name like any other.
    """
    ordered = sorted(changed)
    there = [each.path for each in ordered if each.mode]
    alike = _alike([*others, *there])
    accepted, restored, refused = [], [], []
    for each in ordered:
        if why := _refusal(each, policy, alike):
            refused.append(RefusedPath(each.path, why))
        elif matches(each.path, policy.tests):
            restored.append(each)
        else:
            accepted.append(each)
    return Judgement(tuple(accepted), tuple(restored), tuple(refused))


def matches(path: str, patterns: Sequence[str]) -> bool:
    """Say whether a pattern has the path, whatever its case, Unicode form and endings."""
    read = folded(path)
    return any(_pattern(folded(each)).fullmatch(read) for each in patterns)


def folded(path: str) -> str:
    """Return the path as the most forgiving system reads it; paths that are one file there are equal."""
    return "/".join(_folded_name(name) for name in path.split("/"))


def _folded_name(name: str) -> str:
    visible = "".join(each for each in name if unicodedata.category(each) != "Cf")
    plain = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", visible).casefold())
    return plain.rstrip(". ") or plain


def _refusal(change: ChangedPath, policy: PathPolicy, alike: dict[str, list[str]]) -> str:
    """Return why a change is refused; empty when it is not, or is to be undone."""
    path = change.path
    if change.mode and change.mode not in _FILES:
        return f"it is {_KINDS.get(change.mode, f'of mode {printable(change.mode)}')}, and no plain file"
    if trick := next(_tricks(path), ""):
        return trick
    twins = [each for each in alike.get(folded(path), ()) if each != path]
    if change.mode and twins:
        return f"some systems take it for {printable(twins[0])!r}"
    if matches(path, policy.tests) or _exactly(path, policy.opened):
        return ""
    if matches(path, (*_ALWAYS, *policy.protected)):
        return "it is protected"
    return "" if _exactly(path, policy.allowed) else "the task does not allow it"


def _tricks(path: str) -> Iterator[str]:
    """Yield what in a name is not what it seems."""
    if "\\" in path or ":" in path:
        yield "its name has a character that separates folders or streams elsewhere"
    if not path.isprintable() or any(unicodedata.category(each) == "Cf" for each in path):
        yield "its name has characters that cannot be seen"
    if unicodedata.normalize("NFC", path) != path:
        yield "its name is not in Unicode's form NFC"
    for name in path.split("/"):
        if name in {"", ".", ".."}:
            yield "it is no path below the root"
        elif name != name.rstrip(". "):
            yield "a name in it ends in a dot or a space"
        elif _DEVICES.fullmatch(_folded_name(name)):
            yield "a name in it is a device on Windows"
        elif _folded_name(name) == ".git" or _SHORT_NAME.fullmatch(_folded_name(name)):
            yield "it is inside Git's own folder"
        elif len(name.encode("utf-8", "surrogateescape")) > _MOST_NAME_BYTES:
            yield "a name in it is too long"


def _alike(paths: Iterable[str]) -> dict[str, list[str]]:
    """Return the paths by what a forgiving system reads."""
    found: dict[str, list[str]] = {}
    for path in paths:
        names = found.setdefault(folded(path), [])
        if path not in names:
            names.append(path)
    return found


def _exactly(path: str, patterns: Sequence[str]) -> bool:
    return any(_pattern(each).fullmatch(path) for each in patterns)


@functools.cache
def _pattern(glob: str) -> re.Pattern[str]:
    """Return what matches a whole path. A pattern that ends in `/` has all below it."""
    if glob.endswith("/"):
        glob += "**"
    parts = []
    for part in re.findall(r"\*\*/|\*\*|\*|\?|\[[^\]/]+\]|.", glob, re.DOTALL):
        known = {"**/": r"(?:[^/]+/)*", "**": r".*", "*": r"[^/]*", "?": r"[^/]"}
        if part in known:
            parts.append(known[part])
        elif len(part) > 1:
            inside = re.escape(part[1:-1]).replace(r"\-", "-")
            parts.append(f"[{'^' + inside[1:] if part[1] == '!' else inside}]")
        else:
            parts.append(re.escape(part))
    return re.compile("".join(parts), re.DOTALL)
