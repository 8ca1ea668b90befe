"""Approve digests of services for an environment: signed, verified as the gate will, and published."""

from __future__ import annotations

from datetime import UTC, timedelta
from typing import TYPE_CHECKING, NamedTuple

from sealock.domain.approval import SignedStatement, Statement, is_mail
from sealock.domain.gate_question import rfc3339
from sealock.domain.image import Digest, InvalidImage
from sealock.domain.location import Location
from sealock.domain.printable import printable
from sealock.domain.suggest import did_you_mean
from sealock.errors import Refused, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sealock.domain.settings import Gate, Settings
    from sealock.ports import ApprovalBook, Clock, FileTree


class Asked(NamedTuple):
    """What is to be approved of one service: all digests that arrive together."""

    service: str
    digests: tuple[str, ...]


class Approved(NamedTuple):
    """A published approval; `new` is False for one that was there already."""

    statement: Statement
    new: bool


class Approve:
    """Approves in one person's name. `settings` and `files` are those of the base revision."""

    def __init__(self, book: ApprovalBook, settings: Settings, files: FileTree, clock: Clock) -> None:
        """Sign and publish with `book`."""
        self._book = book
        self._settings = settings
        self._files = files
        self._clock = clock

    def statements(
        self, asked: Iterable[Asked], environment: str, author: str, expires_seconds: int = 0
    ) -> tuple[Statement, ...]:
        """Return what would be signed by `author` (`Name <mail>`); without seconds it does not expire.

        Raises UsageError where no gate would read it, Refused where it would not count.
        """
        who = author.rpartition("<")[2].rstrip("> ")
        if not is_mail(who):
            message = f"{printable(author)!r} has no mail address that could be in a signers file"
            raise UsageError(message, hint="Set it: git config user.email YOU@EXAMPLE.COM.")
        self._refuse_stranger(self._gates(environment), environment, who)
        now = self._clock.now().astimezone(UTC)
        expires = rfc3339(now + timedelta(seconds=expires_seconds)) if expires_seconds else ""
        found = [
            Statement(each.service, environment, _digests(each), who, rfc3339(now), expires) for each in asked
        ]
        if not found:
            message = f"nothing would move into {environment}, so there is nothing to approve"
            raise UsageError(message, hint="Name what will: --digest sha256:….")
        return tuple(found)

    def publish(self, statements: Sequence[Statement]) -> tuple[Approved, ...]:
        """Sign all, verify all as the gate will, then publish one after the other.

        Raises Refused where one would not count, UsageError without a key, Conflict, Undecided.
        """
        signed = []
        for statement in statements:
            made = self._book.sign(statement)
            self._refuse_invalid(made, self._gates(statement.environment))
            signed.append(made)
        return tuple(Approved(each.statement, self._book.keep(each)) for each in signed)

    def _gates(self, environment: str) -> tuple[Gate, ...]:
        """Return the gates that read signed approvals. Raises UsageError where there are none."""
        found = self._settings.environments.get(environment)
        if found is None:
            message = f"there is no environment {printable(environment)!r}"
            raise UsageError(message, hint=did_you_mean(environment, self._settings.environments))
        gates = [each for each in (*found.gates, *found.rollback) if each.kind == "approvals"]
        notes = tuple(each for each in gates if each.by == "notes")
        if notes:
            return notes
        if gates:
            message = f"{environment} takes approvals from the forge, not from signed notes"
            raise UsageError(message, hint="Approve the promotion's request there.")
        message = f"{environment} has no gate `approvals`, so nobody would read one"
        raise UsageError(message, hint="Add it to the environment's gates in sealock.yaml: - approvals: 2.")

    def _refuse_stranger(self, gates: Sequence[Gate], environment: str, who: str) -> None:
        if any(not each.from_ or who.casefold() in map(str.casefold, each.from_) for each in gates):
            return
        names = ", ".join(dict.fromkeys(name for each in gates for name in each.from_))
        message = f"{printable(who)} is none of those who may approve {environment}: {names}"
        raise Refused(message, hint="Ask one of them, or set user.email to the address that is meant.")

    def _refuse_invalid(self, signed: SignedStatement, gates: Sequence[Gate]) -> None:
        reasons = []
        for path in dict.fromkeys(each.signers for each in gates):
            try:
                reason = self._book.verify(signed, self._files.read_text(path))
            except FileNotFoundError:
                reason = "there is no such file on the deployed branch"
            if not reason:
                return
            reasons.append((path, reason))
        path, reason = reasons[0]
        message = f"your approval would not count: {reason}"
        hint = f"Add your public key to {path} on the deployed branch: MAIL ssh-ed25519 AAAA…."
        raise Refused(message, where=Location(path), hint=hint)


def _digests(asked: Asked) -> tuple[str, ...]:
    found = set()
    for each in asked.digests:
        try:
            found.add(Digest.parse(each).value)
        except InvalidImage:
            message = f"{printable(each, 100)!r} is no digest"
            raise UsageError(message, hint="It is sha256: and 64 lower-case hex digits.") from None
    return tuple(sorted(found))
