"""The HTTP that all forges share: bounded in time and size, tried again only where that is harmless.

A secret goes to one host, over TLS, and into no message. Pages are counted, not followed: what a forge
behind a proxy thinks its own address is does not matter.
"""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn, Self, TypeVar
from urllib.parse import urlsplit

import msgspec

from sealock.domain.printable import printable
from sealock.errors import Refused, Undecided, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import httpx

    from sealock.adapters.forge_token import Token

# ruff: noqa: PLC0415 - httpx takes 50 ms to load, and few commands ask a forge

_MOST_BYTES = 16 << 20
_MOST_PAGES = 50
_MOST_HOPS = 3
_OK, _MOVED, _CLIENT_FAULT, _SERVER_FAULT = 200, 300, 400, 500
_NO_ENTRY, _FORBIDDEN, _ABSENT, _TOO_MANY = 401, 403, 404, 429
_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
_NEXT = re.compile(r";\s*rel=\"?next\"?(?:[;,\s]|$)", re.IGNORECASE)
_LIMITED = re.compile(r"rate limit|abuse detection", re.IGNORECASE)

Answered = TypeVar("Answered")


class Patience(NamedTuple):
    """How long to wait, in seconds: for one answer, between tries, and at most when a forge asks for it.

    `until` is how long to look for what a forge is about to know.
    """

    answer: float = 30
    pauses: tuple[float, ...] = (0.5, 2.0)
    asked: float = 60
    until: tuple[float, ...] = (0.5, 1.0, 2.0, 4.0, 8.0)
    sleep: Callable[[float], None] = time.sleep


class Api(NamedTuple):
    """A forge's API: where it is, what the repository is called there, and who asks.

    `scheme` is how the token is presented, `needs` what it must be allowed to do, for messages.
    """

    url: str
    repository: str
    token: Token
    scheme: str
    needs: str
    accept: str = "application/json"


class Answer(NamedTuple):
    """What a forge said: `headers` by lower-case name."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class ForgeHttp:
    """Asks one forge about one repository; use it in `with`."""

    def __init__(self, api: Api, patience: Patience | None = None) -> None:
        """Connect to nothing before a question. Raises UsageError for an address that is not safe."""
        self.api = api
        self.patience = patience or Patience()
        self._client: httpx.Client | None = None
        _refuse_unsafe(api.url)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._client is not None:
            self._client.close()
            self._client = None

    def get(self, path: str, parameters: Mapping[str, str] = {}) -> Any:  # noqa: ANN401 - JSON
        """Return the JSON at a path below the API. Raises Undecided, Refused."""
        return self.read(self._demand(self.ask("GET", path, parameters), "read it"))

    def find(self, path: str) -> Any | None:  # noqa: ANN401 - JSON
        """Return the JSON at a path; None where the forge has nothing. Raises Undecided, Refused."""
        answer = self.ask("GET", path)
        return None if answer.status == _ABSENT else self.read(self._demand(answer, "read it"))

    def pages(self, path: str, parameters: Mapping[str, str]) -> Iterator[Any]:
        """Yield the items of a list, page by page. Raises Undecided, also for a list without an end."""
        for page in range(1, _MOST_PAGES + 1):
            answer = self._demand(self.ask("GET", path, {**parameters, "page": str(page)}), "read it")
            items = self.read(answer)
            if not isinstance(items, list):
                self._unreadable("a list was expected")
            yield from items
            if not _NEXT.search(answer.headers.get("link", "")):
                return
        message = f"{self._host} has more than {_MOST_PAGES} pages of this"
        raise Undecided(message, hint="Close what is no longer needed there.")

    def change(self, method: str, path: str, body: Mapping[str, Any], *, again: bool = False) -> Any:  # noqa: ANN401 - JSON
        """Change something and return the JSON that answers; `again` where doing it twice is doing it once.

        Raises Refused with the forge's words, Undecided where nobody knows whether it was done.
        """
        answer = self._demand(self.ask(method, path, body=body, again=again), "change it")
        return self.read(answer) if answer.body else None

    def ask(
        self,
        method: str,
        path: str,
        parameters: Mapping[str, str] = {},
        *,
        body: Mapping[str, Any] | None = None,
        again: bool = False,
    ) -> Answer:
        """Return the answer, whatever its status below 500; GET is tried again. Raises Undecided."""
        url = path if "://" in path else f"{self.api.url}{path}"
        tries = (*self.patience.pauses, None) if again or method == "GET" else (None,)
        for pause in tries:
            answer = self._answer(method, url, parameters, body)
            if isinstance(answer, Answer) and not _is_passing(answer):
                return answer
            if pause is None:
                break
            self.patience.sleep(self._wait(answer, pause))
        raise self._undecided(answer, method)

    def seen(self, look: Callable[[], Answered], good: Callable[[Answered], bool]) -> Answered:
        """Look until it is good, for some seconds: a forge learns of a push a moment later."""
        for pause in self.patience.until:
            found = look()
            if good(found):
                return found
            self.patience.sleep(pause)
        return look()

    def read(self, answer: Answer) -> Any:  # noqa: ANN401 - JSON
        """Return the JSON of an answer. Raises Undecided for anything else."""
        try:
            return msgspec.json.decode(answer.body)
        except msgspec.MsgspecError:
            self._unreadable("it is no JSON")

    def shaped(self, item: object, shape: type[Answered]) -> Answered:
        """Return JSON as a value. Raises Undecided where it is none."""
        try:
            return msgspec.convert(item, shape)
        except msgspec.ValidationError as wrong:
            self._unreadable(printable(str(wrong), 120))

    def words(self, answer: Answer) -> str:
        """Return what the forge says of a fault, printable and without the token; may be empty."""
        try:
            said = msgspec.json.decode(answer.body)
        except msgspec.MsgspecError:
            return ""
        found = list(_sentences(said))
        return printable(self.api.token.without("; ".join(dict.fromkeys(found))), 300)

    def refuse(self, answer: Answer, action: str) -> NoReturn:
        """Raise Refused for an answer that says no, with what can be done."""
        said = self.words(answer)
        about = f": {said}" if said else ""
        whence, repository = self.api.token.whence, printable(self.api.repository, 100)
        if answer.status == _NO_ENTRY:
            message = f"{self._host} does not know the token of {whence}{about}"
            raise Refused(message, hint=f"Make a new one that may {self.api.needs}.")
        if answer.status == _FORBIDDEN:
            message = f"the token of {whence} may not {action} in {repository} on {self._host}{about}"
            raise Refused(message, hint=f"It must be allowed to {self.api.needs}.")
        if answer.status == _ABSENT:
            message = f"{self._host} has no {repository}, or the token of {whence} may not see it"
            hint = f"Look at promotion.forge.repository; the token must be allowed to {self.api.needs}."
            raise Refused(message, hint=hint)
        if _MOVED <= answer.status < _CLIENT_FAULT:
            message = f"{self._host} sends us elsewhere, and a token goes to one host only"
            hint = "Was the repository renamed? Write its name and the API's URL at promotion.forge."
            raise Refused(message, hint=hint)
        message = f"{self._host} refuses to {action} (status {answer.status}){about}"
        raise Refused(message, hint="Look at the request there.")

    def _demand(self, answer: Answer, action: str) -> Answer:
        if not _OK <= answer.status < _MOVED:
            self.refuse(answer, action)
        return answer

    def _answer(
        self, method: str, url: str, parameters: Mapping[str, str], body: Mapping[str, Any] | None
    ) -> Answer | str:
        """Return what came, or why nothing did."""
        for _ in range(_MOST_HOPS):
            answer = self._in_time(method, url, parameters, body)
            if isinstance(answer, str) or not _MOVED <= answer.status < _CLIENT_FAULT or method != "GET":
                return answer
            import httpx

            there = str(httpx.URL(url).join(answer.headers.get("location", "")))
            if _origin(there) != _origin(self.api.url):
                return answer
            url, parameters = there, {}
        return answer

    def _in_time(
        self, method: str, url: str, parameters: Mapping[str, str], body: Mapping[str, Any] | None
    ) -> Answer | str:
        """Ask in a thread that is left at the deadline: httpx counts anew with every byte that comes.

        Who is left closes the connection itself, whenever its answer comes.
        """
        found: list[Answer | str] = []
        client = self._connected()
        settled = threading.Lock()  # whoever takes it first says whether the answer came in time

        def ask() -> None:
            answer = self._once(client, method, url, parameters, body)
            if settled.acquire(blocking=False):
                found.append(answer)
            else:
                client.close()

        asking = threading.Thread(target=ask, name="forge question", daemon=True)
        asking.start()
        asking.join(self.patience.answer)
        if not settled.acquire(blocking=False):
            asking.join()
            return found[0]
        self._client = None
        return f"no answer in {self.patience.answer:g} s"

    def _once(
        self,
        client: httpx.Client,
        method: str,
        url: str,
        parameters: Mapping[str, str],
        body: Mapping[str, Any] | None,
    ) -> Answer | str:
        import httpx

        headers = {"Authorization": self.api.token.header(self.api.scheme), "Accept": self.api.accept}
        content = None
        if body is not None:
            content, headers["Content-Type"] = msgspec.json.encode(body), "application/json"
        until = time.monotonic() + self.patience.answer
        try:
            with client.stream(
                method, url, params=dict(parameters) or None, content=content, headers=headers
            ) as response:
                taken = bytearray()
                for chunk in response.iter_bytes():
                    taken += chunk
                    if len(taken) > _MOST_BYTES:
                        return f"it answers with more than {_MOST_BYTES >> 20} MiB"
                    if time.monotonic() > until:
                        return f"it takes more than {self.patience.answer:g} s to answer"
                named = {key.lower(): value for key, value in response.headers.items()}
                return Answer(response.status_code, named, bytes(taken))
        except httpx.TimeoutException:
            return f"no answer in {self.patience.answer:g} s"
        except (httpx.HTTPError, httpx.InvalidURL) as wrong:
            return printable(self.api.token.without(str(wrong) or type(wrong).__name__), 200)

    def _connected(self) -> httpx.Client:
        if self._client is None:
            import httpx

            from sealock import __version__

            self._client = httpx.Client(
                timeout=self.patience.answer,
                follow_redirects=False,
                headers={"User-Agent": f"sealock/{__version__}"},
            )
        return self._client

    def _wait(self, answer: Answer | str, pause: float) -> float:
        """Return how long to wait before a new try. Raises Undecided where the forge asks for too long."""
        asked = _retry_after(answer) if isinstance(answer, Answer) else None
        if asked is None:
            return pause
        if asked > self.patience.asked:
            message = f"{self._host} lets nobody ask for another {asked:.0f} s: its rate limit is used up"
            raise Undecided(message, hint="Run it again after that.")
        return asked

    def _undecided(self, answer: Answer | str, method: str) -> Undecided:
        said = answer if isinstance(answer, str) else f"status {answer.status}"
        if isinstance(answer, Answer) and (words := self.words(answer)):
            said = f"{said}: {words}"
        unknown = "" if method == "GET" else "; nobody knows whether it did what was asked"
        message = f"{self._host} cannot be asked: {said}{unknown}"
        return Undecided(message, hint="Run it again: what is done by then is not done twice.")

    def _unreadable(self, why: str) -> NoReturn:
        message = f"the answer of {self._host} cannot be read: {why}"
        raise Undecided(message, hint="Is promotion.forge.url the URL of the API?")

    @property
    def _host(self) -> str:
        return printable(urlsplit(self.api.url).netloc, 100)


def _refuse_unsafe(url: str) -> None:
    parts = urlsplit(url)
    safe = parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _LOOPBACK)
    if safe and parts.hostname and "@" not in parts.netloc:
        return
    message = f"{printable(re.sub('//.*@', '//', url), 200)!r} is no URL that a token is sent to"
    raise UsageError(message, hint="promotion.forge.url must begin with https:// and hold no password.")


def _origin(url: str) -> tuple[str, str | None, int | None]:
    parts = urlsplit(url)
    return parts.scheme, parts.hostname, parts.port


def _is_passing(answer: Answer) -> bool:
    """Say whether a fault may be gone in a moment: an overload, or a rate limit.

    GitHub says 403 for its limits, too: docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api.
    """
    if answer.status == _TOO_MANY or answer.status >= _SERVER_FAULT:
        return True
    limited = answer.headers.get("x-ratelimit-remaining") == "0" or "retry-after" in answer.headers
    return answer.status == _FORBIDDEN and (
        limited or bool(_LIMITED.search(answer.body.decode("utf-8", "replace")))
    )


def _retry_after(answer: Answer) -> float | None:
    """Return the seconds that a forge asks to wait (RFC 9110 §10.2.3, or GitHub's x-ratelimit-reset)."""
    text = answer.headers.get("retry-after", "")
    if text.isascii() and text.isdigit():
        return float(text)
    now = datetime.now(UTC)
    if text:
        try:
            return max(0.0, (parsedate_to_datetime(text) - now).total_seconds())
        except (ValueError, TypeError):
            return None
    reset = answer.headers.get("x-ratelimit-reset", "")
    if answer.headers.get("x-ratelimit-remaining") == "0" and reset.isascii() and reset.isdigit():
        return max(0.0, int(reset) - now.timestamp())
    return None


def _sentences(said: object) -> Iterator[str]:
    """Yield the words in an answer: the forges use `message`, `error` and `errors`, as text or nested."""
    if isinstance(said, str):
        yield said
    elif isinstance(said, list):
        for each in said:
            yield from _sentences(each)
    elif isinstance(said, Mapping):
        for key in ("message", "error", "error_description", "errors"):
            if key in said:
                yield from _sentences(said[key])
