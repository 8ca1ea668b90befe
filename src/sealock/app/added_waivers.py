"""Tells which waivers a change brings with it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sealock.app.find_waivers import of_text
from sealock.domain.settings import Waiver
from sealock.errors import SealockError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

    from sealock.ports import FileTree


def added(
    waivers: Iterable[Waiver], base: FileTree, changed: Collection[str], rules: Collection[str]
) -> tuple[Waiver, ...]:
    """Return those of `waivers` in `changed` files that `base` does not have, whatever their lines."""
    here = [each for each in waivers if each.location.file in changed]
    files = {each.location.file for each in here}
    before = {_content(each) for file in files for each in _in(base, file, rules)}
    return tuple(each for each in here if _content(each) not in before)


def _content(waiver: Waiver) -> tuple[object, ...]:
    return (waiver.location.file, waiver.rule, waiver.path, waiver.reason, waiver.expires)


def _in(base: FileTree, file: str, rules: Collection[str]) -> Iterator[Waiver]:
    """Yield the waivers of a file as the base has it; none where it has no such file, or cannot read it."""
    try:
        text = base.read_text(file)
    except FileNotFoundError:
        return
    if file == "sealock.yaml":
        from sealock.config import settings  # noqa: PLC0415 - few changes bring a waiver, and this loads long

        try:
            yield from settings.load(text, file, tuple(rules)).waivers
        except SealockError:
            return
    yield from (each for each in of_text(text, file, rules) if isinstance(each, Waiver))
