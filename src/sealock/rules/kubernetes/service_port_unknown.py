"""A port leads to none: a Service's to its Pods, a route's to its Service, or a probe's to its container.

## What it does
Looks up each named `targetPort` among the ports of the Pods that the Service selects in its overlay, and the
port of each Ingress and Gateway API route among those of its Service there, and each named port of a probe
among those of its container. A number in `targetPort` is
questioned only where the Pods have one container, it declares other ports, and no Service uses those:
containers need not declare their ports. Pods that something injects containers into are left alone.

## Why is this bad
Kubernetes accepts it and leaves the port out: connections are refused, or the Ingress answers 503.

## Bad
```yaml
kind: Service
spec:
  ports:
    - port: 80
      targetPort: web   # the container's port is called http
```

## Good
```yaml
kind: Service
spec:
  ports:
    - port: 80
      targetPort: http
```

## How to fix
Use the name of a port that the container declares; in an Ingress or a route, a port of the Service.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from sealock.domain.finding import Confidence, Finding, Severity
from sealock.domain.printable import printable
from sealock.domain.suggest import did_you_mean
from sealock.rules.kubernetes.backends import backends
from sealock.rules.kubernetes.pods import is_near, mappings, pods_of
from sealock.rules.kubernetes.service_selects_nothing import chooses, selector
from sealock.rules.meta import Meta
from sealock.rules.view import containers, text_of, value_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sealock.domain.yaml_document import Path
    from sealock.rules.kubernetes.pods import Pods
    from sealock.rules.view import JudgedObject, Manifest, OverlayView, RepositoryView

META = Meta("service-port-unknown", "a port of a Service or route leads to none", Severity.ERROR)


# Ports beside the one that serves: a container often declares only these, for whoever scrapes it.
_ASIDE = re.compile(r"metric|prom|admin|health|probe|debug|mgmt|management|status")


_PROBES = ("readinessProbe", "livenessProbe", "startupProbe")


class _Served(NamedTuple):
    """A Service with the Pods that it selects in its overlay, and its ports."""

    each: JudgedObject
    made: Sequence[Pods]
    ports: Sequence[Manifest]


def check(view: RepositoryView) -> Iterator[Finding]:
    """Yield every port of a Service that no Pod has, and of a route that no Service has."""
    for overlay in view.overlays:
        if overlay.in_scope:
            services = list(_services(overlay))
            for service in services:
                yield from _targets(view, overlay, service, services)
            for each in overlay.objects:
                yield from _routes(view, overlay, each, services)
            for made in pods_of(overlay):
                yield from _probes(view, overlay, made.each)


def _services(overlay: OverlayView) -> Iterator[_Served]:
    made: list[Pods] | None = None
    for each in overlay.objects:
        if each.manifest.get("kind") == "Service" and each.manifest.get("apiVersion") == "v1":
            wanted = selector(each)
            made = pods_of(overlay) if made is None else made
            chosen = [one for one in made if is_near(one.namespace, each.key.namespace)] if wanted else ()
            yield _Served(
                each,
                [one for one in chosen if chooses(wanted, one)],
                mappings(value_of(each.manifest, "spec", "ports")),
            )


def _targets(
    view: RepositoryView, overlay: OverlayView, service: _Served, services: Sequence[_Served]
) -> Iterator[Finding]:
    if not service.made or any(made.is_injected() for made in service.made):
        return
    declared = [port for made in service.made for port in made.ports()]
    for index, port in enumerate(service.ports):
        target = port.get("targetPort", port.get("port"))
        path: Path = ("spec", "ports", index, "targetPort")
        if isinstance(target, str) and not target.isdigit():
            if not any(_is(each, target, port) for each in declared):
                names = sorted({str(each["name"]) for each in declared if each.get("name")})
                message = f"no container of {_workloads(service)} has a port called {printable(target)}"
                if any(each.get("name") == target for each in declared):
                    message += f" for {_protocol(port)}"
                yield _found(view, overlay, service.each, path, message, fix=did_you_mean(target, names))
        elif _is_unlikely(service, target, declared, services):
            shown = ", ".join(dict.fromkeys(_described(each) for each in declared))
            message = f"{_workloads(service)} declares no port {target}, but {shown}, which no Service uses"
            fix = "Use the port that the container listens on, and declare it."
            where = path if "targetPort" in port else (*path[:-1], "port")
            yield _found(view, overlay, service.each, where, message, fix=fix, doubt=True)


def _is(declared: Manifest, name: str, port: Manifest) -> bool:
    return declared.get("name") == name and _protocol(declared) == _protocol(port)


def _protocol(port: Manifest) -> str:
    return str(port.get("protocol") or "TCP")


def _is_unlikely(
    service: _Served,
    target: object,
    declared: Sequence[Manifest],
    services: Sequence[_Served],
) -> bool:
    """Say whether a number is most likely wrong: the only container's declared ports lie idle."""
    if value_of(service.each.manifest, "spec", "clusterIP") == "None":
        return False
    number = str(target)
    if any(len(mappings(made.spec.get("containers"))) != 1 for made in service.made):
        return False
    declared = [each for each in declared if not _ASIDE.search(str(each.get("name", "")))]
    numbers = {str(each.get("containerPort")) for each in declared}
    if number in numbers or not numbers:
        return False
    names = {str(each.get("name")) for each in declared}
    return not any(
        str(each.get("targetPort", each.get("port"))) in numbers | names
        for other in services
        for each in other.ports
        if not set(map(id, other.made)).isdisjoint(map(id, service.made)) or other.each is service.each
    )


def _described(port: Manifest) -> str:
    name = f" ({printable(str(port['name']))})" if port.get("name") else ""
    return f"{port.get('containerPort')}{name}"


def _workloads(service: _Served) -> str:
    return " or ".join(dict.fromkeys(printable(made.workload) for made in service.made))


def _routes(
    view: RepositoryView, overlay: OverlayView, each: JudgedObject, services: Sequence[_Served]
) -> Iterator[Finding]:
    for backend in backends(each.manifest):
        for service in services:
            key = service.each.key
            if key.name != backend.service or not is_near(key.namespace, backend.namespace):
                continue
            if not service.ports or text_of(service.each.manifest, "spec", "type") == "ExternalName":
                continue
            known = [str(port.get("port")) for port in service.ports]
            known += [str(port["name"]) for port in service.ports if port.get("name")]
            if backend.port is not None and str(backend.port) not in known:
                message = f"Service {printable(key.name)} has no port {printable(str(backend.port))}"
                fix = f"Its ports are {', '.join(map(printable, known))}."
                yield _found(view, overlay, each, backend.port_path, message, fix=fix)


def _probes(view: RepositoryView, overlay: OverlayView, each: JudgedObject) -> Iterator[Finding]:
    """Yield every probe of a port that its own container does not name.

    Source: ResolveContainerPort in k8s.io/kubernetes v1.36.3, pkg/probe/util.go.
    """
    for path, container in containers(each.manifest):
        for probe in _PROBES:
            for action in ("httpGet", "tcpSocket") if probe in container else ():
                port = value_of(container, probe, action, "port")
                names = [str(one["name"]) for one in mappings(container.get("ports")) if one.get("name")]
                if isinstance(port, str) and not port.isdigit() and port not in names:
                    name = printable(str(container.get("name", "")))
                    message = f"container {name} has no port called {printable(port)}"
                    place = (*path, probe, action, "port")
                    yield _found(view, overlay, each, place, message, fix=did_you_mean(port, names))


def _found(  # noqa: PLR0913 - each is another thing
    view: RepositoryView,
    overlay: OverlayView,
    each: JudgedObject,
    path: Path,
    message: str,
    *,
    fix: str,
    doubt: bool = False,
) -> Finding:
    return META.finding(
        view.where(each, path),
        message,
        fix=fix or "Declare the port in the container, or use its number.",
        resource=str(each.key),
        overlay=overlay.path,
        severity=Severity.WARNING if doubt else None,
        confidence=Confidence.MEDIUM if doubt else None,
    )
