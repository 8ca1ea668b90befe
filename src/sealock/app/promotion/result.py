"""What a promotion makes of its base: the tree with the edits, the proof, and what must hold of both."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from sealock.app.promotion.dependents import dependents
from sealock.app.promotion.proof import missing, prove
from sealock.errors import Refused, Undecided

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Sequence

    from sealock.app.promotion.proof import Proof
    from sealock.app.promotion.request import Session
    from sealock.domain.plan import FileChange
    from sealock.domain.promotion import Car, FieldChange

ORDER_RULES = frozenset({"digest-not-proven", "environment-skipped"})
"""What the gate `order` says, as rules: who goes past the one, goes past the others."""
_LISTED = 8


class Result(NamedTuple):
    """What is edited, the root tree that it makes, and the proof; None where nothing is."""

    changes: tuple[FileChange, ...]
    tree: str
    proof: Proof | None


def result(
    session: Session,
    changes: tuple[FileChange, ...],
    cars: Sequence[Car],
    mentions: Callable[[Collection[str]], Iterable[str]],
) -> Result:
    """Return the tree that results, and what renders otherwise in it. Raises Refused, Conflict, Undecided."""
    if not changes:
        return Result((), session.root_tree, None)
    tree = session.branch.tree(session.base, changes)
    files = frozenset(session.files.files())
    edited, links = [each.path for each in changes], session.links()
    overlays = dependents(edited, files, session.files.read_text, mentions, links)
    overlays = tuple(dict.fromkeys((*overlays_of(cars), *overlays)))
    return Result(changes, tree, prove(overlays, cars, session.before, session.after(tree)))


def overlays_of(cars: Sequence[Car]) -> tuple[str, ...]:
    """Return the overlays that change, each once."""
    return tuple(dict.fromkeys(overlay for car in cars for overlay in car.overlays))


def require(found: Result, cars: Sequence[Car], unrendered: Collection[tuple[str, str]]) -> None:
    """Raise Refused for anything that must not move, Undecided without a proof.

    `unrendered` are overlays and images that Argo CD sets itself, over what is rendered.
    """
    proof = found.proof
    if proof is None:
        return
    if proof.failures:
        message = f"that only the images change cannot be shown: {'; '.join(proof.failures[:_LISTED])}"
        raise Undecided(message, hint="Mend the overlay first; `sealock check` says where.")
    if proof.other:
        raise Refused(_too_much(proof.other), hint="Give each overlay its own `images:` entry.")
    for overlay, move in missing(proof, cars):
        if (overlay, move.name) not in unrendered:
            message = f"{overlay} would not run {move.after}: something else sets the image too"
            raise Refused(message, hint="See `sealock render` of the overlay, and set it in one place.")


def _too_much(other: Sequence[FieldChange]) -> str:
    lines = [
        f"{each.overlay}: {each.object} {each.field}: {each.before} → {each.after}"
        for each in other[:_LISTED]
    ]
    more = f" and {len(other) - _LISTED} more" if len(other) > _LISTED else ""
    return f"more than the intended images would change: {'; '.join(lines)}{more}"
