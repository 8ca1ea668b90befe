"""Container image references and digests."""

from __future__ import annotations

import re

import msgspec

_DIGEST = re.compile(r"sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128}")


class InvalidImage(ValueError):
    """The text is no image reference or digest; the message quotes it."""


class Digest(msgspec.Struct, frozen=True):
    """An OCI digest such as `sha256:9f86…` (64 lower-case hex digits; 128 for sha512).

    Source: OCI image-spec, descriptor.md, "Digests".
    """

    value: str

    @classmethod
    def parse(cls, text: str) -> Digest:
        """Return the digest in `text`. Raises InvalidImage quoting the input."""
        if not _DIGEST.fullmatch(text):
            msg = f"{text!r} is no digest; expected sha256: and 64 lower-case hex digits"
            raise InvalidImage(msg)
        return cls(text)

    def __str__(self) -> str:
        return self.value


class ImageRef(msgspec.Struct, frozen=True):
    """An image reference in parts: `ghcr.io/acme/api:1.4@sha256:…` → name, tag, digest."""

    name: str
    tag: str | None = None
    digest: Digest | None = None

    @classmethod
    def parse(cls, text: str) -> ImageRef:
        """Split `text` at its digest and tag. Raises InvalidImage quoting the input.

        A colon is a tag only after the last slash: `localhost:5000/api` has no tag.
        """
        rest, at, digest = text.partition("@")
        head, slash, tail = rest.rpartition("/")
        name, colon, tag = tail.partition(":")
        if not name or (colon and not tag) or (at and not digest) or any(c.isspace() for c in text):
            msg = f"{text!r} is no image reference; expected NAME[:TAG][@DIGEST]"
            raise InvalidImage(msg)
        return cls(head + slash + name, tag or None, Digest.parse(digest) if at else None)

    def __str__(self) -> str:
        tag = f":{self.tag}" if self.tag else ""
        digest = f"@{self.digest}" if self.digest else ""
        return f"{self.name}{tag}{digest}"
