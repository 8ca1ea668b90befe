"""Merge requests of GitLab, by its REST API.

Sources: docs.gitlab.com/api/merge_requests, docs.gitlab.com/api/merge_request_approvals,
docs.gitlab.com/api/notes, docs.gitlab.com/api/rest (pagination).
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import quote

import msgspec

from sealock.domain.printable import printable
from sealock.errors import Refused, Undecided
from sealock.ports import PullRequest, Review

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sealock.adapters.forge_http import ForgeHttp
    from sealock.ports import PullRequestDraft

NEEDS = "use the API (scope api, role Developer or higher)"
_PAGE = {"per_page": "100"}
_STATES: dict[str, Literal["open", "merged", "closed"]] = {
    "opened": "open",
    "locked": "open",
    "merged": "merged",
}
# What a new request says until GitLab has looked at it.
_UNSETTLED = frozenset({"unchecked", "checking", "preparing", "approvals_syncing"})
_BROKEN = frozenset({"failed", "canceled", "canceling"})
_DONE = frozenset({"success", "skipped", "manual"})
_APPROVED_NOTE = "approved this merge request"
_NEVER = datetime.fromtimestamp(0, UTC)


class _User(msgspec.Struct):
    username: str


class _Merge(msgspec.Struct):
    iid: int
    web_url: str
    state: str
    title: str
    source_branch: str
    target_branch: str
    source_project_id: int | None = None
    target_project_id: int | None = None
    sha: str | None = None
    author: _User | None = None
    description: str | None = None
    detailed_merge_status: str = ""
    head_pipeline: dict[str, Any] | None = None
    merge_when_pipeline_succeeds: bool = False


class _Approved(msgspec.Struct):
    user: _User
    approved_at: datetime | None = None


class _Approvals(msgspec.Struct):
    approved_by: list[_Approved] = []


class _Version(msgspec.Struct):
    head_commit_sha: str
    created_at: datetime


class _Reviewer(msgspec.Struct):
    user: _User
    state: str = ""
    created_at: datetime | None = None


class _Note(msgspec.Struct):
    body: str
    created_at: datetime
    author: _User
    system: bool = False


class GitLab:
    """The merge requests of one project of gitlab.com or another GitLab; implements Forge."""

    def __init__(self, http: ForgeHttp) -> None:
        """Ask through `http`, whose URL is that of the API, `https://gitlab.example/api/v4`."""
        self._http = http
        self._path = f"/projects/{quote(http.api.repository, safe='')}/merge_requests"

    def find(self, head: str, base: str) -> PullRequest | None:
        """Return the newest request from `head` into `base`, whatever its state; None for none."""
        asked = {"source_branch": head, "target_branch": base, "state": "all", "order_by": "created_at"}
        listed = self._http.get(self._path, {**asked, "sort": "desc", **_PAGE})
        found = [each for each in self._ours(listed) if (each.head, each.base) == (head, base)]
        return max(found, key=lambda each: each.number, default=None)

    def open(self, draft: PullRequestDraft) -> PullRequest:
        """Open a request; its branch goes when it is merged."""
        body = {
            "source_branch": draft.head,
            "target_branch": draft.base,
            "title": draft.title,
            "description": draft.body,
            "remove_source_branch": True,
        }
        return _request(self._merge(self._http.change("POST", self._path, body)))

    def update(self, request: PullRequest, draft: PullRequestDraft) -> PullRequest:
        """Give an open request another title and body."""
        body = {"title": draft.title, "description": draft.body}
        return _request(self._merge(self._http.change("PUT", self._one(request), body, again=True)))

    def merge_when_ready(self, request: PullRequest) -> None:
        """Ask GitLab to merge the head commit when its own conditions hold; at once where they do.

        Where there is no pipeline to wait for, GitLab refuses to wait (status 405), so it is merged. One
        that failed is not: older GitLabs would.
        """
        merge = self._settled(request)
        if merge.state == "merged":
            return
        if merge.sha != request.head_commit:
            message = f"{printable(request.url, 200)} has another newest commit by now"
            raise Refused(message, hint="Plan again.")
        if merge.merge_when_pipeline_succeeds:
            return
        pipeline = str((merge.head_pipeline or {}).get("status", ""))
        if pipeline in _BROKEN:
            message = f"{printable(request.url, 200)} is not merged: its pipeline {pipeline}"
            raise Refused(message, hint="Run the pipeline again, then this.")
        body: dict[str, Any] = {"sha": request.head_commit}
        if merge.detailed_merge_status != "mergeable" or (pipeline and pipeline not in _DONE):
            # GitLab calls it auto_merge from 17.11 on.
            body |= {"auto_merge": True, "merge_when_pipeline_succeeds": True}
        self._http.change("PUT", f"{self._one(request)}/merge", body)

    def _settled(self, request: PullRequest) -> _Merge:
        """Return the request once GitLab has looked at it. Raises Undecided when that takes too long."""
        merge = self._http.seen(
            lambda: self._merge(self._http.get(self._one(request))),
            lambda found: found.state != "opened" or self._is_settled(found, request),
        )
        if merge.state != "opened" or merge.detailed_merge_status not in _UNSETTLED:
            return merge
        message = f"{printable(request.url, 200)} is still being looked at by GitLab"
        raise Undecided(message, hint="Run it again in a moment.")

    def _is_settled(self, merge: _Merge, request: PullRequest) -> bool:
        return merge.sha == request.head_commit and merge.detailed_merge_status not in _UNSETTLED

    def reviews(self, request: PullRequest) -> Sequence[Review]:
        """Return the newest word of each reviewer. GitLab lets only those approve who may.

        An approval has a time and no commit: it is of the newest version that was there then.
        """
        one = self._one(request)
        versions = [self._http.shaped(each, _Version) for each in self._http.pages(f"{one}/versions", _PAGE)]
        approvals = self._http.shaped(self._http.get(f"{one}/approvals"), _Approvals)
        missing = any(each.approved_at is None for each in approvals.approved_by)
        noted = self._noted(one) if missing else {}
        found = {}
        for each in self._http.pages(f"{one}/reviewers", _PAGE):
            reviewer = self._http.shaped(each, _Reviewer)
            if reviewer.state == "requested_changes":
                when = reviewer.created_at or _NEVER
                who = reviewer.user.username
                found[who] = Review(who, "refused", request.head_commit, when)
        for said in approvals.approved_by:
            when = said.approved_at or noted.get(said.user.username, _NEVER)
            commit = _version_at(versions, when)
            found[said.user.username] = Review(said.user.username, "approved", commit, when)
        return list(found.values())

    def _noted(self, one: str) -> dict[str, datetime]:
        """Return when each approved last, from the notes that GitLab itself writes (before 18.0 alone)."""
        found: dict[str, datetime] = {}
        for item in self._http.pages(f"{one}/notes", {"sort": "asc", "order_by": "created_at", **_PAGE}):
            note = self._http.shaped(item, _Note)
            if note.system and note.body == _APPROVED_NOTE:
                found[note.author.username] = note.created_at
        return found

    def opened(self, base: str, prefix: str) -> Sequence[PullRequest]:
        """Return the open requests into `base` from branches of this project that begin with `prefix`."""
        listed = self._http.pages(self._path, {"target_branch": base, "state": "opened", **_PAGE})
        return [each for each in self._ours(listed) if each.base == base and each.head.startswith(prefix)]

    def _ours(self, listed: Iterable[object]) -> list[PullRequest]:
        """Return the requests whose branch is in this project: one of a fork is somebody else's."""
        merges = map(self._merge, listed)
        return [_request(each) for each in merges if each.source_project_id == each.target_project_id]

    def _one(self, request: PullRequest) -> str:
        return f"{self._path}/{request.number}"

    def _merge(self, item: object) -> _Merge:
        return self._http.shaped(item, _Merge)


def _version_at(versions: Sequence[_Version], when: datetime) -> str:
    """Return the commit of the newest version that was there at a time; empty for none."""
    there = [each for each in versions if each.created_at <= when]
    return max(there, key=lambda each: each.created_at).head_commit_sha if there else ""


def _request(merge: _Merge) -> PullRequest:
    return PullRequest(
        merge.iid,
        merge.web_url,
        _STATES.get(merge.state, "closed"),
        merge.source_branch,
        merge.target_branch,
        merge.sha or "",
        merge.author.username if merge.author else "",
        merge.title,
        merge.description or "",
    )
