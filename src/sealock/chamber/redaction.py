"""Keeps secrets out of records: known ones and well-known tokens are replaced, anything else stops it.

Works on parsed JSON, so that no escape hides a secret; the texts of a stream's deltas are joined first.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from sealock.chamber import event_stream, likely_secrets
from sealock.chamber.secret_forms import Forms
from sealock.errors import Refused

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

_OPAQUE = frozenset(
    {"encrypted_content", "id", "call_id", "item_id", "response_id", "previous_response_id", "obfuscation",
     "prompt_cache_key", "safety_identifier", "sha256", "request", "response", "request_hash"}
)  # fmt: skip
"""Keys whose values the provider or Sealock makes up; what is unlike text there is no secret."""

_MOST_KNOWN = 4096


class Leak(Refused):
    """Something that looks like a secret would have been written to a record, and nothing was."""


class _Judged(NamedTuple):
    text: str
    fault: str


class Redactor:
    """Redacts for one run; texts that come again in every request are judged once."""

    def __init__(self, secrets: Mapping[str, str], allowed: Sequence[str] = ()) -> None:
        """Take the known secrets by name, and patterns of what is none although it looks so.

        Raises UsageError for a secret that is too short.
        """
        named = {re.sub(r"[^A-Za-z0-9_.-]", "_", name): value for name, value in secrets.items()}
        self._forms = Forms(named)
        self._plain = [value.encode("utf-8", "surrogatepass") for value in named.values()]
        self._allowed = tuple(map(re.compile, allowed))
        self._known: dict[str, _Judged] = {}

    def knows(self, content: bytes) -> str:
        """Return the name of a known secret in these bytes, in any spelling, or empty."""
        found = self._forms.names_in(content)
        return found[0] if found else ""

    def value(self, found: Any, place: str = "$") -> Any:  # noqa: ANN401 - any JSON
        """Return JSON without secrets. Raises Leak, with the place, for what cannot be replaced safely."""
        if isinstance(found, str):
            return self._text(found, place)
        if isinstance(found, dict):
            return {
                self._text(key, f"{place} (a key)"): self._member(key, each, f"{place}.{key}")
                for key, each in found.items()
            }
        if isinstance(found, list | tuple):
            return [self.value(each, f"{place}[{index}]") for index, each in enumerate(found)]
        if isinstance(found, int | float) and not isinstance(found, bool):
            # A secret of digits can come as a number.
            spelled = str(found)
            replaced = self._forms.replaced(spelled)
            return found if replaced == spelled else replaced
        return found

    def json(self, content: bytes, place: str) -> bytes:
        """Return a body without secrets: JSON is spelled anew, anything else is text. Raises Leak."""
        try:
            parsed = msgspec.json.decode(content)
        except (msgspec.DecodeError, RecursionError):
            return self._raw(content, place)
        return self.checked(msgspec.json.encode(self.value(parsed, f"{place} $")), place)

    def stream(self, content: bytes, place: str) -> bytes:
        """Return an event stream without secrets, also without those that lie across deltas. Raises Leak."""
        events = event_stream.split(content)
        parsed = [event_stream.data(each) for each in events]
        self._join_deltas(parsed, place)
        written = [
            self._raw(raw, f"{place} event {index}")
            if value is None
            else self._event(raw, value, f"{place} event {index}")
            for index, (raw, value) in enumerate(zip(events, parsed, strict=True), 1)
        ]
        return self.checked(b"".join(written), place)

    def checked(self, content: bytes, place: str) -> bytes:
        """Return bytes that hold no known secret as it is. Raises Leak."""
        if any(each in content for each in self._plain):
            _leak("a known secret", place)
        return content

    def _member(self, key: str, each: Any, place: str) -> Any:  # noqa: ANN401 - any JSON
        if key in _OPAQUE and isinstance(each, str):
            return self._forms.replaced(each)
        return self.value(each, place)

    def _text(self, text: str, place: str) -> str:
        judged = self._known.get(text)
        if judged is None:
            judged = self._judge(text)
            if len(self._known) < _MOST_KNOWN:
                self._known[text] = judged
        if judged.fault:
            _leak(judged.fault, place)
        return judged.text

    def _judge(self, text: str) -> _Judged:
        redacted = likely_secrets.replaced(self._forms.replaced(text))
        if hidden := self._forms.hidden_in(redacted):
            return _Judged("", f"the secret {hidden}, in an encoding of its own,")
        at = next(likely_secrets.left_in(redacted, self._allowed), None)
        if at is not None:
            return _Judged("", f"something that looks like a secret, from character {at + 1},")
        return _Judged(redacted, "")

    def _raw(self, content: bytes, place: str) -> bytes:
        text = self._text(content.decode("utf-8", "surrogateescape"), place)
        return self.checked(text.encode("utf-8", "surrogateescape"), place)

    def _event(self, raw: bytes, value: Any, place: str) -> bytes:  # noqa: ANN401 - any JSON
        others = [line for line in raw.splitlines() if line and not line.startswith(b"data:")]
        head = b"".join(self._raw(line, place) + b"\n" for line in others)
        body = msgspec.json.encode(self.value(value, f"{place} $"))
        ended = b"\n" if raw.endswith((b"\n\n", b"\r\n\r\n", b"\r\r")) else b""
        return b"%bdata: %b\n%b" % (head, body, ended)

    def _join_deltas(self, parsed: list[Any], place: str) -> None:
        """Redact the deltas of one text as one; where that changes it, the first delta gets all of it."""
        for group in _deltas(parsed):
            text = "".join(each["delta"] for each in group)
            redacted = self._text(text, f"{place} (joined deltas)")
            if redacted != text:
                for each in group:
                    each["delta"] = ""
                group[0]["delta"] = redacted


def _deltas(parsed: Sequence[Any]) -> Iterator[list[dict[str, Any]]]:
    groups: dict[tuple[str, ...], list[dict[str, Any]]] = {}
    for each in parsed:
        if isinstance(each, dict) and isinstance(each.get("delta"), str):
            names = ("type", "item_id", "output_index", "content_index", "summary_index")
            groups.setdefault(tuple(str(each.get(name)) for name in names), []).append(each)
    yield from groups.values()


def _leak(what: str, place: str) -> None:
    message = f"{what} stands in {place}, so nothing is recorded"
    raise Leak(message, hint="Take it out of what the agent sees, or allow its pattern in the settings.")
