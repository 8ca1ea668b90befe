"""Which provider of the model is asked, and with how much patience."""

from __future__ import annotations

from urllib.parse import urlsplit

import msgspec

from sealock.domain.printable import printable
from sealock.errors import UsageError


class Timeouts(msgspec.Struct, frozen=True):
    """Seconds: to connect, to the first byte of an answer, between two bytes, for a whole answer."""

    connect: float = 10.0
    first_byte: float = 180.0
    idle: float = 120.0
    total: float = 1800.0


class Retries(msgspec.Struct, frozen=True):
    """How often a request is tried again before its answer began, and how long to wait, in seconds.

    The wait doubles from `first` up to `longest`; where the provider asks for more than `longest`, its
    refusal is passed on instead.
    """

    count: int = 4
    first: float = 0.5
    longest: float = 60.0


class Upstream(msgspec.Struct, frozen=True):
    """A provider with a Responses API: `url` ends in what stands before `/responses`.

    `headers` go with every request; `ca_file` holds certificates to trust instead of the system's.
    """

    url: str
    key: str = ""
    headers: dict[str, str] = {}
    ca_file: str = ""
    timeouts: Timeouts = Timeouts()
    retries: Retries = Retries()

    def __repr__(self) -> str:
        return f"Upstream({self.url})"


def checked(upstream: Upstream) -> Upstream:
    """Return the provider. Raises UsageError where its key would travel in the clear, or nowhere."""
    parts = urlsplit(upstream.url)
    shown = printable(upstream.url.partition("?")[0], 200)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.username:
        message = f"{shown} is no URL of a provider"
        raise UsageError(message, hint="Write it like https://api.example.com/v1.")
    if parts.scheme == "http" and parts.hostname not in {"127.0.0.1", "::1", "localhost"}:
        message = f"{shown} would send the key without TLS"
        raise UsageError(message, hint="Use https; http is for this machine only.")
    return upstream
