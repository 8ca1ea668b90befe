"""No secret reaches a record: replaced where it can be found, refused where it cannot be replaced."""

from __future__ import annotations

import base64
import json
import os
import shutil
import string
import tempfile
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from tests.chamber.records import NOON, answered, delta, every_byte, manifest

from sealock.chamber import likely_secrets
from sealock.chamber.redaction import Leak, Redactor
from sealock.chamber.run_store import RunStore
from sealock.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

_CHARACTERS = string.ascii_letters + string.digits + "-_+/=.\"\\' %ü€"
_AROUND = st.text(string.ascii_lowercase + " \n", max_size=12)


@cache
def _own_words() -> str:
    """Return what every record says: a secret that is part of it cannot be told from it."""
    return _record_of("no secret of anybody", b"", "").decode("utf-8", "replace")


def _is_secret(text: str) -> bool:
    return len("".join(text.split())) >= 12 and text not in _own_words()


_SECRETS: st.SearchStrategy[str] = st.text(_CHARACTERS, min_size=12, max_size=60).filter(_is_secret)


def _base64(secret: bytes, before: str, after: str) -> str:
    return base64.b64encode(before.encode() + secret + after.encode()).decode()


def _base64_lines(secret: bytes, before: str, after: str) -> str:
    return base64.encodebytes(before.encode() + secret * 3 + after.encode()).decode()


def _base64_twice(secret: bytes, _: str, after: str) -> str:
    return base64.b64encode(base64.b64encode(secret + after.encode())).decode()


_SPELLINGS: dict[str, Callable[[bytes, str, str], str]] = {
    "plain": lambda secret, before, after: before + secret.decode() + after,
    "JSON in a text": lambda secret, before, after: json.dumps({before: secret.decode() + after}),
    "URL": lambda secret, before, after: f"{before}?q={quote(secret, safe='')}&{after}",
    "Base64": _base64,
    "Base64 for URLs": lambda *all_of_it: _base64(*all_of_it).replace("+", "-").replace("/", "_"),
    "Base64 in lines": _base64_lines,
    "hexadecimal": lambda secret, before, after: f"{before} {secret.hex()} {after}",
    "twice in Base64": _base64_twice,
    "folded": lambda secret, before, after: before + "\n".join(secret.decode()) + after,
    "backwards": lambda secret, before, after: before + secret.decode()[::-1] + after,
    "percent signs": lambda secret, *_: "".join(f"%{each:02X}" for each in secret),
}


def _traces(secret: str) -> list[bytes]:
    """Return the bytes that must not be found: the secret as it is and as simple programs spell it."""
    content = secret.encode()
    inside = base64.b64encode(content).decode().rstrip("=")[:-1]
    return [
        content,
        json.dumps(secret)[1:-1].encode(),
        quote(content, safe="").encode(),
        content.hex().encode(),
        inside.encode(),
        base64.urlsafe_b64encode(content).rstrip(b"=")[:-1],
        base64.b64encode(base64.b64encode(content))[:-6],
    ]


def _record_of(secret: str, response: bytes, text: str) -> bytes:
    """Return every byte of a record of a request and an answer, also where it was refused."""
    folder = tempfile.mkdtemp()
    try:
        recorder = RunStore(folder).begin(manifest(), Redactor({"key": secret}))
        try:
            recorder.add(answered({"input": [{"type": "message", "text": text, text: 1}]}, response))
            recorder.finish(manifest(final_message=text, reason=text))
        except Leak:
            with pytest.raises(Leak):
                recorder.finish(manifest(final_message=text, reason=text))
        return every_byte(Path(folder))
    finally:
        shutil.rmtree(folder)


@pytest.mark.parametrize("spelling", _SPELLINGS)
@settings(deadline=None, max_examples=int(os.environ.get("SEALOCK_PROPERTY_EXAMPLES", "20")))
@given(_SECRETS, _AROUND, _AROUND)
@example("sk-proj-0123456789", "a", "")
def test_a_planted_secret_is_in_no_byte_of_the_record(
    spelling: str, secret: str, before: str, after: str
) -> None:
    text = _SPELLINGS[spelling](secret.encode(), before, after)

    held = _record_of(secret, delta(text), text)

    assert [trace for trace in _traces(secret) if trace in held] == []


@settings(deadline=None, max_examples=40)
@given(_SECRETS, _AROUND, st.data())
def test_a_secret_split_over_deltas_is_in_no_byte_and_in_no_joined_text(
    secret: str, before: str, data: st.DataObject
) -> None:
    text = before + secret
    cuts = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=6)))
    pieces = [text[start:end] for start, end in zip([0, *cuts], [*cuts, len(text)], strict=True)]

    recorded = Redactor({"key": secret}).stream(b"".join(map(delta, pieces)), "here")

    joined = "".join(json.loads(line[6:])["delta"] for line in recorded.splitlines() if line[:5] == b"data:")
    assert secret not in joined
    assert secret.encode() not in recorded
    assert "[redacted:key]" in joined


def test_a_stream_without_secrets_says_the_same() -> None:
    stream = delta("hello ") + delta("world") + b": a comment\n\nevent: end\ndata: not json\n\ndata: {}"

    assert stream.split() == Redactor({"key": "sk-0123456789"}).stream(stream, "here").split()


@pytest.mark.parametrize(
    ("token", "name"),
    [
        ("ghp_" + "a1B2" * 9, "GitHub token"),
        ("sk-proj-" + "a1B2" * 9, "API key"),
        ("AKIA" + "A1B2" * 4, "AWS key"),
        ("-----BEGIN RSA PRIVATE KEY-----\nabc\n-----END RSA PRIVATE KEY-----", "private key"),
        ("glpat-" + "a1B2" * 5, "GitLab token"),
    ],
)
def test_a_token_that_says_what_it_is_is_replaced(token: str, name: str) -> None:
    assert f"use [redacted:{name}] now" == Redactor({}).value(f"use {token} now")


@pytest.mark.parametrize(
    "text",
    [
        "value Zk3Q9xLp2VtY7wRb5NcH8mJd4GsK1fTa",
        "password: hunter2hunter2x9Kq3",
        "API_KEY=0123456789abcdef0123456789abcdef",
        '{"token": "0123456789abcdef0123456789abcdef"}',
        "api_key: 01a1ff68-fba3-76f1-ab86-157cd7a5eec4",
        "01a1ff68-fba3-76f1-ab86-157cd7a5eec4-Zk3Q9xLp2VtY7wRb5NcH8mJd4GsK1fTa",
    ],
)
def test_what_looks_like_a_secret_is_refused_with_its_place(text: str) -> None:
    with pytest.raises(Leak) as caught:
        Redactor({}).value({"input": [{"output": text}]}, "request")

    assert "request.input[0].output" in caught.value.message
    assert caught.value.exit_code == 1


@pytest.mark.parametrize(
    "text",
    [
        "image: ghcr.io/acme/ledger@sha256:" + "0a1b" * 16,
        "commit 0a1b2c3d4e5f60718293a4b5c6d7e8f901234567",
        "CODEX_SESSION_ID=01a1ff68-fba3-76f1-ab86-157cd7a5eec4",
        "PERSISTENT_VOLUME=/pvc-01A1FF68-FBA3-76F1-AB86-157CD7A5EEC4/data",
        "github.com/spf13/pflag v1.0.10 h1:4EBh2KAYBwaONj6b2Ye1GiHfwjqyROoF4RwYO+vPwFk=",
        "PodDisruptionBudgetUnhealthyPodEvictionPolicy",
        "/usr/lib/python3.11/site-packages/Some2Package3/Module",
        "password: ${DATABASE_PASSWORD}",
        "secretName: ledger-database-credentials-v2",
        "payment-service-7d9f8b6c5d-x2x4z",
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGk9yqFQ3cT5b7Xz2R4nW8mK1pL6vJ0dH5sA7fG9eU2i",
    ],
)
def test_everyday_text_of_such_a_repository_is_no_secret(text: str) -> None:
    assert list(likely_secrets.left_in(text)) == []


def test_what_the_settings_allow_is_no_secret() -> None:
    text = "id Zk3Q9xLp2VtY7wRb5NcH8mJd4GsK1fTa"

    assert text == Redactor({}, ("Zk3Q[A-Za-z0-9]+",)).value(text)


def test_encrypted_reasoning_is_the_providers_own() -> None:
    item = {"type": "reasoning", "encrypted_content": "gAAAAABo" + "Zk3Q9xLp2VtY7wRb5NcH8mJd4GsK1fTa" * 4}

    assert item == Redactor({}).value(item)


def test_a_secret_too_short_to_be_found_is_refused() -> None:
    with pytest.raises(UsageError) as caught:
        Redactor({"pin": "1234"})

    assert caught.value.message == "the secret pin has fewer than 8 characters"


def test_a_secret_of_digits_is_found_in_a_number() -> None:
    assert Redactor({"pin": "12345678901"}).value({"a": 12345678901}) == {"a": "[redacted:pin]"}


def test_of_a_key_that_stands_twice_nothing_stays_hidden() -> None:
    body = b'{"a":"sk-0123456789","a":"x"}'

    assert Redactor({"key": "sk-0123456789"}).json(body, "here") == b'{"a":"x"}'


def test_a_refused_exchange_leaves_a_failed_record_that_says_where(tmp_path: Path) -> None:
    store = RunStore(str(tmp_path))
    recorder = store.begin(manifest(), Redactor({}))
    secret = "Zk3Q9xLp2VtY7wRb5NcH8mJd4GsK1fTa"  # noqa: S105 - made up
    with pytest.raises(Leak):
        recorder.add(answered({"input": secret}))
    with pytest.raises(Leak):
        recorder.add(answered({"input": "harmless"}))

    with pytest.raises(Leak):
        recorder.finish(manifest(final_message=secret))

    found = store.open(manifest().id)
    assert found.manifest.outcome == "failed"
    assert "the request of exchange main/0" in found.manifest.reason
    assert found.exchanges == ()
    assert secret.encode() not in every_byte(tmp_path)
    assert found.manifest.started == NOON
