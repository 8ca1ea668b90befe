"""What autoscalers scale, and how far down."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from sealock.rules.view import text_of, value_of

if TYPE_CHECKING:
    from sealock.rules.view import Manifest

# By group and kind, where the reference stands, and what its kind and version are when it says none.
# Source for KEDA: apis/keda/v1alpha1/scaledobject_types.go of kedacore/keda 2.17 (ScaleTarget).
_REFERENCES = {
    ("autoscaling", "HorizontalPodAutoscaler"): "scaleTargetRef",
    ("autoscaling.k8s.io", "VerticalPodAutoscaler"): "targetRef",
    ("keda.sh", "ScaledObject"): "scaleTargetRef",
}
_KINDS = frozenset(kind for _, kind in _REFERENCES)


class Target(NamedTuple):
    """What is scaled; `path` is that of the reference, `least` the replicas that are always kept."""

    api_version: str
    kind: str
    name: str
    path: tuple[str, str]
    least: int | None

    def is_version_of(self, api_version: str) -> bool:
        """Say whether an object of an API version can be the target: the group counts.

        An HPA looks the kind up by group and version, and the server answers in any version that it serves.
        """
        return self.api_version.rpartition("/")[0] == api_version.rpartition("/")[0]


def target_of(manifest: Manifest) -> Target | None:
    """Return what an autoscaler scales; None for other kinds."""
    kind = text_of(manifest, "kind")
    if kind not in _KINDS:
        return None
    group = text_of(manifest, "apiVersion").rpartition("/")[0]
    field = _REFERENCES.get((group, kind))
    reference = value_of(manifest, "spec", field) if field else None
    if field is None or not isinstance(reference, dict):
        return None
    keda = group == "keda.sh"
    return Target(
        text_of(reference, "apiVersion") or ("apps/v1" if keda else ""),
        text_of(reference, "kind") or ("Deployment" if keda else ""),
        text_of(reference, "name"),
        ("spec", field),
        _least(manifest, kind),
    )


def _least(manifest: Manifest, kind: str) -> int | None:
    if kind == "HorizontalPodAutoscaler":
        return _number(value_of(manifest, "spec", "minReplicas"), 1)
    if kind == "ScaledObject":
        return _number(value_of(manifest, "spec", "minReplicaCount"), 0)
    return None


def _number(value: object, default: int) -> int:
    return value if isinstance(value, int) else default
