"""Proof by re-render: only the intended image fields change, in only the intended overlays."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from sealock.app.base_images import matches
from sealock.domain.image import ImageRef, InvalidImage
from sealock.domain.printable import printable
from sealock.domain.promotion import FieldChange
from sealock.domain.rendered import ObjectKey
from sealock.ports import RenderRequest
from sealock.rules.view import images

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sealock.domain.promotion import Car, ImageMove
    from sealock.domain.rendered import Rendered
    from sealock.ports import Renderer

_WANT = frozenset({"objects"})
_SHOWN = 200
_ABSENT = "nothing"


class Proof(NamedTuple):
    """What changes in the renders: what is meant to, and what else, and why a render cannot be compared.

    `read` are all files that the renders looked at. `behind` are containers of the moving overlays that
    still have another version of an image that moves, one line each.
    """

    intended: tuple[FieldChange, ...]
    other: tuple[FieldChange, ...]
    failures: tuple[str, ...]
    read: frozenset[str]
    behind: tuple[str, ...] = ()


def prove(overlays: Sequence[str], cars: Sequence[Car], before: Renderer, after: Renderer) -> Proof:
    """Render `overlays` before and after, and tell the intended changes from all others.

    Raises EngineError.
    """
    old = _renders(before, overlays)
    new = _renders(after, overlays)
    moves = _moves(cars)
    intended: list[FieldChange] = []
    other: list[FieldChange] = []
    failures: list[str] = []
    for overlay in overlays:
        problem = _problem(overlay, old[overlay], new[overlay], must=overlay in moves)
        if problem:
            failures.append(problem)
            continue
        for change in _changes(overlay, old[overlay], new[overlay]):
            (intended if _is_meant(change, moves.get(overlay, ())) else other).append(change)
    read = {entry.path for each in (*old.values(), *new.values()) for entry in each.trace}
    behind = [line for overlay, its in moves.items() for line in _behind(overlay, new[overlay], its)]
    return Proof(tuple(intended), tuple(other), tuple(failures), frozenset(read), tuple(behind))


def _renders(renderer: Renderer, overlays: Sequence[str]) -> dict[str, Rendered]:
    return {each.overlay: each for each in renderer.render(RenderRequest(tuple(overlays), _WANT))}


def _moves(cars: Sequence[Car]) -> dict[str, tuple[ImageMove, ...]]:
    found: dict[str, tuple[ImageMove, ...]] = {}
    for car in cars:
        for overlay in car.overlays:
            found[overlay] = (*found.get(overlay, ()), *car.images)
    return found


def _problem(overlay: str, old: Rendered, new: Rendered, *, must: bool) -> str:
    """Return why two renders cannot be compared, or nothing.

    What did not render before (a Component by itself, a broken overlay) and fails in the same words is
    as it was; what a service moves in `must` render.
    """
    if new.failure is None and old.failure is None:
        return ""
    if new.failure is not None and old.failure is not None:
        same = not must and old.failure.message == new.failure.message
        return "" if same and not old.objects else f"{overlay}: {printable(new.failure.message, _SHOWN)}"
    wrong = new.failure or old.failure
    when = "after" if new.failure else "before"
    return f"{overlay} does not render {when} the change: {printable(wrong.message if wrong else '', _SHOWN)}"


def _changes(overlay: str, old: Rendered, new: Rendered) -> Iterator[FieldChange]:
    before, after = _by_key(old), _by_key(new)
    for key in sorted(before.keys() | after.keys()):
        one, other = before.get(key), after.get(key)
        if one is None or other is None:
            present = _ABSENT if one is None else "an object"
            yield FieldChange(overlay, str(key), "", present, "an object" if one is None else _ABSENT)
        elif one != other:
            for path, left, right in _fields(one, other, ""):
                yield FieldChange(overlay, str(key), path, _text(left), _text(right))


def _by_key(rendered: Rendered) -> dict[ObjectKey, dict[str, Any]]:
    return {ObjectKey.of(each.manifest): each.manifest for each in rendered.objects}


def _fields(one: Any, other: Any, path: str) -> Iterator[tuple[str, Any, Any]]:  # noqa: ANN401 - plain JSON
    if isinstance(one, dict) and isinstance(other, dict):
        for key in sorted(one.keys() | other.keys()):
            if key not in one or key not in other or one[key] != other[key]:
                yield from _fields(one.get(key), other.get(key), f"{path}.{key}" if path else key)
    elif isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        for index, (left, right) in enumerate(zip(one, other, strict=True)):
            if left != right:
                yield from _fields(left, right, f"{path}[{index}]")
    else:
        yield path, one, other


def _behind(overlay: str, rendered: Rendered, moves: Sequence[ImageMove]) -> Iterator[str]:
    """Yield the containers that run what moves, and not at the digest that arrives."""
    wanted = {move.after.repository: move.after.digest for move in moves}
    for each in rendered.objects:
        for where, text in images(each.manifest):
            try:
                image = ImageRef.parse(text)
            except InvalidImage:
                continue
            digest = wanted.get(image.name)
            if digest is not None and str(image.digest or "") != digest:
                place = ".".join(str(step) for step in where)
                key = ObjectKey.of(each.manifest)
                yield printable(f"{overlay}: {key} {place} still has {text}", 2 * _SHOWN)


def _text(value: Any) -> str:  # noqa: ANN401 - plain JSON
    return printable(value if isinstance(value, str) else repr(value), _SHOWN)


def _is_meant(change: FieldChange, moves: Sequence[ImageMove]) -> bool:
    """Say whether a field held the image as it was, and holds it as it is to be."""
    try:
        before, after = ImageRef.parse(change.before), ImageRef.parse(change.after)
    except InvalidImage:
        return False
    return any(
        str(after.digest or "") == move.after.digest and _is_of(move, before.name, after.name)
        for move in moves
    )


def _is_of(move: ImageMove, before: str, after: str) -> bool:
    """Say whether a move takes one image name to another; the names of entries are expressions."""
    if after == move.after.repository and before in {move.before.repository, move.name}:
        return True
    renamed = move.after.new_name
    return matches(move.name, before) and after == (renamed or before)


def missing(proof: Proof, cars: Sequence[Car]) -> Iterator[tuple[str, ImageMove]]:
    """Yield each overlay with an image that was to arrive and does not: another place overrules the edit."""
    arrived: dict[str, set[str]] = {}
    for change in proof.intended:
        arrived.setdefault(change.overlay, set()).add(change.after.partition("@")[2])
    for car in cars:
        for overlay in car.overlays:
            for move in car.images:
                if move.after.digest not in arrived.get(overlay, set()):
                    yield overlay, move
