"""A forge in memory: what it knows of requests, and the Forge port upon that."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Literal

from sealock.errors import Refused, Undecided
from sealock.ports import PullRequest, Review

if TYPE_CHECKING:
    from collections.abc import Callable

    from sealock.ports import PullRequestDraft

REPOSITORY = "acme/platform"
ROBOT = "sealock-bot"
START = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)
Word = Literal["approved", "refused", "commented", "dismissed"]


@dataclass
class Said:
    """One review; of a person who may write or not."""

    who: str
    word: Word
    commit: str
    at: datetime


@dataclass
class Record:
    """One request as the forge keeps it; `fork` for one from somebody else's repository."""

    number: int
    head: str
    base: str
    title: str
    body: str
    commit: str
    opened: datetime
    state: Literal["open", "merged", "closed"] = "open"
    waits: bool = False
    fork: bool = False
    said: list[Said] = field(default_factory=list)
    versions: list[tuple[str, datetime]] = field(default_factory=list)


class ForgeState:
    """Everything a forge knows. What goes wrong is set from outside.

    `checks` says whether conditions are open (`running`), hold (`good`), cannot hold (`failed`), or there are
    none (`none`). `head_of` is asked for the commit of a branch, None for no such branch.
    """

    def __init__(self) -> None:
        self.branches: dict[str, str] = {}
        self.records: list[Record] = []
        self.writers = {ROBOT, "grace", "alan"}
        self.checks: Literal["running", "good", "failed", "none"] = "running"
        self.may_merge = True
        self.head_of: Callable[[str], str | None] = self.branches.get
        self._now = START

    def now(self) -> datetime:
        self._now += timedelta(minutes=1)
        return self._now

    def push(self, branch: str, commit: str) -> None:
        self.branches[branch] = commit
        self.look()

    def look(self) -> None:
        """See where the branches are, as a forge does after each push."""
        for each in self.records:
            commit = self.head_of(each.head)
            if each.state == "open" and not each.fork and commit and commit != each.commit:
                each.commit = commit
                each.versions.append((commit, self.now()))

    def open(self, head: str, base: str, title: str, body: str, *, fork: bool = False) -> Record:
        commit = self.head_of(head) or ("f" * 40 if fork else "")
        assert commit
        now = self.now()
        found = Record(len(self.records) + 1, head, base, title, body, commit, now, fork=fork)
        found.versions.append((commit, now))
        self.records.append(found)
        return found

    def there(self, head: str, base: str) -> Record | None:
        """Return the open request of a branch."""
        return next((each for each in self.requests() if (each.head, each.base) == (head, base)), None)

    def requests(self) -> list[Record]:
        return [each for each in self.records if each.state == "open" and not each.fork]

    def review(self, number: int, who: str, word: Word) -> None:
        one = self.one(number)
        one.said.append(Said(who, word, one.commit, self.now()))

    def dismiss(self, number: int, who: str) -> None:
        for each in self.one(number).said:
            if each.who == who:
                each.word = "dismissed"

    def close(self, number: int, state: Literal["merged", "closed"] = "closed") -> None:
        self.one(number).state = state

    def one(self, number: int) -> Record:
        return self.records[number - 1]

    def words(self, number: int) -> list[Said]:
        """Return the newest opinion of each, or their comment."""
        found: dict[str, Said] = {}
        for each in self.one(number).said:
            before = found.get(each.who)
            if each.word != "commented" or before is None or before.word == "commented":
                found[each.who] = each
        return list(found.values())

    def merge_when_ready(self, number: int) -> str:
        """Merge, or wait to; return why not."""
        one = self.one(number)
        if not self.may_merge:
            return "merging is not allowed"
        if self.checks == "failed":
            return "its pipeline failed"
        if self.checks == "running":
            one.waits = True
        else:
            one.state = "merged"
        return ""


class MemoryForge:
    """Implements the Forge port on a state; `down` makes it unreachable."""

    def __init__(self, state: ForgeState | None = None) -> None:
        self.state = state or ForgeState()
        self.down = False

    def find(self, head: str, base: str) -> PullRequest | None:
        self._reach()
        found = [
            each for each in self.state.records if (each.head, each.base, each.fork) == (head, base, False)
        ]
        return self._request(found[-1]) if found else None

    def open(self, draft: PullRequestDraft) -> PullRequest:
        self._reach()
        if self.state.head_of(draft.head) is None or self.state.there(draft.head, draft.base):
            message = "the forge refuses to open it"
            raise Refused(message)
        return self._request(self.state.open(draft.head, draft.base, draft.title, draft.body))

    def update(self, request: PullRequest, draft: PullRequestDraft) -> PullRequest:
        self._reach()
        one = self.state.one(request.number)
        one.title, one.body = draft.title, draft.body
        return self._request(one)

    def merge_when_ready(self, request: PullRequest) -> None:
        self._reach()
        one = self.state.one(request.number)
        if one.state == "merged" or one.waits:
            return
        if one.commit != request.head_commit:
            message = "another newest commit by now"
            raise Refused(message)
        why = self.state.merge_when_ready(request.number)
        if why:
            raise Refused(why)

    def reviews(self, request: PullRequest) -> list[Review]:
        self._reach()
        found = []
        for each in self.state.words(request.number):
            counts = each.word == "refused" or (each.word == "approved" and each.who in self.state.writers)
            word: Literal["approved", "refused", "commented"] = "commented"
            if counts and each.word in {"approved", "refused"}:
                word = "approved" if each.word == "approved" else "refused"
            found.append(Review(each.who, word, each.commit, each.at))
        return found

    def opened(self, base: str, prefix: str) -> list[PullRequest]:
        self._reach()
        found = self.state.requests()
        return [self._request(each) for each in found if each.base == base and each.head.startswith(prefix)]

    def _reach(self) -> None:
        if self.down:
            message = "the forge cannot be asked"
            raise Undecided(message)
        self.state.look()

    def _request(self, one: Record) -> PullRequest:
        url = f"https://forge.example/{REPOSITORY}/{one.number}"
        return PullRequest(
            one.number, url, one.state, one.head, one.base, one.commit, ROBOT, one.title, one.body
        )
