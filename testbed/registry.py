"""A real OCI registry for tests, in memory on loopback, and the little that is needed to fill it."""

from __future__ import annotations

import base64
import hashlib
import json
import select
import subprocess
from http.client import HTTPConnection
from typing import TYPE_CHECKING, Any, NamedTuple, Self

from testbed.build import registry as registry_program

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path
    from types import TracebackType

_START_SECONDS = 30
_ANSWER_SECONDS = 30
_STOP_SECONDS = 10
_OCTETS = "application/octet-stream"
INDEX = "application/vnd.oci.image.index.v1+json"
MANIFEST = "application/vnd.oci.image.manifest.v1+json"
CONFIG = "application/vnd.oci.image.config.v1+json"
BUNDLE = "application/vnd.dev.sigstore.bundle.v0.3+json"
SIGN = "https://sigstore.dev/cosign/sign/v1"
_SIMPLE = "application/vnd.dev.cosign.simplesigning.v1+json"
_STATEMENT = "application/vnd.in-toto+json"
_CREATED = 201


class Credentials(NamedTuple):
    """A user and a password; nobody is asked for an empty user."""

    user: str = ""
    password: str = ""


NOBODY = Credentials()


class RegistryError(Exception):
    """The registry does not come up, or does not take what it is given."""


class SigningKey:
    """A key pair made by openssl, as cosign's are: ECDSA P-256."""

    def __init__(self, folder: Path) -> None:
        """Make the key in `folder`."""
        self._private = folder / "private.pem"
        _openssl(["ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", str(self._private)])
        self.public = _openssl(["ec", "-in", str(self._private), "-pubout"]).decode("ascii")

    def sign(self, message: bytes) -> bytes:
        """Return a signature of the SHA-256 of `message`, in DER."""
        return _openssl(["dgst", "-sha256", "-sign", str(self._private)], message)


def _openssl(arguments: Sequence[str], stdin: bytes = b"") -> bytes:
    return subprocess.run(
        ["openssl", *arguments], input=stdin, capture_output=True, check=True, timeout=_ANSWER_SECONDS
    ).stdout


class OciRegistry:
    """Runs while it is entered. Raises RegistryError."""

    def __init__(self, credentials: Credentials = NOBODY, *, referrers: bool = True) -> None:
        """Prepare a registry; without `referrers` it does not list what refers to an image."""
        self._credentials = credentials
        flags = ["-user", credentials.user, "-password", credentials.password]
        self._command = [str(registry_program()), f"-referrers={str(referrers).lower()}", *flags]
        self._process: subprocess.Popen[bytes] | None = None
        self._port = 0

    def __enter__(self) -> Self:
        """Start it."""
        self._process = subprocess.Popen(
            self._command,
            stdin=subprocess.PIPE,  # it ends with this pipe
            stdout=subprocess.PIPE,
            start_new_session=True,
        )
        output = self._process.stdout
        if output is None or not select.select([output], [], [], _START_SECONDS)[0]:
            self._stop()
            message = f"it named no port in {_START_SECONDS} s"
            raise RegistryError(message)
        self._port = int(output.readline())
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop it, and forget what it had."""
        del kind, error, trace
        self._stop()

    def _stop(self) -> None:
        if self._process is None:
            return
        self._process.kill()
        self._process.wait(_STOP_SECONDS)
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe:
                pipe.close()
        self._process = None

    @property
    def host(self) -> str:
        """Its address as images name it: `127.0.0.1:41234`."""
        return f"127.0.0.1:{self._port}"

    def push_image(self, repository: str, tag: str, content: str = "") -> str:
        """Push an image without layers and return its digest; another `content` makes it another image."""
        return self._manifest(repository, tag, self._image(repository, content))

    def push_index(self, repository: str, tag: str, platforms: Sequence[str]) -> str:
        """Push an image for several platforms (`linux/arm64`) and return the index's digest."""
        manifests = []
        for each in platforms:
            system, architecture = each.split("/")
            raw = json.dumps(self._image(repository, each)).encode()
            digest = self._manifest(repository, "", raw)
            platform = {"os": system, "architecture": architecture}
            manifests.append(
                {"mediaType": MANIFEST, "digest": digest, "size": len(raw), "platform": platform}
            )
        index = {"schemaVersion": 2, "mediaType": INDEX, "manifests": manifests}
        return self._manifest(repository, tag, index)

    def sign(self, repository: str, digest: str, key: SigningKey) -> None:
        """Sign an image as cosign 2 does: a payload in a manifest beside it."""
        payload = _json(
            {
                "critical": {
                    "identity": {"docker-reference": ""},
                    "image": {"docker-manifest-digest": digest},
                    "type": "cosign container image signature",
                },
                "optional": None,
            }
        )
        signature = base64.b64encode(key.sign(payload)).decode("ascii")
        layer = self._blob(repository, payload, _SIMPLE) | {
            "annotations": {"dev.cosignproject.cosign/signature": signature}
        }
        manifest = self._image(repository, "signature") | {"layers": [layer]}
        self._manifest(repository, f"{digest.replace(':', '-')}.sig", manifest)

    def attest(self, repository: str, digest: str, key: SigningKey, predicate: str = SIGN) -> None:
        """Sign an image as cosign 3 does: a sigstore bundle that refers to it."""
        algorithm, _, value = digest.partition(":")
        statement = _json(
            {
                "_type": "https://in-toto.io/Statement/v1",
                "subject": [{"name": "", "digest": {algorithm: value}}],
                "predicateType": predicate,
                "predicate": {},
            }
        )
        kind = _STATEMENT.encode()
        message = b"DSSEv1 %d %b %d %b" % (len(kind), kind, len(statement), statement)
        envelope = {
            "payload": base64.b64encode(statement).decode("ascii"),
            "payloadType": _STATEMENT,
            "signatures": [{"sig": base64.b64encode(key.sign(message)).decode("ascii")}],
        }
        layer = self._blob(repository, _json({"mediaType": BUNDLE, "dsseEnvelope": envelope}), BUNDLE)
        subject = {"mediaType": MANIFEST, "digest": digest, "size": 2}
        manifest = self._image(repository, "bundle") | {
            "artifactType": BUNDLE,
            "layers": [layer],
            "subject": subject,
        }
        self._manifest(repository, "", manifest)

    def _image(self, repository: str, content: str) -> dict[str, Any]:
        config = self._blob(
            repository, _json({"content": content}), "application/vnd.oci.image.config.v1+json"
        )
        return {"schemaVersion": 2, "mediaType": MANIFEST, "config": config, "layers": []}

    def _blob(self, repository: str, content: bytes, media_type: str) -> dict[str, Any]:
        digest = _digest(content)
        self._ask("POST", f"/v2/{repository}/blobs/uploads/?digest={digest}", content, _OCTETS)
        return {"mediaType": media_type, "digest": digest, "size": len(content)}

    def _manifest(self, repository: str, tag: str, manifest: Mapping[str, Any] | bytes) -> str:
        raw = manifest if isinstance(manifest, bytes) else json.dumps(manifest).encode()
        digest = _digest(raw)
        media_type = json.loads(raw)["mediaType"]
        self._ask("PUT", f"/v2/{repository}/manifests/{tag or digest}", raw, media_type)
        return digest

    def _ask(self, method: str, path: str, body: bytes, media_type: str) -> None:
        connection = HTTPConnection("127.0.0.1", self._port, timeout=_ANSWER_SECONDS)
        credentials = ":".join(self._credentials).encode()
        headers = {
            "Content-Type": media_type,
            "Authorization": f"Basic {base64.b64encode(credentials).decode('ascii')}",
        }
        try:
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            words = answer.read().decode("utf-8", "replace")
        finally:
            connection.close()
        if answer.status != _CREATED:
            message = f"{method} {path}: {answer.status} {words}"
            raise RegistryError(message)


def _json(value: Mapping[str, Any]) -> bytes:
    return json.dumps(value).encode()


def _digest(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"
