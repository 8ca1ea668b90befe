"""Edits are drafted until nothing is left, proven by rendering, and left out where they do not hold."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from sealock.app.fix import Mended, MendRepository, identity
from sealock.domain.finding import Confidence, FileEdit, Finding, Fix, Severity
from sealock.domain.location import Location
from sealock.domain.plan import FileChange
from sealock.domain.rendered import RenderFailure

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence


class Words:
    """Files of words: each of the given ones is a finding, mended by its replacement. A Fixable."""

    def __init__(self, files: dict[str, str], replaced: dict[str, str], unsafe: Collection[str] = ()) -> None:
        self.files = files
        self._replaced = replaced
        self._unsafe = unsafe

    def find(self, texts: Mapping[str, str]) -> Sequence[Finding]:
        return [
            Finding(
                rule="word",
                severity=Severity.NOTE,
                confidence=Confidence.HIGH,
                location=Location(file, 1, found.start() + 1),
                message=f"no {found[0]}",
                fix=Fix("", found[0] not in self._unsafe, (FileEdit(file, *found.span(), new),)),
            )
            for file, before in self.files.items()
            for old, new in self._replaced.items()
            for found in re.finditer(rf"\b{old}\b", texts.get(file, before))
        ]

    def readers(self, files: Collection[str]) -> list[str]:
        return sorted(f"overlay-{file}" for file in files)


class Stage:
    """Renders an overlay as the words of its file that are not silent. A Rehearsal."""

    def __init__(self, files: dict[str, str], silent: Collection[str]) -> None:
        self._files = files
        self._silent = silent

    def render(self, overlays: Sequence[str], files: Mapping[str, str]) -> list[str | RenderFailure]:
        return [self._one({**self._files, **files}[overlay.removeprefix("overlay-")]) for overlay in overlays]

    def _one(self, text: str) -> str | RenderFailure:
        if "broken" in text:
            return RenderFailure("build-failed", "broken")
        return " ".join(word for word in text.split() if word not in self._silent)


def mended(
    files: dict[str, str],
    replaced: dict[str, str],
    silent: Collection[str],
    wanted: Collection[tuple[str, str, str]] | None = None,
    unsafe: Collection[str] = (),
) -> Mended:
    mend = MendRepository(Words(files, replaced, unsafe), Stage(files, silent), files.__getitem__)
    return mend.run(wanted, unsafe=bool(unsafe))


def test_every_fix_that_changes_no_render_is_planned() -> None:
    plan = mended({"a": "old x old", "b": "y"}, {"old": "new"}, {"old", "new"})
    assert (FileChange("a", "old x old", "new x new"),) == plan.changes
    assert len(plan.fixed) == 2
    assert plan.kept == ()


def test_a_fix_that_another_makes_possible_is_found_too() -> None:
    plan = mended({"a": "one x"}, {"one": "two", "two": "three"}, {"one", "two", "three"})
    assert (FileChange("a", "one x", "three x"),) == plan.changes


def test_only_the_fix_that_changes_a_render_is_left_out() -> None:
    plan = mended({"a": "old loud", "b": "loud old"}, {"old": "new", "loud": "quiet"}, {"old", "new"})
    assert [each.after for each in plan.changes] == ["new loud", "loud new"]
    assert {(each.finding.message, each.reason) for each in plan.kept} == {
        ("no loud", "overlay-a would render differently"),
        ("no loud", "overlay-b would render differently"),
    }


def test_what_does_not_build_proves_nothing() -> None:
    plan = mended({"a": "broken old"}, {"old": "new"}, {"old", "new"})
    assert plan.changes == ()
    assert [each.finding.message for each in plan.kept] == ["no old"]


def test_an_unsafe_fix_needs_the_users_word() -> None:
    files, replaced = {"a": "old loud"}, {"old": "new", "loud": "quiet"}
    words = Words(files, replaced, {"loud"})
    stage = Stage(files, {"old", "new"})
    careful = MendRepository(words, stage, files.__getitem__).run()
    assert [each.after for each in careful.changes] == ["new loud"]
    bold = MendRepository(words, stage, files.__getitem__).run(unsafe=True)
    assert [each.after for each in bold.changes] == ["new quiet"]


def test_an_unsafe_fix_that_keeps_an_overlay_from_building_is_left_out() -> None:
    plan = mended({"a": "loud x"}, {"loud": "broken"}, (), unsafe={"loud"})
    assert plan.changes == ()
    assert [each.reason for each in plan.kept] == ["overlay-a would not render"]


def test_only_what_is_wanted_is_fixed() -> None:
    files, replaced = {"a": "old", "b": "old"}, {"old": "new"}
    wanted = {identity(each) for each in Words(files, replaced).find({}) if each.location.file == "b"}
    plan = mended(files, replaced, {"old", "new"}, wanted)
    assert (FileChange("b", "old", "new"),) == plan.changes


def test_fixes_that_go_in_circles_end() -> None:
    plan = mended({"a": "x y"}, {"x": "y", "y": "x"}, {"x", "y"})
    assert all(change.before != change.after for change in plan.changes)
