"""The Pods that an overlay's workloads make, and the selectors that choose among them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from sealock.rules.view import pod_path, value_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from sealock.domain.yaml_document import Path
    from sealock.rules.view import JudgedObject, Manifest, OverlayView

Labels = dict[str, str]


class Pods(NamedTuple):
    """What a workload makes its Pods from: their labels, and their spec with its path in the object."""

    each: JudgedObject
    namespace: str
    labels: Labels
    annotations: Labels
    spec: Manifest
    path: Path

    @property
    def workload(self) -> str:
        """Return kind and name."""
        return f"{self.each.key.kind} {self.each.key.name}"

    def ports(self) -> Iterator[Manifest]:
        """Yield the ports that a Service can reach by name.

        Those of init containers count where they run on as sidecars. Source: FindPort in
        k8s.io/kubernetes v1.36.3, pkg/api/v1/pod/util.go.
        """
        for container in mappings(self.spec.get("containers")):
            yield from mappings(container.get("ports"))
        for container in mappings(self.spec.get("initContainers")):
            if container.get("restartPolicy") == "Always":
                yield from mappings(container.get("ports"))

    def is_injected(self) -> bool:
        """Say whether something may add containers to the Pods as they are made."""
        return any("inject" in key for key in (*self.annotations, *self.labels))


def pods_of(overlay: OverlayView) -> list[Pods]:
    """Return the Pods of every workload of an overlay."""
    return overlay.once(_gathered)


def _gathered(overlay: OverlayView) -> list[Pods]:
    return [made for each in overlay.objects if (made := pods(each)) is not None]


def pods(each: JudgedObject) -> Pods | None:
    """Return the Pods that an object makes, or None."""
    path = pod_path(each.manifest)
    spec = value_of(each.manifest, *map(str, path)) if path else None
    if not isinstance(spec, dict):
        return None
    metadata = value_of(each.manifest, *map(str, path[:-1]), "metadata")
    labels, annotations = value_of(metadata, "labels"), value_of(metadata, "annotations")
    return Pods(each, each.key.namespace, texts(labels), texts(annotations), spec, path)


def texts(value: object) -> Labels:
    """Return a mapping's texts; an empty one for anything else."""
    return {str(key): str(text) for key, text in value.items()} if isinstance(value, dict) else {}


def mappings(value: object) -> list[dict[str, Any]]:
    """Return the mappings of a list; none for anything else."""
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


def is_near(one: str, other: str) -> bool:
    """Say whether two namespaces of one overlay may be the same; an empty one is set on deployment."""
    return one == other or not one or not other


def selected(selector: object, labels: Labels) -> bool:
    """Say whether a LabelSelector chooses `labels`; an empty one chooses all.

    Source: LabelSelectorAsSelector in k8s.io/apimachinery v0.36.3, pkg/apis/meta/v1/helpers.go.
    """
    wanted = texts(value_of(selector, "matchLabels"))
    expressions: Iterable[Manifest] = mappings(value_of(selector, "matchExpressions"))
    return wanted.items() <= labels.items() and all(_holds(each, labels) for each in expressions)


def _holds(expression: Manifest, labels: Labels) -> bool:
    key, values = str(expression.get("key")), expression.get("values") or ()
    match expression.get("operator"):
        case "In":
            return labels.get(key) in values
        case "NotIn":
            return labels.get(key) not in values
        case "Exists":
            return key in labels
        case _:
            return key not in labels
