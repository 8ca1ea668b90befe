"""Approvals as signed notes in Git: given with the user's signing setup, verified with the base's signers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sealock.adapters.git_notes import GitNotes
from sealock.adapters.git_signing import GitSigner
from sealock.adapters.signatures import Signers
from sealock.adapters.system_clock import SystemClock
from sealock.domain.approval import NAMESPACE, SignedStatement, read_line, subject
from sealock.domain.canonical import digest_of
from sealock.domain.promotion import EvidenceRef
from sealock.ports import Approval, Heard, NotCounted

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from sealock.adapters.git_push import Deadlines
    from sealock.domain.approval import Statement
    from sealock.ports import ApprovalQuestion, Clock

REF = "refs/notes/sealock/approvals"
_MOST_LINES = 200


class GitApprovals:
    """Notes in `refs/notes/sealock/approvals`; implements the Approvals and ApprovalBook ports.

    A note is attached to a content that names service, environment and digests. What the remote has is
    asked once.
    """

    def __init__(
        self,
        root: str,
        remote: str = "",
        clock: Clock | None = None,
        deadlines: Deadlines | None = None,
    ) -> None:
        """Use the repository at `root`, and its `remote` or the one that follows from the clone."""
        self._notes = GitNotes(root, REF, remote, deadlines)
        self._signer = GitSigner(root)
        self._clock = clock or SystemClock()

    def of(self, question: ApprovalQuestion) -> Heard:
        """Return who approved exactly this, by signatures of the question's signers. Raises Undecided."""
        about = subject(question.service, question.environment, question.digests)
        lines = self._notes.read(about)
        others = []
        if len(lines) > _MOST_LINES:
            others.append(NotCounted("", f"of {len(lines)} lines only {_MOST_LINES} are read"))
        statements = []
        for line in lines[:_MOST_LINES]:
            found = read_line(line)
            if found is None:
                others.append(NotCounted("a line of the note", "it cannot be read"))
            else:
                statements.append(found)
        # The first who used a key is the person that it counts for.
        statements.sort(key=lambda each: (each.statement.approved, each.line()))
        with Signers(question.signers) as signers:
            approvals, refused = _heard(statements, question, signers, self._clock.now())
        return Heard(approvals, (*refused, *others))

    def sign(self, statement: Statement) -> SignedStatement:
        """Sign a statement as Git is set to sign. Raises UsageError without a key, Refused, Undecided."""
        return SignedStatement(self._signer.sign(statement.text(), NAMESPACE), statement)

    def verify(self, signed: SignedStatement, signers: str) -> str:
        """Return why a signature would not count by `signers`; empty where it does. Raises Undecided."""
        statement = signed.statement
        with Signers(signers) as known:
            return known.verify(statement.text(), signed.signature, statement.who, NAMESPACE).reason

    def keep(self, signed: SignedStatement) -> bool:
        """Publish it; False where it is known already. Raises Refused, Conflict, Undecided."""
        said = signed.statement
        about = subject(said.service, said.environment, said.digests)
        message = f"approve({said.service}): {said.environment} by {said.who}\n"
        return self._notes.add(about, signed.line(), message)


def _heard(
    lines: Iterable[SignedStatement], question: ApprovalQuestion, signers: Signers, now: datetime
) -> tuple[tuple[Approval, ...], tuple[NotCounted, ...]]:
    people: dict[str, Approval] = {}
    keys: dict[str, str] = {}
    others: dict[tuple[str, str], None] = {}
    wanted = question.service, question.environment, tuple(sorted(set(question.digests)))
    for each in lines:
        said = each.statement
        who = said.who.casefold()
        if (said.service, said.environment, tuple(sorted(set(said.digests)))) != wanted:
            others[said.who, "it is about something else"] = None
            continue
        reason = said.fault(now)
        if not reason:
            found = signers.verify(said.text(), each.signature, said.who, NAMESPACE)
            reason = found.reason
            owner = keys.setdefault(found.key, who) if not reason else who
            if owner != who:
                reason = f"its key is the one that {owner} approved with"
        if reason:
            others[said.who, reason] = None
        elif who not in people:
            evidence = EvidenceRef("approval", digest_of(said), said.who)
            people[who] = Approval(said.who, said.moment, evidence)
    return tuple(people.values()), tuple(
        NotCounted(who, reason) for who, reason in others if who.casefold() not in people
    )
