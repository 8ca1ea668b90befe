"""GitHub, GitLab and Forgejo as HTTP servers on loopback, as their API documents say they answer."""

from __future__ import annotations

import json
import re
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, NamedTuple, Self
from urllib.parse import parse_qs, unquote, urlsplit

from tests.fakes.forge import REPOSITORY, ROBOT, ForgeState, Record, Said

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

TOKEN = "t0p-secret-t0ken"  # noqa: S105 - of a server that ends with the test
_OWN, _FORK = 1, 2
_WORDS = {
    "github": {"approved": "APPROVED", "refused": "CHANGES_REQUESTED"},
    "forgejo": {"approved": "APPROVED", "refused": "REQUEST_CHANGES"},
}


class Reply(NamedTuple):
    status: int
    body: Any
    headers: dict[str, str] = {}  # noqa: RUF012 - never changed


class Asked(NamedTuple):
    """A question that came: for tests that look at what was sent."""

    method: str
    path: str
    query: dict[str, str]
    body: Any
    authorization: str


class ForgeServer:
    """One forge on loopback; `faults` are replies that come instead, one for each question.

    A fault of None cuts the connection; with `after` the question is done first.
    """

    kind = ""
    api = ""
    page = 30

    def __init__(self, state: ForgeState | None = None) -> None:
        self.state = state or ForgeState()
        self.asked: list[Asked] = []
        self.faults: list[Reply | None] = []
        self.after = False
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}{self.api}"

    def routes(self) -> list[tuple[str, str, Callable[..., Reply]]]:
        raise NotImplementedError

    def answer(self, asked: Asked) -> Reply:
        if TOKEN not in asked.authorization:
            return Reply(401, {"message": f"Bad credentials {asked.authorization}"})
        self.state.look()
        for method, pattern, handle in self.routes():
            found = re.fullmatch(pattern, asked.path)
            if found and method == asked.method:
                return handle(asked, *found.groups())
        return Reply(404, {"message": "Not Found"})

    def paged(self, asked: Asked, items: list[Any], size: str) -> Reply:
        """Return one page, with a Link to the next (RFC 8288), as all three forges do."""
        count = min(int(asked.query.get(size, "30")), self.page)
        page = int(asked.query.get("page", "1"))
        rest = items[page * count :]
        link = f'<http://inside.example/?page={page + 1}>; rel="next", <http://x/>; rel="last"'
        return Reply(200, items[(page - 1) * count : page * count], {"Link": link} if rest else {})

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        server = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def _do(self) -> None:
                parts = urlsplit(self.path)
                size = int(self.headers.get("Content-Length", "0"))
                text = self.rfile.read(size)
                query = {key: value[0] for key, value in parse_qs(parts.query).items()}
                path = parts.path.removeprefix(server.api) if server.kind != "github" else parts.path
                asked = Asked(
                    self.command,
                    path,
                    query,
                    json.loads(text) if text else None,
                    self.headers.get("Authorization", ""),
                )
                server.asked.append(asked)
                reply: Reply | None
                if server.faults:
                    if server.after:
                        server.answer(asked)
                    reply = server.faults.pop(0)
                else:
                    reply = server.answer(asked)
                if reply is None:
                    self.close_connection = True
                    return
                content = reply.body if isinstance(reply.body, bytes) else json.dumps(reply.body).encode()
                self.send_response(reply.status)
                for name, value in reply.headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            do_GET = do_POST = do_PUT = do_PATCH = _do  # noqa: N815 - http.server's names

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002, ANN401
                del format, args

        return Handler

    def _missing(self, asked: Asked) -> str:
        """Return why a request cannot be opened."""
        head, base = asked.body["head"], asked.body["base"]
        if self.state.head_of(head) is None:
            return "head"
        return "exists" if self.state.there(head, base) else ""


def _stamp(value: Any) -> str:  # noqa: ANN401 - a time
    return str(value.isoformat().replace("+00:00", "Z"))


class GitHubServer(ForgeServer):
    kind = "github"

    def routes(self) -> list[tuple[str, str, Callable[..., Reply]]]:
        repository = f"/repos/{REPOSITORY}"
        pulls = f"{repository}/pulls"
        return [
            (
                "GET",
                repository,
                lambda _: Reply(200, {"allow_merge_commit": False, "allow_rebase_merge": True}),
            ),
            ("GET", pulls, self._list),
            ("POST", pulls, self._open),
            ("GET", rf"{pulls}/(\d+)", lambda _, number: Reply(200, self._one(int(number)))),
            ("PATCH", rf"{pulls}/(\d+)", self._update),
            ("GET", rf"{pulls}/(\d+)/reviews", self._reviews),
            ("PUT", rf"{pulls}/(\d+)/merge", self._merge),
            ("GET", rf"{repository}/collaborators/([^/]+)/permission", self._permission),
            ("POST", "/graphql", self._graphql),
        ]

    def _list(self, asked: Asked) -> Reply:
        items = list(self.state.records)
        state = asked.query.get("state", "open")
        if state != "all":
            items = [each for each in items if (each.state == "open") == (state == "open")]
        owner, colon, branch = asked.query.get("head", "").partition(":")
        if colon and owner == "acme":
            items = [each for each in items if each.head == branch and not each.fork]
        if "base" in asked.query:
            items = [each for each in items if each.base == asked.query["base"]]
        if asked.query.get("direction", "desc") == "desc":
            items.reverse()
        return self.paged(asked, [self._shown(each) for each in items], "per_page")

    def _open(self, asked: Asked) -> Reply:
        why = self._missing(asked)
        if why:
            head = asked.body["head"]
            error: dict[str, str] = {"resource": "PullRequest", "field": "head", "code": "invalid"}
            if why == "exists":
                error = {"code": "custom", "message": f"A pull request already exists for acme:{head}."}
            return Reply(422, {"message": "Validation Failed", "errors": [error]})
        body = asked.body
        return Reply(
            201, self._shown(self.state.open(body["head"], body["base"], body["title"], body["body"]))
        )

    def _update(self, asked: Asked, number: str) -> Reply:
        one = self.state.one(int(number))
        one.title, one.body = asked.body["title"], asked.body["body"]
        return Reply(200, self._one(int(number)))

    def _reviews(self, asked: Asked, number: str) -> Reply:
        words = _WORDS["github"] | {"commented": "COMMENTED", "dismissed": "DISMISSED"}
        items: list[dict[str, Any]] = [
            {
                "user": {"login": each.who},
                "state": words[each.word],
                "commit_id": each.commit,
                "submitted_at": _stamp(each.at),
            }
            for each in self.state.one(int(number)).said
        ]
        items.append({"user": {"login": ROBOT}, "state": "PENDING", "commit_id": None})
        return self.paged(asked, items, "per_page")

    def _permission(self, _: Asked, who: str) -> Reply:
        if who == "nobody":
            return Reply(404, {"message": f"{who} is not a user"})
        return Reply(
            200, {"permission": "write" if who in self.state.writers else "read", "user": {"login": who}}
        )

    def _graphql(self, asked: Asked) -> Reply:
        given = asked.body["variables"]["input"]
        assert "enablePullRequestAutoMerge(input: $input)" in asked.body["query"]
        assert given["mergeMethod"] == "REBASE"
        one = self.state.one(int(given["pullRequestId"].removeprefix("PR_")))
        said = ""
        if not self.state.may_merge:
            said = "Auto merge is not allowed for this repository"
        elif given["expectedHeadOid"] != one.commit:
            said = "Head sha has changed"
        elif self.state.checks in {"good", "none"}:
            said = "Pull request Pull request is in clean status"
        elif self.state.checks == "failed":
            said = "Pull request Pull request is in unstable status: pipeline failed"
        if said:
            return Reply(200, {"data": {"enablePullRequestAutoMerge": None}, "errors": [{"message": said}]})
        self.state.merge_when_ready(one.number)
        return Reply(200, {"data": {"enablePullRequestAutoMerge": {"clientMutationId": None}}})

    def _merge(self, asked: Asked, number: str) -> Reply:
        one = self.state.one(int(number))
        if asked.body["sha"] != one.commit:
            return Reply(409, {"message": "Head branch was modified. Review and try the merge again."})
        if self.state.merge_when_ready(one.number) or one.state != "merged":
            return Reply(405, {"message": "Pull Request is not mergeable"})
        return Reply(200, {"merged": True})

    def _one(self, number: int) -> dict[str, Any]:
        one = self.state.one(number)
        ready = self.state.checks in {"good", "none"} and self.state.may_merge
        return self._shown(one) | {
            "auto_merge": {"merge_method": "merge"} if one.waits else None,
            "mergeable_state": "clean" if ready else "blocked",
        }

    def _shown(self, one: Record) -> dict[str, Any]:
        repository = "mallory/platform" if one.fork else REPOSITORY
        return {
            "number": one.number,
            "node_id": f"PR_{one.number}",
            "html_url": f"https://forge.example/{REPOSITORY}/{one.number}",
            "state": "open" if one.state == "open" else "closed",
            "merged_at": _stamp(one.opened) if one.state == "merged" else None,
            "title": one.title,
            "body": one.body,
            "user": {"login": ROBOT},
            "head": {"ref": one.head, "sha": one.commit, "repo": {"full_name": repository}},
            "base": {"ref": one.base, "sha": "b" * 40, "repo": {"full_name": REPOSITORY}},
        }


class GitLabServer(ForgeServer):
    """`dated` is False for a GitLab that does not say when somebody approved."""

    kind = "gitlab"
    api = "/api/v4"
    dated = True

    def __init__(self, state: ForgeState | None = None) -> None:
        super().__init__(state)
        self.unsettled = 1

    def routes(self) -> list[tuple[str, str, Callable[..., Reply]]]:
        merges = "/projects/acme%2Fplatform/merge_requests"
        return [
            ("GET", merges, self._list),
            ("POST", merges, self._open),
            ("GET", rf"{merges}/(\d+)", self._get),
            ("PUT", rf"{merges}/(\d+)", self._update),
            ("PUT", rf"{merges}/(\d+)/merge", self._merge),
            ("GET", rf"{merges}/(\d+)/versions", self._versions),
            ("GET", rf"{merges}/(\d+)/approvals", self._approvals),
            ("GET", rf"{merges}/(\d+)/reviewers", self._reviewers),
            ("GET", rf"{merges}/(\d+)/notes", self._notes),
        ]

    def _list(self, asked: Asked) -> Reply:
        items = list(self.state.records)
        states = {"opened": "open", "closed": "closed", "merged": "merged"}
        if asked.query.get("state", "all") != "all":
            items = [each for each in items if each.state == states[asked.query["state"]]]
        if "source_branch" in asked.query:
            items = [each for each in items if each.head == asked.query["source_branch"]]
        if "target_branch" in asked.query:
            items = [each for each in items if each.base == asked.query["target_branch"]]
        items.reverse()
        return self.paged(asked, [self._shown(each) for each in items], "per_page")

    def _open(self, asked: Asked) -> Reply:
        body = {"head": asked.body["source_branch"], "base": asked.body["target_branch"]}
        why = self._missing(asked._replace(body=body))
        if why == "exists":
            said = ["Another open merge request already exists for this source branch: !1"]
            return Reply(409, {"message": said})
        if why:
            return Reply(400, {"error": "source_branch does not exist"})
        given = asked.body
        found = self.state.open(body["head"], body["base"], given["title"], given["description"])
        return Reply(201, self._shown(found))

    def _get(self, _: Asked, number: str) -> Reply:
        found = self._shown(self.state.one(int(number)))
        if self.unsettled:
            self.unsettled -= 1
            found["detailed_merge_status"] = "checking"
        return Reply(200, found)

    def _update(self, asked: Asked, number: str) -> Reply:
        one = self.state.one(int(number))
        one.title, one.body = asked.body["title"], asked.body["description"]
        return Reply(200, self._shown(one))

    def _merge(self, asked: Asked, number: str) -> Reply:
        one = self.state.one(int(number))
        if asked.body["sha"] != one.commit:
            return Reply(409, {"message": "SHA does not match HEAD of source branch: deadbeef"})
        if self.state.checks == "none" and asked.body.get("auto_merge"):
            return Reply(405, {"message": "405 Method Not Allowed"})
        if self.state.checks == "running" and not asked.body.get("auto_merge"):
            return Reply(405, {"message": "405 Method Not Allowed"})
        if self.state.merge_when_ready(one.number):
            return Reply(401, {"message": "401 Unauthorized: merging is not allowed"})
        return Reply(200, self._shown(one))

    def _versions(self, asked: Asked, number: str) -> Reply:
        items = [
            {"head_commit_sha": commit, "created_at": _stamp(at)}
            for commit, at in reversed(self.state.one(int(number)).versions)
        ]
        return self.paged(asked, items, "per_page")

    def _approvals(self, _: Asked, number: str) -> Reply:
        items: list[dict[str, Any]] = []
        for each in self._words(number):
            # GitLab takes an approval of those only who may.
            if each.word == "approved" and each.who in self.state.writers:
                dated = {"approved_at": _stamp(each.at)} if self.dated else {}
                items.append({"user": {"username": each.who}} | dated)
        return Reply(200, {"approved_by": items})

    def _reviewers(self, asked: Asked, number: str) -> Reply:
        words = {"approved": "approved", "refused": "requested_changes"}
        items = [
            {
                "user": {"username": each.who},
                "state": words.get(each.word, "reviewed"),
                "created_at": _stamp(each.at),
            }
            for each in self._words(number)
        ]
        return self.paged(asked, items, "per_page")

    def _notes(self, asked: Asked, number: str) -> Reply:
        items = [
            {
                "body": "approved this merge request",
                "created_at": _stamp(each.at),
                "author": {"username": each.who},
                "system": each.who in self.state.writers,
            }
            for each in self.state.one(int(number)).said
            if each.word == "approved"
        ]
        return self.paged(asked, items, "per_page")

    def _words(self, number: str) -> list[Said]:
        return self.state.words(int(number))

    def _shown(self, one: Record) -> dict[str, Any]:
        states = {"open": "opened", "merged": "merged", "closed": "closed"}
        status = {"running": "ci_still_running", "failed": "ci_must_pass"}.get(self.state.checks, "mergeable")
        pipeline = {"running": "running", "failed": "failed", "good": "success"}.get(self.state.checks)
        return {
            "iid": one.number,
            "web_url": f"https://forge.example/{REPOSITORY}/{one.number}",
            "state": states[one.state],
            "title": one.title,
            "description": one.body,
            "source_branch": one.head,
            "target_branch": one.base,
            "source_project_id": _FORK if one.fork else _OWN,
            "target_project_id": _OWN,
            "sha": one.commit,
            "author": {"username": ROBOT},
            "detailed_merge_status": status,
            "head_pipeline": {"status": pipeline} if pipeline else None,
            "merge_when_pipeline_succeeds": one.waits,
        }


class ForgejoServer(ForgeServer):
    kind = "forgejo"
    api = "/api/v1"

    def routes(self) -> list[tuple[str, str, Callable[..., Reply]]]:
        repository = f"/repos/{REPOSITORY}"
        pulls = f"{repository}/pulls"
        return [
            ("GET", repository, lambda _: Reply(200, {"allow_merge_commits": False, "allow_rebase": True})),
            ("GET", pulls, self._list),
            ("POST", pulls, self._open),
            (
                "GET",
                rf"{pulls}/(\d+)",
                lambda _, number: Reply(200, self._shown(self.state.one(int(number)))),
            ),
            ("PATCH", rf"{pulls}/(\d+)", self._update),
            ("GET", rf"{pulls}/(\d+)/reviews", self._reviews),
            ("POST", rf"{pulls}/(\d+)/merge", self._merge),
            ("GET", rf"{pulls}/([^/]+)/(.+)", self._between),
        ]

    def _list(self, asked: Asked) -> Reply:
        state = asked.query.get("state", "open")
        items = [each for each in self.state.records if (each.state == "open") == (state == "open")]
        items.reverse()
        return self.paged(asked, [self._shown(each) for each in items], "limit")

    def _between(self, _: Asked, base: str, head: str) -> Reply:
        """Answer with any request between the two, as GetPullRequestByBaseHeadInfo does: the oldest here."""
        for each in self.state.records:
            if (each.head, each.base, each.fork) == (unquote(head), unquote(base), False):
                return Reply(200, self._shown(each))
        return Reply(404, {"message": "The target couldn't be found."})

    def _open(self, asked: Asked) -> Reply:
        why = self._missing(asked)
        if why == "exists":
            return Reply(409, {"message": "pull request already exists for these targets [id: 1]"})
        if why:
            return Reply(404, {"message": "The target couldn't be found."})
        body = asked.body
        return Reply(
            201, self._shown(self.state.open(body["head"], body["base"], body["title"], body["body"]))
        )

    def _update(self, asked: Asked, number: str) -> Reply:
        one = self.state.one(int(number))
        one.title, one.body = asked.body["title"], asked.body["body"]
        return Reply(201, self._shown(one))

    def _reviews(self, asked: Asked, number: str) -> Reply:
        words = _WORDS["forgejo"] | {"commented": "COMMENT", "dismissed": "APPROVED"}
        items = [
            {
                "user": {"login": each.who},
                "state": words[each.word],
                "commit_id": each.commit,
                "submitted_at": _stamp(each.at),
                "official": each.who in self.state.writers,
                "dismissed": each.word == "dismissed",
            }
            for each in self.state.one(int(number)).said
        ]
        return self.paged(asked, items, "limit")

    def _merge(self, asked: Asked, number: str) -> Reply:
        one = self.state.one(int(number))
        assert asked.body["Do"] == "rebase"
        if asked.body["head_commit_id"] != one.commit:
            return Reply(409, {"message": "head out of date"})
        if one.waits:
            return Reply(
                409, {"message": "pull request is already scheduled to auto merge when checks succeed"}
            )
        why = self.state.merge_when_ready(one.number)
        if why:
            return Reply(405, {"message": why})
        return Reply(200 if one.state == "merged" else 201, b"")

    def _shown(self, one: Record) -> dict[str, Any]:
        return {
            "number": one.number,
            "html_url": f"https://forge.example/{REPOSITORY}/{one.number}",
            "state": "open" if one.state == "open" else "closed",
            "merged": one.state == "merged",
            "title": one.title,
            "body": one.body,
            "user": {"login": ROBOT},
            "head": self._side(one),
            "base": {"ref": one.base, "label": one.base, "sha": "b" * 40, "repo_id": _OWN},
        }

    def _side(self, one: Record) -> dict[str, Any]:
        gone = one.state != "open" and self.state.head_of(one.head) is None
        ref = f"refs/pull/{one.number}/head" if gone else one.head
        return {"ref": ref, "label": one.head, "sha": one.commit, "repo_id": _FORK if one.fork else _OWN}


SERVERS: dict[str, type[ForgeServer]] = {
    "github": GitHubServer,
    "gitlab": GitLabServer,
    "forgejo": ForgejoServer,
}


def each_kind() -> Iterator[str]:
    return iter(SERVERS)
