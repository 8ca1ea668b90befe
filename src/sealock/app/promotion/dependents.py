"""Which kustomizations can read a file: more than those that do is fine, fewer never.

An overlay that the proof renders without need costs milliseconds; one that it misses could move unseen.
"""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING

from sealock.domain.overlays import KUSTOMIZATION_NAMES
from sealock.errors import SealockError

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping

_ESCAPE = "\\"
_MOST_LINKS = 3
"""Links that one path may go through: two that hold each other would have names without end."""
_TOKEN = re.compile(r"""[^\s"',\[\]{}]+""")
_BEGIN = re.compile(r"[^\s']*")
"""How a name begins in every spelling: blanks may be line breaks, an apostrophe may stand twice."""


def dependents(
    changed: Iterable[str],
    files: Collection[str],
    read_text: Callable[[str], str],
    mentions: Callable[[Collection[str]], Iterable[str]],
    links: Mapping[str, str] | None = None,
) -> tuple[str, ...]:
    """Return the folders of the kustomizations that read a changed file, in one step or many, sorted.

    `mentions` returns the files that hold one of some texts, `links` says where links lead in the end.
    """
    kustomizations = {
        file.rpartition("/")[0] or ".": file
        for file in sorted(files)
        if file.rpartition("/")[2] in KUSTOMIZATION_NAMES
    }
    found: set[str] = set()
    left = set(changed)
    seen: set[str] = set()
    while left:
        seen |= left
        folders = {folder for each in left if (folder := _declared_by(each, kustomizations))}
        found |= folders
        targets = _aliases(left | folders, links or {})
        # Only what lies in the folder itself, or in the one above, is named without a slash.
        names = {f"/{_begin(_last(each))}" for each in targets - {"."}} | {_ESCAPE}
        near = {_folder(each) for each in targets}
        likely = set(mentions(names)) & set(kustomizations.values())
        # Who lies below a folder can refer to it by dots alone.
        above = tuple("" if each == "." else f"{each}/" for each in folders)
        likely |= {
            file for folder, file in kustomizations.items() if folder in near or folder.startswith(above)
        }
        odd = [each for each in targets if not _TOKEN.fullmatch(each)]
        left = {file for file in likely if _refers(file, targets, odd, read_text)} - seen
    return tuple(sorted(found | {_folder(each) for each in seen if _folder(each) in kustomizations}))


def _aliases(paths: set[str], links: Mapping[str, str]) -> set[str]:
    """Return paths with the names that they have by links, and by links behind links."""
    found = set(paths)
    for _ in range(_MOST_LINKS if links else 0):
        more = {
            link + path[len(real) :]
            for link, real in links.items()
            for path in found
            if path == real or path.startswith(f"{real}/")
        }
        if more <= found:
            break
        found |= more
    return found


def _declared_by(path: str, kustomizations: dict[str, str]) -> str:
    """Return the folder that a kustomization file declares; empty for another file."""
    folder = _folder(path)
    return folder if kustomizations.get(folder) == path else ""


def _folder(path: str) -> str:
    return path.rpartition("/")[0] or "."


def _last(path: str) -> str:
    return path.rpartition("/")[2]


def _begin(name: str) -> str:
    found = _BEGIN.match(name)
    return found[0] if found else ""


def _refers(
    file: str, targets: Collection[str], odd: Collection[str], read_text: Callable[[str], str]
) -> bool:
    try:
        text = read_text(file)
    except (SealockError, FileNotFoundError):
        return True
    if _ESCAPE in text:
        return True
    folder = _folder(file)
    return any(each in targets for each in _paths(text, folder)) or any(
        _may_say(text, posixpath.relpath(each, folder)) for each in odd
    )


def _may_say(text: str, path: str) -> bool:
    """Say whether a text may hold a path that is no single token: then it holds all tokens of it."""
    if _TOKEN.fullmatch(path):
        # This one was looked for as it is.
        return False
    return all(token in text for each in path.split("/") if each != ".." for token in _TOKEN.findall(each))


def _paths(text: str, folder: str) -> Iterator[str]:
    """Yield everything in a kustomization that could be a path, relative to the repository."""
    for token in _TOKEN.findall(text):
        # A generator's file may be `key=path`; behind a key in quotes a colon needs no blank.
        for part in {token, token.rpartition("=")[2], token.lstrip(":")}:
            if part and (part[0] != "-" or len(part) > 1):
                yield posixpath.normpath(posixpath.join(folder, part))
