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


_PART = "[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*"
_LABEL = "[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?"
_HOST = rf"(?:{_LABEL}(?:\.{_LABEL})*|\[[a-fA-F0-9:]+\])(?::[0-9]+)?"
_NAME = re.compile(rf"(?:{_HOST}/)?({_PART}(?:/{_PART})*)", re.ASCII)
_TAG = re.compile(r"\w[\w.-]{0,127}", re.ASCII)
_HASH = re.compile(r"sha256:[0-9a-f]{64}|sha384:[0-9a-f]{96}|sha512:[0-9a-f]{128}")
_CUT_OFF = re.compile(r"@sha(?:256|512):[0-9a-fA-F]*$")
_LONGEST = 255


def is_cut_off(text: str) -> bool:
    """Say whether an image ends with what should be a digest and has another length, or capitals."""
    return bool(_CUT_OFF.search(text)) and not _HASH.fullmatch(text.rpartition("@")[2])


def refused_part(text: str) -> str:
    """Return `name`, `capitals`, `tag` or `digest`: why the kubelet refuses an image; empty when it does not.

    Source: pkg/util/parsers/parsers.go of k8s.io/kubernetes v1.36.3 (ParseImageName), which calls
    regexp.go and normalize.go of github.com/distribution/reference v0.6.0; a digest must also pass
    algorithm.go of github.com/opencontainers/go-digest v1.0.0.
    """
    rest, at, digest = text.partition("@")
    if at and not _HASH.fullmatch(digest):
        return "digest"
    head, slash, tail = rest.rpartition("/")
    last, colon, tag = tail.partition(":")
    name = f"{head}{slash}{last}"
    found = _NAME.fullmatch(name)
    if found is None:
        return "capitals" if _NAME.fullmatch(name.lower()) else "name"
    # An identifier without its algorithm is refused too.
    if len(found[1]) > _LONGEST or re.fullmatch("[a-f0-9]{64}", text):
        return "name"
    return "tag" if colon and not _TAG.fullmatch(tag) else ""
