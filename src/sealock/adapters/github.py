"""Pull requests of GitHub, by its REST API; merging when ready is in its GraphQL API alone.

Sources: docs.github.com/rest/pulls/pulls, docs.github.com/rest/pulls/reviews,
docs.github.com/rest/collaborators/collaborators, docs.github.com/graphql/reference/mutations
(enablePullRequestAutoMerge).
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import quote

import msgspec

from sealock.domain.printable import printable
from sealock.errors import Refused
from sealock.ports import PullRequest, Review

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sealock.adapters.forge_http import ForgeHttp
    from sealock.ports import PullRequestDraft

ACCEPT = "application/vnd.github+json"
NEEDS = "read and write pull requests and contents of the repository"
_PAGE = {"per_page": "100"}
_WORDS: dict[str, Literal["approved", "refused", "commented"]] = {
    "APPROVED": "approved",
    "CHANGES_REQUESTED": "refused",
}
_OPINIONS = frozenset({"APPROVED", "CHANGES_REQUESTED", "DISMISSED"})
_MAY_WRITE = frozenset({"admin", "maintain", "write"})
# Nothing to wait for: it can be merged now (docs.github.com/graphql/reference/enums#mergestatestatus).
_READY = frozenset({"clean", "has_hooks"})
_REFUSED_TO_MERGE = frozenset({405, 409, 422})
_ENABLE = """mutation($input: EnablePullRequestAutoMergeInput!) {
  enablePullRequestAutoMerge(input: $input) { clientMutationId }
}"""


class _User(msgspec.Struct):
    login: str


class _Repository(msgspec.Struct):
    full_name: str


class _Side(msgspec.Struct):
    ref: str
    sha: str
    repo: _Repository | None = None


class _Pull(msgspec.Struct):
    number: int
    html_url: str
    state: str
    title: str
    head: _Side
    base: _Side
    user: _User | None = None
    body: str | None = None
    merged_at: str | None = None
    node_id: str = ""
    auto_merge: dict[str, Any] | None = None
    mergeable_state: str = ""


class _ReviewItem(msgspec.Struct):
    state: str
    user: _User | None = None
    commit_id: str | None = None
    submitted_at: datetime | None = None


class _Methods(msgspec.Struct):
    allow_merge_commit: bool = True
    allow_rebase_merge: bool = True
    allow_squash_merge: bool = True


class _Permission(msgspec.Struct):
    permission: str


class GitHub:
    """The pull requests of one repository on github.com or an Enterprise Server; implements Forge."""

    def __init__(self, http: ForgeHttp) -> None:
        """Ask through `http`, whose URL is that of the REST API."""
        self._http = http
        self._name = http.api.repository
        self._path = f"/repos/{quote(self._name)}"

    def find(self, head: str, base: str) -> PullRequest | None:
        """Return the newest request from `head` into `base`, whatever its state; None for none."""
        owner = self._name.partition("/")[0]
        asked = {"head": f"{owner}:{head}", "base": base, "state": "all", "sort": "created"}
        listed = self._http.get(f"{self._path}/pulls", {**asked, "direction": "desc", **_PAGE})
        found = [each for each in self._ours(listed) if (each.head, each.base) == (head, base)]
        return max(found, key=lambda each: each.number, default=None)

    def open(self, draft: PullRequestDraft) -> PullRequest:
        """Open a request."""
        body = {"title": draft.title, "body": draft.body, "head": draft.head, "base": draft.base}
        return _request(self._pull(self._http.change("POST", f"{self._path}/pulls", body)))

    def update(self, request: PullRequest, draft: PullRequestDraft) -> PullRequest:
        """Give an open request another title and body."""
        path = f"{self._path}/pulls/{request.number}"
        body = {"title": draft.title, "body": draft.body}
        return _request(self._pull(self._http.change("PATCH", path, body, again=True)))

    def merge_when_ready(self, request: PullRequest) -> None:
        """Ask GitHub to merge the head commit when its own conditions hold; at once where they do.

        What cannot wait is refused by GitHub ("Pull request is in clean status"): it is merged instead.
        """
        pull = self._http.seen(
            lambda: self._fresh(request.number),
            lambda found: bool(found.merged_at) or found.head.sha == request.head_commit,
        )
        if pull.merged_at:
            return
        if pull.head.sha != request.head_commit:
            message = f"{printable(request.url, 200)} has another newest commit by now: {pull.head.sha[:12]}"
            raise Refused(message, hint="Plan again.")
        if pull.auto_merge:
            return
        method = self._method()
        said = self._enable(pull, method)
        if said is None:
            return
        if self._fresh(request.number).mergeable_state not in _READY:
            message = f"{printable(request.url, 200)} cannot wait to be merged: {said}"
            hint = "Allow auto-merge in the repository's settings, and protect the branch with conditions."
            raise Refused(message, hint=hint)
        body = {"sha": request.head_commit, "merge_method": method}
        path = f"{self._path}/pulls/{request.number}/merge"
        self._http.change("PUT", path, body)

    def _enable(self, pull: _Pull, method: str) -> str | None:
        """Return why it cannot be merged later; None where it will be."""
        variables = {
            "pullRequestId": pull.node_id,
            "expectedHeadOid": pull.head.sha,
            "mergeMethod": method.upper(),
        }
        answer = self._http.change(
            "POST", _graphql(self._http.api.url), {"query": _ENABLE, "variables": {"input": variables}}
        )
        errors = answer.get("errors") if isinstance(answer, dict) else [{"message": "no answer"}]
        if not errors:
            return None
        said = [str(each.get("message", "")) for each in errors if isinstance(each, dict)]
        return printable(self._http.api.token.without("; ".join(said)), 300)

    def _method(self) -> str:
        """Return how to merge: so that the promotion's own commit and message stay, where that is allowed."""
        allowed = self._http.shaped(self._http.get(self._path), _Methods)
        if allowed.allow_merge_commit:
            return "merge"
        return "rebase" if allowed.allow_rebase_merge else "squash"

    def reviews(self, request: PullRequest) -> Sequence[Review]:
        """Return the newest word of each reviewer. An approval counts of those who may write alone.

        A comment takes nothing back; who was dismissed has said nothing.
        """
        found: dict[str, tuple[bool, Review]] = {}
        for item in self._http.pages(f"{self._path}/pulls/{request.number}/reviews", _PAGE):
            each = self._http.shaped(item, _ReviewItem)
            if each.user is None or each.submitted_at is None:
                continue
            who, opinion = each.user.login, each.state in _OPINIONS
            if opinion or not found.get(who, (False,))[0]:
                word = _WORDS.get(each.state, "commented")
                found[who] = opinion, Review(who, word, each.commit_id or "", each.submitted_at)
        return [self._weighed(each) for _, each in found.values()]

    def _weighed(self, review: Review) -> Review:
        if review.state != "approved" or self._may_write(review.who):
            return review
        return msgspec.structs.replace(review, state="commented")

    def _may_write(self, who: str) -> bool:
        found = self._http.find(f"{self._path}/collaborators/{quote(who, safe='')}/permission")
        return found is not None and self._http.shaped(found, _Permission).permission in _MAY_WRITE

    def opened(self, base: str, prefix: str) -> Sequence[PullRequest]:
        """Return the open requests into `base` from branches of this repository that begin with `prefix`."""
        listed = self._http.pages(f"{self._path}/pulls", {"base": base, "state": "open", **_PAGE})
        return [each for each in self._ours(listed) if each.base == base and each.head.startswith(prefix)]

    def _ours(self, listed: Iterable[object]) -> list[PullRequest]:
        """Return the requests whose branch is in this repository: one of a fork is somebody else's."""
        name = self._name.casefold()
        pulls = map(self._pull, listed)
        return [
            _request(each) for each in pulls if each.head.repo and each.head.repo.full_name.casefold() == name
        ]

    def _fresh(self, number: int) -> _Pull:
        return self._pull(self._http.get(f"{self._path}/pulls/{number}"))

    def _pull(self, item: object) -> _Pull:
        return self._http.shaped(item, _Pull)


def _request(pull: _Pull) -> PullRequest:
    closed: Literal["open", "closed"] = "open" if pull.state == "open" else "closed"
    return PullRequest(
        pull.number,
        pull.html_url,
        "merged" if pull.merged_at else closed,
        pull.head.ref,
        pull.base.ref,
        pull.head.sha,
        pull.user.login if pull.user else "",
        pull.title,
        pull.body or "",
    )


def _graphql(rest: str) -> str:
    """Return the URL of the GraphQL API beside a REST API: docs.github.com/graphql/guides."""
    return f"{re.sub('/v3$', '', rest)}/graphql"
