"""Errors that Sealock raises on purpose: one root, each with an exit code and a next step.

Exit codes (docs/reference/exit-codes.md): 0 fine, 1 findings or refused, 2 usage or configuration,
3 could not decide, 4 conflict (the world moved), 130 interrupted.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from sealock.domain.location import Location


class SealockError(Exception):
    """Something a user can act on: what happened, where, and what to do next.

    `message` is one sentence without a trailing full stop, `where` the place in a file,
    `hint` the one next action. The command line prints them and exits with `exit_code`.
    """

    exit_code: ClassVar[int] = 3

    def __init__(self, message: str, *, where: Location | None = None, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.where = where
        self.hint = hint


class UsageError(SealockError):
    """The command line asks for something that cannot be done as written."""

    exit_code = 2


class ConfigurationError(SealockError):
    """A file that the user wrote is wrong; `problems` holds every fault found in it, in file order."""

    exit_code = 2

    def __init__(
        self,
        message: str,
        *,
        where: Location | None = None,
        hint: str = "",
        problems: tuple[SealockError, ...] = (),
    ) -> None:
        super().__init__(message, where=where, hint=hint)
        self.problems = problems


class Refused(SealockError):
    """The answer is no: the request was understood and policy or safety forbids it."""

    exit_code = 1


class Undecided(SealockError):
    """Something that was needed could not run, so there is no answer."""

    exit_code = 3


class EngineError(Undecided):
    """The engine could not answer: it is missing, died, or overran its deadline."""


class Conflict(SealockError):
    """The world moved between looking and writing; nothing was written."""

    exit_code = 4
