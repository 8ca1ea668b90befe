"""One spelling for each JSON value, so that a digest names it (RFC 8785)."""

from __future__ import annotations

import hashlib

import msgspec


def canonical(value: object) -> bytes:
    """Return the canonical JSON of a struct or plain value."""
    import rfc8785  # noqa: PLC0415 - few commands need it

    return rfc8785.dumps(msgspec.to_builtins(value))


def digest_of(value: object) -> str:
    """Return `sha256:…` over the canonical JSON of a struct or plain value."""
    return f"sha256:{hashlib.sha256(canonical(value)).hexdigest()}"
