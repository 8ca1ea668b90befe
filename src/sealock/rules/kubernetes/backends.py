"""Where Ingresses and the routes of the Gateway API lead."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from sealock.rules.kubernetes.pods import mappings
from sealock.rules.view import text_of, value_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sealock.domain.yaml_document import Path
    from sealock.rules.view import Manifest

_ROUTES = frozenset({"HTTPRoute", "GRPCRoute", "TLSRoute", "TCPRoute", "UDPRoute"})
_BY_ANNOTATION = "use-annotation"


class Backend(NamedTuple):
    """A Service that a route leads to. `port` is a number or a name, None where it says none."""

    service: str
    namespace: str
    path: Path
    port: object
    port_path: Path


def backends(manifest: Manifest) -> Iterator[Backend]:
    """Yield the Services of an Ingress or route; none for other kinds."""
    kind = manifest.get("kind")
    if kind == "Ingress" and manifest.get("apiVersion") == "networking.k8s.io/v1":
        yield from _of_ingress(manifest)
    elif kind in _ROUTES and text_of(manifest, "apiVersion").startswith("gateway.networking.k8s.io/"):
        yield from _of_route(manifest)


def _of_ingress(manifest: Manifest) -> Iterator[Backend]:
    namespace = text_of(manifest, "metadata", "namespace")
    found: list[tuple[Path, object]] = [
        (("spec", "defaultBackend", "service"), value_of(manifest, "spec", "defaultBackend", "service"))
    ]
    for number, rule in enumerate(mappings(value_of(manifest, "spec", "rules"))):
        for index, each in enumerate(mappings(value_of(rule, "http", "paths"))):
            path: Path = ("spec", "rules", number, "http", "paths", index, "backend", "service")
            found.append((path, value_of(each, "backend", "service")))
    for path, service in found:
        name, port = text_of(service, "name"), value_of(service, "port") or {}
        field = "number" if "number" in port else "name"
        # The AWS controller's own backends: the port is a word, and an annotation says what happens.
        if name and port.get("name") != _BY_ANNOTATION:
            yield Backend(name, namespace, (*path, "name"), port.get(field), (*path, "port", field))


def _of_route(manifest: Manifest) -> Iterator[Backend]:
    own = text_of(manifest, "metadata", "namespace")
    for number, rule in enumerate(mappings(value_of(manifest, "spec", "rules"))):
        for index, each in enumerate(mappings(rule.get("backendRefs"))):
            if each.get("group") or each.get("kind", "Service") != "Service" or not each.get("name"):
                continue
            path: Path = ("spec", "rules", number, "backendRefs", index)
            namespace = str(each.get("namespace") or own)
            yield Backend(str(each["name"]), namespace, (*path, "name"), each.get("port"), (*path, "port"))
