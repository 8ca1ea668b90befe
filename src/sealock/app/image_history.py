"""Gathers which images overlays ran before, where a rule about promotion could doubt what they run now."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import msgspec

from sealock.domain.image_history import ImageHistory, ImageVersion, images_of
from sealock.errors import SealockError, Undecided
from sealock.rules.promotion.chain import Chain
from sealock.rules.view import images

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from sealock.domain.image_history import ImageEntry
    from sealock.domain.settings import Settings
    from sealock.ports import History, Memory
    from sealock.rules.view import OverlayView

_FIRST_LOOK = 200
_MOST_COMMITS = 20_000
_FORM = 1


class _Looked(msgspec.Struct, frozen=True):
    before: dict[str, tuple[ImageVersion, ...]]
    why: str


def gather(
    overlays: Sequence[OverlayView],
    settings: Settings,
    read_text: Callable[[str], str],
    history: History,
    memory: Memory,
) -> ImageHistory | None:
    """Return what the overlays in scope, and those before them, ran; None where there is no history.

    An overlay whose images run in every environment before it needs none. History is looked at in two
    steps: a little of it proves most promotions, all of it only what that leaves open. What was seen is
    remembered by the commit that is checked out.
    """
    chain = Chain(overlays, settings)
    doubted = [each for each in overlays if each.in_scope and _doubtful(each, chain)]
    if not doubted:
        return ImageHistory({}, {})
    now = _now(doubted, chain, read_text)
    try:
        head = history.head()
        if head is None:
            return None
        search = _Search(history, memory, head)
        looked = search.look(sorted(now), _FIRST_LOOK)
        found = ImageHistory(now, looked.before, looked.why)
        open_files = {file for each in doubted if looked.why for file in _open(each, chain, found)}
        if open_files:
            more = search.look(sorted(open_files), _MOST_COMMITS)
            found = ImageHistory(now, looked.before | more.before, more.why)
    except Undecided as wrong:
        return ImageHistory(now, {}, wrong.message)
    return found


def _doubtful(overlay: OverlayView, chain: Chain) -> bool:
    """Say whether some image does not run in every stage before."""
    if not chain.before(overlay):
        return False
    running = _running([overlay])
    return any(running - _running(stage) for _, stage in chain.earlier(overlay))


def _running(overlays: Iterable[OverlayView]) -> set[str]:
    return {text for each in overlays for judged in each.objects for _, text in images(judged.manifest)}


def _now(
    doubted: Iterable[OverlayView], chain: Chain, read_text: Callable[[str], str]
) -> dict[str, tuple[ImageEntry, ...]]:
    found: dict[str, tuple[ImageEntry, ...]] = {}
    for overlay in doubted:
        for each in (overlay, *(other for _, stage in chain.earlier(overlay) for other in stage)):
            if each.file not in found:
                try:
                    found[each.file] = images_of(read_text(each.file))
                except (FileNotFoundError, SealockError):
                    found[each.file] = ()
    return found


def _open(overlay: OverlayView, chain: Chain, found: ImageHistory) -> set[str]:
    """Return the files whose whole history it takes to know about `overlay`."""
    opened: set[str] = set()
    for entry in found.now.get(overlay.file, ()):
        for _, stage in chain.earlier(overlay):
            files = {each.file for each in stage}
            if entry.digest and not any(entry.digest in found.digests(file, entry.name) for file in files):
                opened |= files
        if entry.tag and found.previous(overlay.file, entry) is None:
            opened.add(overlay.file)
    return opened


class _Search:
    def __init__(self, history: History, memory: Memory, head: str) -> None:
        self._history = history
        self._memory = memory
        self._head = head

    def look(self, files: Sequence[str], most: int) -> _Looked:
        """Return what the files had in at most `most` commits. Raises Undecided."""
        if not all(map(str.isprintable, files)):
            # A name that is no text cannot be remembered.
            return self._anew(files, most)
        about = repr(("image history", _FORM, self._head, tuple(files), most))
        key = hashlib.blake2b(about.encode(), digest_size=16).digest()
        try:
            return msgspec.msgpack.decode(self._memory.get(key) or b"", type=_Looked)
        except msgspec.MsgspecError:
            looked = self._anew(files, most)
        self._memory.put(key, msgspec.msgpack.encode(looked))
        return looked

    def _anew(self, files: Sequence[str], most: int) -> _Looked:
        found = self._history.of(files, most)
        parsed: dict[str, tuple[ImageEntry, ...]] = {}
        before = {}
        for file, versions in found.versions.items():
            for each in versions:
                if each.text not in parsed:
                    parsed[each.text] = images_of(each.text)
            before[file] = tuple(
                ImageVersion(each.commit, each.authored, each.subject, parsed[each.text]) for each in versions
            )
        return _Looked(before, found.why)
