"""Pull requests of Forgejo and Gitea, by their REST API.

Sources: codeberg.org/api/swagger (repository: pulls, reviews), routers/api/v1/repo/pull.go of Gitea, from
which Forgejo comes: MergePullRequest answers 201 for what waits and 200 for what is merged,
GetPullRequestByBaseHead finds a request of any state, and only `head` may hold a slash.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Literal
from urllib.parse import quote

import msgspec

from sealock.domain.printable import printable
from sealock.errors import Refused
from sealock.ports import PullRequest, Review

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sealock.adapters.forge_http import ForgeHttp
    from sealock.ports import PullRequestDraft

NEEDS = "read and write the repository and its issues (scopes write:repository and write:issue)"
_PAGE = {"limit": "50"}
_WORDS: dict[str, Literal["approved", "refused", "commented"]] = {
    "APPROVED": "approved",
    "REQUEST_CHANGES": "refused",
}
_NO_WORDS = frozenset({"PENDING", "REQUEST_REVIEW"})
_DONE, _CONFLICT = (200, 201), 409


class _User(msgspec.Struct):
    login: str


class _Side(msgspec.Struct):
    ref: str
    sha: str = ""
    label: str = ""
    repo_id: int = 0

    @property
    def branch(self) -> str:
        """The branch, also when it is gone, and `ref` is `refs/pull/7/head`."""
        return self.label if self.ref.startswith("refs/") else self.ref


class _Pull(msgspec.Struct):
    number: int
    html_url: str
    state: str
    title: str
    head: _Side
    base: _Side
    user: _User | None = None
    body: str | None = None
    merged: bool = False


class _ReviewItem(msgspec.Struct):
    state: str
    submitted_at: datetime
    user: _User | None = None
    commit_id: str = ""
    official: bool = False
    dismissed: bool = False


class _Styles(msgspec.Struct):
    allow_merge_commits: bool = True
    allow_rebase: bool = True
    allow_fast_forward_only_merge: bool = False


class Forgejo:
    """The pull requests of one repository of a Forgejo or Gitea; implements Forge."""

    def __init__(self, http: ForgeHttp) -> None:
        """Ask through `http`, whose URL is that of the API, `https://codeberg.org/api/v1`."""
        self._http = http
        self._path = f"/repos/{quote(http.api.repository)}"

    def find(self, head: str, base: str) -> PullRequest | None:
        """Return the newest request from `head` into `base`, whatever its state; None for none."""
        one = None
        if "/" not in base:
            item = self._http.find(f"{self._path}/pulls/{quote(base)}/{quote(head)}")
            if item is None:
                return None
            one = _request(self._pull(item))
            if one.state == "open":
                return one
        # It may be any of several: an open one is newer, and else the newest counts.
        found = [one] if one else []
        for state in ("open", "closed"):
            listed = self._http.pages(
                f"{self._path}/pulls", {"state": state, "sort": "recentupdate", **_PAGE}
            )
            found += [each for each in self._ours(listed) if (each.head, each.base) == (head, base)]
            if state == "open" and any(each.state == "open" for each in found):
                break
        return max(found, key=lambda each: each.number, default=None)

    def open(self, draft: PullRequestDraft) -> PullRequest:
        """Open a request."""
        body = {"title": draft.title, "body": draft.body, "head": draft.head, "base": draft.base}
        return _request(self._pull(self._http.change("POST", f"{self._path}/pulls", body)))

    def update(self, request: PullRequest, draft: PullRequestDraft) -> PullRequest:
        """Give an open request another title and body."""
        body = {"title": draft.title, "body": draft.body}
        return _request(self._pull(self._http.change("PATCH", self._one(request), body, again=True)))

    def merge_when_ready(self, request: PullRequest) -> None:
        """Ask to merge the head commit when the checks have succeeded; at once where they have."""
        pull = self._http.seen(
            lambda: self._fresh(request),
            lambda found: found.merged or found.head.sha == request.head_commit,
        )
        if pull.merged:
            return
        if pull.head.sha != request.head_commit:
            message = f"{printable(request.url, 200)} has another newest commit by now"
            raise Refused(message, hint="Plan again.")
        body = {
            "Do": self._style(),
            "head_commit_id": request.head_commit,
            "merge_when_checks_succeed": True,
        }
        answer = self._http.ask("POST", f"{self._one(request)}/merge", body=body)
        if answer.status in _DONE:
            return
        # A second question for the same is a conflict, too: it waits already.
        if answer.status == _CONFLICT and "already scheduled" in self._http.words(answer):
            return
        self._http.refuse(answer, "merge it")

    def _style(self) -> str:
        """Return how to merge: so that the promotion's own commit and message stay, where that is allowed."""
        allowed = self._http.shaped(self._http.get(self._path), _Styles)
        if allowed.allow_merge_commits:
            return "merge"
        if allowed.allow_rebase:
            return "rebase"
        return "fast-forward-only" if allowed.allow_fast_forward_only_merge else "squash"

    def reviews(self, request: PullRequest) -> Sequence[Review]:
        """Return the newest word of each reviewer. An approval counts where it is official.

        A comment takes nothing back; who was dismissed has said nothing.
        """
        found: dict[str, tuple[bool, Review]] = {}
        items = self._http.pages(f"{self._one(request)}/reviews", _PAGE)
        for each in sorted(
            (self._http.shaped(item, _ReviewItem) for item in items), key=lambda each: each.submitted_at
        ):
            if each.user is None or each.state in _NO_WORDS:
                continue
            who, opinion = each.user.login, each.state in _WORDS
            if opinion or not found.get(who, (False,))[0]:
                counts = not each.dismissed and (each.official or each.state != "APPROVED")
                word = _WORDS.get(each.state, "commented") if counts else "commented"
                found[who] = opinion, Review(who, word, each.commit_id, each.submitted_at)
        return [each for _, each in found.values()]

    def opened(self, base: str, prefix: str) -> Sequence[PullRequest]:
        """Return the open requests into `base` from branches of this repository that begin with `prefix`."""
        listed = self._http.pages(f"{self._path}/pulls", {"state": "open", "base_branch": base, **_PAGE})
        return [each for each in self._ours(listed) if each.base == base and each.head.startswith(prefix)]

    def _ours(self, listed: Iterable[object]) -> list[PullRequest]:
        """Return the requests whose branch is in this repository: one of a fork is somebody else's."""
        pulls = map(self._pull, listed)
        return [_request(each) for each in pulls if each.head.repo_id == each.base.repo_id]

    def _one(self, request: PullRequest) -> str:
        return f"{self._path}/pulls/{request.number}"

    def _fresh(self, request: PullRequest) -> _Pull:
        return self._pull(self._http.get(self._one(request)))

    def _pull(self, item: object) -> _Pull:
        return self._http.shaped(item, _Pull)


def _request(pull: _Pull) -> PullRequest:
    closed: Literal["open", "closed"] = "open" if pull.state == "open" else "closed"
    return PullRequest(
        pull.number,
        pull.html_url,
        "merged" if pull.merged else closed,
        pull.head.branch,
        pull.base.ref,
        pull.head.sha,
        pull.user.login if pull.user else "",
        pull.title,
        pull.body or "",
    )
