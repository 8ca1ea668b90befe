"""How a known secret can be spelled: as it is, escaped, in hexadecimal, in URLs, inside Base64."""

from __future__ import annotations

import base64
import json
import re
from contextlib import suppress
from typing import TYPE_CHECKING
from urllib.parse import quote, quote_plus, unquote

from sealock.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

SHORTEST = 8
"""Characters; what is shorter cannot be told from ordinary text."""

_BASE64 = r"[A-Za-z0-9+/_-]"
_LONGEST_DECODED = 1 << 20
_DEPTH = 3
_ENCODED = re.compile(r"[A-Za-z0-9+/_-]{10,}={0,2}")
_ESCAPE = re.compile(r"\\(?:u([0-9a-fA-F]{4})|x([0-9a-fA-F]{2}))")
_SPACES = dict.fromkeys(map(ord, " \t\r\n\v\f"))


class Forms:
    """The spellings of some secrets, by name; finds and replaces them, over white space too."""

    def __init__(self, secrets: Mapping[str, str]) -> None:
        """Take secrets by name. Raises UsageError for one that is too short to be found reliably."""
        for name, value in secrets.items():
            if len(value.translate(_SPACES)) < SHORTEST:
                message = f"the secret {name} has fewer than {SHORTEST} characters"
                raise UsageError(message, hint="It cannot be told from ordinary text; use a longer one.")
        self._secrets = dict(secrets)
        self._forms = [(name, form) for name, value in secrets.items() for form in _spelled(value)]
        self._squeezed = [(name, _squeezed(_bytes(form))) for name, form in self._forms]

    def names_in(self, text: str | bytes) -> tuple[str, ...]:
        """Return the names of the secrets that stand in a text in some spelling."""
        # Bytes, because conversations are long and every request is looked at before it is sent.
        squeezed = _squeezed(text if isinstance(text, bytes) else _bytes(text))
        return tuple(dict.fromkeys(name for name, form in self._squeezed if form in squeezed))

    def replaced(self, text: str) -> str:
        """Return a text with `[redacted:NAME]` in place of every spelling."""
        found = set(self.names_in(text))
        if not found:
            return text
        for name, form in sorted(self._forms, key=lambda each: -len(each[1])):
            if name in found:
                text = _pattern(form).sub(f"[redacted:{name}]", text)
        # Base64 around a secret holds parts of its first and last characters.
        return re.sub(
            rf"{_BASE64}*(\[redacted:(?:{'|'.join(map(re.escape, found))})\]){_BASE64}*=*", r"\1", text
        )

    def hidden_in(self, text: str) -> str:
        """Return the name of a secret that decoding a text up to three times brings to light, or empty."""
        if not self._secrets:
            return ""
        seen = {text}
        layer = [text]
        for _ in range(_DEPTH):
            for each in layer:
                if found := self.names_in(each):
                    return found[0]
            layer = [new for each in layer for new in _decodings(each) if new not in seen]
            seen.update(layer)
        return next((found[0] for each in layer if (found := self.names_in(each))), "")


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def _squeezed(content: bytes) -> bytes:
    return content.translate(None, b" \t\r\n\v\f")


def _pattern(form: str) -> re.Pattern[str]:
    return re.compile(r"\s*".join(map(re.escape, form.translate(_SPACES))))


def _spelled(secret: str) -> set[str]:
    content = _bytes(secret)
    forms = {secret, secret[::-1]}
    for plain in (json.dumps(secret)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1]):
        forms |= {plain, json.dumps(plain)[1:-1]}
    for quoted in (quote(content, safe=""), quote(content), quote_plus(content)):
        forms |= {quoted, re.sub("%..", lambda found: found[0].lower(), quoted)}
    digits = content.hex()
    forms |= {digits, digits.upper(), content.hex(":"), content.hex(" ")}
    forms |= {"".join(f"{mark}{each:02x}" for each in content) for mark in ("%", r"\x", r"\\x")}
    forms |= set(_in_base64(content))
    return {form for form in forms if form.translate(_SPACES)}


def _in_base64(content: bytes) -> Iterator[str]:
    """Yield what of Base64 depends on the secret alone, for each of the three places it can begin at."""
    for before in range(3):
        encoded = base64.b64encode(bytes(before) + content).decode()
        start = -(-before * 8 // 6)
        end = (before + len(content)) * 8 // 6
        yield encoded[start:end]
        yield encoded[start:end].translate({ord("+"): "-", ord("/"): "_"})


def _decodings(text: str) -> Iterator[str]:
    """Yield what a text says after one decoding of the whole of it, or of a word in it."""
    if len(text) > _LONGEST_DECODED:
        return
    if "%" in text:
        yield unquote(text, errors="replace")
    if "\\" in text:
        yield _ESCAPE.sub(lambda found: chr(int(found[1] or found[2], 16)), text)
    # Programs break long lines of Base64.
    for joined in dict.fromkeys((text, text.translate(_SPACES))):
        for word in _ENCODED.findall(joined):
            yield from _decoded(word)


def _decoded(word: str) -> Iterator[str]:
    plain = word.rstrip("=").translate({ord("-"): "+", ord("_"): "/"})
    contents = [_from_base64(plain[start:]) for start in range(4)]
    with suppress(ValueError):
        contents.append(bytes.fromhex(word))
    yield from filter(_is_text, (each.decode("utf-8", "replace") for each in contents))


def _from_base64(plain: str) -> bytes:
    whole = plain[: len(plain) - (len(plain) % 4 == 1)]
    return base64.b64decode(whole + "=" * (-len(whole) % 4))


def _is_text(text: str) -> bool:
    """Say whether bytes were mostly text, so that hashes and pictures are not decoded further."""
    return bool(text) and text.count("\N{REPLACEMENT CHARACTER}") * 10 <= len(text)
