"""What the tests ask of a real API server, and what it says: over HTTPS, with nothing in between."""

from __future__ import annotations

import json
import re
import time
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import quote

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from testbed.control_plane import Access
    from tests.agreement.manifests import Manifest

_DISCOVERY = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"
_WARNING = re.compile(r'^299 \S+ "((?:[^"\\]|\\.)*)"$')
_WAIT_SECONDS = 60
_POLL_SECONDS = 0.1


class Reply(NamedTuple):
    """An answer: HTTP status, the decoded body, and the texts of its Warning headers."""

    status: int
    body: Manifest
    warnings: tuple[str, ...]

    @property
    def accepted(self) -> bool:
        """Say whether it is a success."""
        return self.status in {200, 201}


class Resource(NamedTuple):
    """Where the objects of a kind live."""

    prefix: str
    plural: str
    namespaced: bool


class ApiServer:
    """One connection, one user: an administrator."""

    def __init__(self, access: Access) -> None:
        """Ask the API server behind `access`."""
        self._connection = access.connect()
        self._token = access.token
        self._resources: dict[tuple[str, str], Resource] = {}
        self._namespaces: set[str] = set()
        self.discover()

    def close(self) -> None:
        """End the connection."""
        self._connection.close()

    def discover(self) -> None:
        """Learn which kinds are served."""
        for root in ("/api", "/apis"):
            for group in self._send("GET", root).body["items"]:
                for version in group["versions"]:
                    self._learn(group["metadata"].get("name", ""), version)

    def _learn(self, group: str, version: Manifest) -> None:
        api = f"{group}/{version['version']}" if group else version["version"]
        prefix = f"/apis/{api}" if group else f"/api/{api}"
        for each in version.get("resources", ()):
            kind = each.get("responseKind", {}).get("kind", "")
            if "create" in each["verbs"]:
                resource = Resource(prefix, each["resource"], each["scope"] == "Namespaced")
                self._resources[api, kind] = resource

    def resource(self, manifest: Manifest) -> Resource | None:
        """Return where a manifest's kind lives; None when nothing of that name is served."""
        return self._resources.get((str(manifest.get("apiVersion", "")), str(manifest.get("kind", ""))))

    def create(self, manifest: Manifest, *, keep: bool = False) -> Reply:
        """POST it as `kubectl create --validate=strict` does; unless `keep`, as a dry run."""
        return self._send("POST", self._collection(manifest) + _query(keep=keep), manifest)

    def apply(self, manifest: Manifest, *, keep: bool = False) -> Reply:
        """PATCH it as `kubectl apply --server-side --force-conflicts --validate=strict` does."""
        query = _query(keep=keep) + "&fieldManager=agreement&force=true"
        return self._send("PATCH", self._place(manifest) + query, manifest, kind="apply-patch+yaml")

    def stand_in(self, manifest: Manifest, part: str, change: Manifest) -> None:
        """Do a controller's work: merge a change into what is there, `part` being empty or `/status`."""
        reply = self._send("PATCH", self._place(manifest) + part, change, kind="merge-patch+json")
        assert reply.accepted, reply

    def ensure_namespace(self, name: str, labels: dict[str, str] | None = None) -> None:
        """Create a namespace that is not there yet."""
        if name in self._namespaces:
            return
        manifest = {
            "apiVersion": "v1",
            "kind": "Namespace",
            "metadata": {"name": name, "labels": labels or {}},
        }
        reply = self._send("POST", "/api/v1/namespaces", manifest)
        assert reply.status in {201, 409}, reply
        self._namespaces.add(name)

    def define(self, definitions: Sequence[Manifest]) -> None:
        """Create CustomResourceDefinitions and wait until their kinds are served."""
        for each in definitions:
            reply = self.create(each, keep=True)
            assert reply.accepted, reply
        self.wait_until_served(definitions)

    def wait_until_served(self, definitions: Sequence[Manifest]) -> None:
        """Wait until every kind of definitions that exist is served."""
        wanted = {
            (f"{each['spec']['group']}/{version['name']}", each["spec"]["names"]["kind"])
            for each in definitions
            for version in each["spec"]["versions"]
            if version["served"]
        }

        def served() -> bool:
            self.discover()
            return wanted <= self._resources.keys()

        _wait(served, f"{sorted(wanted)} are not served")

    def wait_until_refused(self, manifest: Manifest) -> None:
        """Wait until creating an object is refused: policies take a moment to hold."""
        _wait(lambda: not self.create(manifest).accepted, f"nothing refuses {manifest}")

    def _collection(self, manifest: Manifest) -> str:
        resource = self.resource(manifest)
        assert resource is not None, manifest
        if not resource.namespaced:
            return f"{resource.prefix}/{resource.plural}"
        return f"{resource.prefix}/namespaces/{namespace_of(manifest)}/{resource.plural}"

    def _place(self, manifest: Manifest) -> str:
        return f"{self._collection(manifest)}/{quote(str(manifest['metadata']['name']), safe='')}"

    def _send(self, method: str, path: str, body: Manifest | None = None, *, kind: str = "json") -> Reply:
        headers = {
            "Authorization": f"Bearer {self._token}",
            "Accept": "application/json" if body else _DISCOVERY,
            "Content-Type": f"application/{kind}",
        }
        self._connection.request(method, path, json.dumps(body) if body else None, headers)
        response = self._connection.getresponse()
        warnings = response.headers.get_all("Warning") or []
        return Reply(response.status, json.loads(response.read()), tuple(map(_warning_text, warnings)))


def _wait(done: Callable[[], bool], complaint: str) -> None:
    deadline = time.monotonic() + _WAIT_SECONDS
    while not done():
        assert time.monotonic() < deadline, complaint
        time.sleep(_POLL_SECONDS)


def namespace_of(manifest: Manifest) -> str:
    """Return the namespace that a request for the object goes to."""
    metadata = manifest.get("metadata")
    return str((isinstance(metadata, dict) and metadata.get("namespace")) or "default")


def _query(*, keep: bool) -> str:
    return "?fieldValidation=Strict" + ("" if keep else "&dryRun=All")


def _warning_text(header: str) -> str:
    found = _WARNING.match(header)
    assert found, header
    return re.sub(r"\\(.)", r"\1", found[1])
