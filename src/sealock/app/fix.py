"""The use case behind `sealock check --fix`: the smallest edits, proven by rendering, written at once.

A fix is found, applied to the texts in memory, and looked for again until nothing is left to do. What calls
itself safe is then proven: every overlay that reads a changed file must render the same bytes. What does
not is left out.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Protocol, TypeAlias

import msgspec

from sealock.domain.finding import Finding
from sealock.domain.plan import FileChange
from sealock.domain.rendered import RenderFailure
from sealock.domain.yaml_document import MANIFEST, parse
from sealock.domain.yaml_edit import Edit, NotEditable, apply
from sealock.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

    from sealock.ports import Rehearsal

_MOST_ROUNDS = 20

Texts: TypeAlias = dict[str, str]
Identity: TypeAlias = tuple[str, str, str]
"""What stays of a finding when the lines above it change: rule, file, message."""


class Fixable(Protocol):
    """A repository that was checked."""

    def find(self, texts: Mapping[str, str]) -> Sequence[Finding]:
        """Return the findings that have edits, by place, if files had these texts."""
        ...

    def readers(self, files: Collection[str]) -> list[str]:
        """Return the overlays whose render reads any of these files."""
        ...


class Kept(msgspec.Struct, frozen=True):
    """A finding that was left alone, and why."""

    finding: Finding
    reason: str


class Mended(msgspec.Struct, frozen=True):
    """What to write, which findings that mends, and which fixes did not hold."""

    changes: tuple[FileChange, ...] = ()
    fixed: tuple[Finding, ...] = ()
    kept: tuple[Kept, ...] = ()


class _Draft(msgspec.Struct, frozen=True):
    texts: Texts = {}
    applied: tuple[Finding, ...] = ()


def identity(finding: Finding) -> Identity:
    """Return what names a finding whatever line it is on."""
    return finding.rule, finding.location.file, finding.message


class MendRepository:
    """Finds the edits that mend a repository. Writes nothing itself."""

    def __init__(self, checked: Fixable, rehearsal: Rehearsal, read_text: Callable[[str], str]) -> None:
        """Mend what `checked` found in the files that `read_text` gives."""
        self._checked = checked
        self._rehearsal = rehearsal
        self._read_text = read_text

    def run(self, wanted: Collection[Identity] | None = None, *, unsafe: bool = False) -> Mended:
        """Return the changes for the `wanted` findings (None: all); unsafe ones only with `unsafe`.

        Raises EngineError.
        """
        safe, kept = self._proven(_Draft(), wanted, safe=True)
        if not unsafe:
            return self._mended(safe, kept)
        both, more = self._proven(safe, wanted, safe=False)
        return self._mended(both, [*kept, *more])

    def _mended(self, draft: _Draft, kept: Sequence[Kept]) -> Mended:
        changes = (FileChange(path, self._read_text(path), text) for path, text in draft.texts.items())
        changed = tuple(sorted((each for each in changes if each.before != each.after), key=_path))
        return Mended(changed, draft.applied, tuple(kept))

    def _proven(
        self, start: _Draft, wanted: Collection[Identity] | None, *, safe: bool
    ) -> tuple[_Draft, list[Kept]]:
        """Return as many of the fixes as hold, on top of `start`."""
        draft = self._drafted(start, lambda each: wanted is None or identity(each) in wanted, safe=safe)
        if not self._broken(start, draft, safe=safe):
            return draft, []
        # Something does not hold: each fix has to prove itself on top of those that did.
        held, kept = start, []
        for each in draft.applied[len(start.applied) :]:
            name = identity(each)
            tried = self._drafted(held, partial(_is, name), safe=safe)
            broken = self._broken(held, tried, safe=safe)
            if broken:
                kept.append(Kept(each, f"{broken[0]} would {'render differently' if safe else 'not render'}"))
            else:
                held = tried
        return held, kept

    def _broken(self, start: _Draft, draft: _Draft, *, safe: bool) -> list[str]:
        """Return the overlays that a draft changes though it is safe, or that it keeps from building."""
        files = [file for file, text in draft.texts.items() if text != self._text(start, file)]
        overlays = self._checked.readers(files)
        before = self._rehearsal.render(overlays, start.texts)
        after = self._rehearsal.render(overlays, draft.texts)
        pairs = zip(overlays, before, after, strict=True)
        return [overlay for overlay, old, new in pairs if (not _same(old, new) if safe else _lost(old, new))]

    def _text(self, draft: _Draft, file: str) -> str:
        return draft.texts[file] if file in draft.texts else self._read_text(file)

    def _drafted(self, start: _Draft, wants: Callable[[Finding], bool], *, safe: bool) -> _Draft:
        """Return the texts after every wanted fix; one that another stands in the way of waits its turn."""
        draft = start
        for _ in range(_MOST_ROUNDS):
            found = [
                each
                for each in self._checked.find(draft.texts)
                if each.fix and each.fix.edits and each.fix.safe == safe and wants(each)
            ]
            after = self._applied(draft, found)
            if after.texts == draft.texts:
                break
            draft = after
        return draft

    def _applied(self, draft: _Draft, found: Iterable[Finding]) -> _Draft:
        edits: dict[str, list[Edit]] = {}
        texts = dict(draft.texts)
        applied = list(draft.applied)
        for each in found:
            together = {file: list(known) for file, known in edits.items()}
            for edit in each.fix.edits if each.fix else ():
                added = Edit(edit.start, edit.end, edit.text)
                if added not in together.setdefault(edit.file, []):
                    together[edit.file].append(added)
            try:
                changed = {file: self._edited(draft, file, some) for file, some in together.items()}
            except (NotEditable, ConfigurationError):
                continue
            edits = together
            texts |= changed
            applied.append(each)
        return _Draft(texts, tuple(applied))

    def _edited(self, draft: _Draft, file: str, edits: Sequence[Edit]) -> str:
        """Return a file's text after edits. Raises NotEditable, ConfigurationError where they clash."""
        text = apply(self._text(draft, file), edits)
        parse(text, file, MANIFEST)
        return text


def _is(name: Identity, finding: Finding) -> bool:
    return identity(finding) == name


def _same(before: str | RenderFailure, after: str | RenderFailure) -> bool:
    """Say whether both are renders, and the same; what does not build proves nothing."""
    return before == after and not isinstance(after, RenderFailure)


def _lost(before: str | RenderFailure, after: str | RenderFailure) -> bool:
    return isinstance(after, RenderFailure) and not isinstance(before, RenderFailure)


def _path(change: FileChange) -> str:
    return change.path
