"""What looks like a secret although nobody named it: well-known tokens, and text without any pattern.

Hexadecimal digests, UUIDs, signatures and ciphertexts are everyday things in such repositories: they count
only behind a name that says that they are secret.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_KNOWN = (
    ("private key", r"-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)"),
    ("API key", r"\bsk-[A-Za-z0-9_-]{20,}"),
    ("GitHub token", r"\bgh[pousr]_[A-Za-z0-9]{30,}|\bgithub_pat_[A-Za-z0-9_]{30,}"),
    ("GitLab token", r"\bgl(?:pat|ptt|dt|rt|cbt)-[A-Za-z0-9_-]{20,}"),
    ("Slack token", r"\bxox[abeprs]-[A-Za-z0-9-]{10,}"),
    ("AWS key", r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b"),
    ("Google key", r"\bAIza[A-Za-z0-9_-]{35}"),
    ("JSON web token", r"\beyJ[A-Za-z0-9_-]{8,}\.eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}"),
    ("age key", r"\bAGE-SECRET-KEY-1[0-9A-Z]{40,}"),
    ("Vault token", r"\bhv[sbr]\.[A-Za-z0-9_-]{20,}"),
    ("npm token", r"\bnpm_[A-Za-z0-9]{36}"),
    ("password in a URL", r"(?<=://)[^\s/:@\"'<>]+:[^\s/@\"'<>]{3,}(?=@)"),
)
_KNOWN_PATTERNS = tuple((name, re.compile(pattern)) for name, pattern in _KNOWN)

_PUBLIC = re.compile(
    r"\[redacted:[^\]]*\]"
    r"|(?:sha(?:1|256|384|512)[:-]|h1:|md5:)[A-Za-z0-9+/=_-]+"
    r"|-----BEGIN (?:CERTIFICATE|PUBLIC KEY|PGP [A-Z ]+|AGE ENCRYPTED FILE)-----[\s\S]*?-----END [A-Z ]+-----"
    r"|\bLS0tLS1CRUdJTiBDRVJU[A-Za-z0-9+/=]+"
    r"|\bAAAA(?:[BC]3Nza|E2Vj)[A-Za-z0-9+/=]+"
    r"|\bENC\[[^\]]*\]"
    r"|\bAg[A-D][A-Za-z0-9+/]{150,}=*"
    r"|data:image/[a-z+]+;base64,[A-Za-z0-9+/=]+"
)
"""Digests, certificates, public keys, what is encrypted for the repository, pictures."""

_UUID = re.compile(
    r"(?<![A-Za-z0-9])(?:[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9A-F]{8}(?:-[0-9A-F]{4}){3}-[0-9A-F]{12})"
    r"(?![A-Za-z0-9])"
)
"""An identifier by its form: what stands around it is judged without it."""

_TOKEN = re.compile(r"[A-Za-z0-9+/_=-]{24,}")
_PIECES = re.compile(r"[^A-Za-z0-9]+")
_NAMED = re.compile(
    r"(?i)(?:secret|token|passw(?:or)?d|api[_-]?key|private[_-]?key|access[_-]?key|credential)[\w.-]{0,20}"
    r"[\"'\\]{0,3}\s*[:=]\s*[\"'\\]{0,3}([A-Za-z0-9+/_=-]{16,})"
)
_HEX = re.compile(r"[0-9a-fA-F]+")

# Measured: finds 97 of 100 random texts of Base64 of 24 characters, 99.9 of 40; 10 places in 5 MB of this
# repository.
_LEAST_ENTROPY = 0.77
_LEAST_CHANGES = 0.36
_LEAST_CHANGES_NAMED = 0.3
_LETTERS = 64
_SHORTEST_TOKEN = 24


def replaced(text: str) -> str:
    """Return a text with `[redacted:KIND]` in place of tokens whose form says what they are."""
    for name, pattern in _KNOWN_PATTERNS:
        text = pattern.sub(f"[redacted:{name}]", text)
    return text


def left_in(text: str, allowed: Sequence[re.Pattern[str]] = ()) -> Iterator[int]:
    """Yield where in a text something begins that looks like a secret; what `allowed` matches does not."""
    if len(text) < _SHORTEST_TOKEN and not _NAMED.search(text):
        return
    covered = [found.span() for pattern in (_PUBLIC, *allowed) for found in pattern.finditer(text)]
    for found in _NAMED.finditer(text):
        if not _inside(found.start(1), covered) and _named_secret(found[1]):
            yield found.start(1)
    for found in _TOKEN.finditer(_UUID.sub(lambda uuid: " " * len(uuid[0]), text)):
        if not _inside(found.start(), covered) and _random(found[0]):
            yield found.start()


def _inside(at: int, spans: Sequence[tuple[int, int]]) -> bool:
    return any(start <= at < end for start, end in spans)


def _random(token: str) -> bool:
    pieces = (token, *(each for each in _PIECES.split(token) if len(each) >= _SHORTEST_TOKEN))
    return any(_mixed(each) and _changes(each) >= _LEAST_CHANGES and _dense(each) for each in pieces)


def _named_secret(value: str) -> bool:
    if _UUID.fullmatch(value):
        return True
    if _HEX.fullmatch(value):
        return not value.isdigit() and not value.isalpha()
    has_digit = any(each.isdigit() for each in value)
    return has_digit and _changes(value) >= _LEAST_CHANGES_NAMED and _dense(value)


def _mixed(token: str) -> bool:
    tests = (str.isupper, str.islower, str.isdigit)
    return all(any(map(test, token)) for test in tests)


def _dense(token: str) -> bool:
    """Say whether the Shannon entropy is near that of random characters, for so short a text."""
    size = len(token)
    entropy = -sum(count / size * math.log2(count / size) for count in Counter(token).values())
    return entropy >= _LEAST_ENTROPY * math.log2(min(size, _LETTERS))


def _changes(token: str) -> float:
    """Return how often, from one character to the next, upper case, lower case and digits take turns."""
    pairs = [(one, other) for one, other in pairwise(token) if (one + other).isalnum()]
    changed = sum(_kind(one) != _kind(other) for one, other in pairs)
    return changed / len(pairs) if pairs else 0.0


def _kind(character: str) -> int:
    return 0 if character.isdigit() else 1 if character.isupper() else 2
