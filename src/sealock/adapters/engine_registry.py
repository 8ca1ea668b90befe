"""Container registries, asked by an engine of their own: it has the network and the caller's environment."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Literal, NoReturn

import msgspec

from sealock.adapters.engine_answer import decoded
from sealock.adapters.engine_pool import EnginePool, engine_path
from sealock.domain.image import ImageRef
from sealock.domain.printable import printable
from sealock.domain.promotion import EvidenceRef
from sealock.errors import ConfigurationError, Undecided, UsageError
from sealock.ports import Resolved, SignatureAnswer

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sealock.adapters.engine import Engines
    from sealock.adapters.engine_pool import Problem

_TIMEOUT_SECONDS = 20.0
_GRACE_SECONDS = 5.0
_SHOWN = 300
_FINGERPRINT_SHOWN = 19


class _Signature(msgspec.Struct, frozen=True):
    form: str
    digest: str


class _Signed(msgspec.Struct, frozen=True):
    verdict: Literal["pass", "refuse", "unknown"]
    message: str
    signatures: tuple[_Signature, ...]
    key: str


_RESOLVED = msgspec.json.Decoder(Resolved)
_SIGNED = msgspec.json.Decoder(_Signed)


def open_registries() -> EnginePool:
    """Return the engine that asks registries; it starts with the first question. Raises EngineError."""
    return EnginePool([str(engine_path()), "registry"], 1)


def caller_environment() -> dict[str, str]:
    """Return what Docker's configuration, credential helpers and proxies are found by."""
    return {name: value for name, value in os.environ.items() if _is_text(name) and _is_text(value)}


def _is_text(value: str) -> bool:
    return value.isascii() or not any("\ud800" <= letter <= "\udfff" for letter in value)


class EngineRegistry:
    """Registries by go-containerregistry; implements the Registry port."""

    def __init__(
        self, pool: Engines, environment: Mapping[str, str], timeout_seconds: float = _TIMEOUT_SECONDS
    ) -> None:
        """Ask the engine of `pool`, which is one of `open_registries`.

        `environment` goes to it on its standard input: no other process of this machine can see it.
        """
        self._pool = pool
        self._timeout = timeout_seconds
        self._params = {"environment": environment, "timeout_ms": int(timeout_seconds * 1000)}

    def resolve(self, image: str) -> Resolved:
        """Return what `repository:tag` or `repository@digest` is. Raises UsageError, Undecided."""
        return decoded(self._asked("resolve", {"image": image}, image), _RESOLVED)

    def signed(self, image: str, key: str) -> SignatureAnswer:
        """Say whether `repository@digest` has a cosign signature by `key`, a PEM public key.

        Raises UsageError for no such image, ConfigurationError for no such key, Undecided.
        """
        found = decoded(self._asked("signed", {"image": image, "key": key}, image), _SIGNED)
        by = f"key {found.key[:_FINGERPRINT_SHOWN]}"
        evidence = tuple(
            EvidenceRef("signature", each.digest, f"{each.form} of {ImageRef.parse(image).digest} by {by}")
            for each in found.signatures
        )
        message = printable(found.message, _SHOWN) or f"signed by {by}"
        return SignatureAnswer(found.verdict, message, evidence)

    def _asked(self, op: str, item: Mapping[str, str], image: str) -> msgspec.Raw:
        if not _is_text(image):
            message = f"{printable(image)!r} is no image reference: it is no UTF-8"
            raise UsageError(message)
        deadline = self._timeout + _GRACE_SECONDS
        ((_, answer),) = self._pool.call(op, self._params, [item], deadline_seconds=deadline)
        if answer.error:
            _fail(answer.error, image)
        return answer.ok


def _fail(problem: Problem, image: str) -> NoReturn:
    shown, words = printable(image, _SHOWN), printable(problem.message, _SHOWN)
    host = shown.partition("/")[0]
    match problem.code:
        case "not-found":
            message = f"the registry has no image {shown} ({words})"
            raise UsageError(message, hint="Was it pushed, and is the tag right?")
        case "invalid-image":
            message = f"{shown!r} cannot be resolved: {words}"
            raise UsageError(message, hint=problem.hint or "Name it as REPOSITORY:TAG or REPOSITORY@DIGEST.")
        case "invalid-key":
            raise ConfigurationError(words, hint=problem.hint)
        case "unauthorized":
            message = f"the registry does not let us read {shown} ({words})"
            raise Undecided(message, hint=f"Run `docker login {host}`, or ask for access to the repository.")
        case "unreachable":
            message = f"the registry of {shown} cannot be asked: {words}"
            raise Undecided(
                message, hint="Is it up, and are proxies and certificates set as Docker needs them?"
            )
    message = f"the engine could not ask for {shown}: {problem.code}: {words}"
    raise Undecided(message, hint=problem.hint)
