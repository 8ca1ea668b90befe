"""Which gates a promotion is asked by, and who may go past them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sealock.domain.gate_question import GateQuestion
from sealock.domain.printable import printable
from sealock.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sealock.app.promotion.request import Session
    from sealock.domain.promotion import Action, Car, GateResult, Override
    from sealock.domain.settings import Environment, Gate

PROGRAMS = frozenset({"smoke", "program"})
"""Gates that run something: never twice for one plan."""
NEVER_OVERRIDDEN = frozenset({"signed"})
"""What even a hotfix must pass: a forged image mends nothing."""
PAST_OVERRIDES = NEVER_OVERRIDDEN | {"freeze"}
"""What is asked also where gates are gone past: a freeze wants a second person."""


def configured(action: Action, environment: Environment) -> tuple[Gate, ...]:
    """Return the gates to ask; a hotfix runs no programs, and is told what else it goes past."""
    if action == "rollback":
        return environment.rollback
    if action == "hotfix":
        return tuple(each for each in environment.gates if each.kind not in PROGRAMS)
    return environment.gates


def question(
    session: Session, action: Action, environment: str, cars: Iterable[Car], override: Override
) -> GateQuestion:
    """Return what the gates of a promotion into `environment` are asked."""
    return GateQuestion(
        action=action,
        environment=environment,
        sources=session.settings.environments[environment].after,
        cars=tuple(cars),
        base=session.base.commit,
        author=session.branch.author(),
        now=session.clock.now(),
        override=override,
    )


def refuse_own_word(action: Action, author: str, approver: str, results: Iterable[GateResult]) -> None:
    """Raise UsageError where going past needs a second person, and there is none.

    `author` is who promotes, as `Name <mail>`; `results` are what the gates said.
    """
    frozen = any(each.gate == "freeze" and each.verdict != "pass" for each in results)
    if not (frozen or action == "hotfix"):
        return
    if not approver:
        message = f"going past {'a freeze' if frozen else 'the gates'} needs --approver WHO"
        raise UsageError(message, hint="Name who stands for it; it is recorded.")
    if _names(author) & _names(approver):
        message = f"{printable(approver)} promotes, and cannot approve it too"
        raise UsageError(message, hint="Name another person with --approver.")


def _names(person: str) -> set[str]:
    """Return what a person is called: the mail where there is one, and the name."""
    name, _, mail = person.partition("<")
    return {" ".join(each.casefold().split()) for each in (name, mail.rstrip("> "))} - {""}
