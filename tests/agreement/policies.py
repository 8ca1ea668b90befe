"""Objects in a namespace where ValidatingAdmissionPolicies hold."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.agreement.manifests import HERE, Manifest, base, documents
from tests.agreement.places import GONE, Changes, change

if TYPE_CHECKING:
    from collections.abc import Iterator

NAMESPACES = {"agreement-policies": {"agreement/policies": "on"}, "agreement-lawless": {}}
"""Where the policies hold and where they do not."""

_OWNED = {"metadata annotations": {"owner": "shop"}}
_WEB = {"metadata labels tier": "web"}

OBJECTS: dict[str, dict[str, Changes]] = {
    "Deployment storefront": {
        "right": {**_OWNED},
        "without an owner": {},
        "exempt from owners": {"metadata labels agreement/exempt": ""},
        "without labels and owner": {"metadata labels": GONE},
        "too many replicas": {**_OWNED, "spec replicas": 6},
        "an image from elsewhere": {**_OWNED, "spec template spec containers 0 image": "docker.io/nginx:1"},
        "two images from elsewhere": {
            **_OWNED,
            "spec template spec containers 0 image": "docker.io/nginx:1",
            "spec template spec containers 1": {"name": "b", "image": "quay.io/b:1"},
        },
        "many things": {"spec replicas": 9, "spec template spec containers 0 image": "docker.io/nginx:1"},
    },
    "StatefulSet ledger-db": {"an image from elsewhere": {}},
    "Pod debug": {"images from elsewhere": {}, "right": {"spec containers 0 image": "ghcr.io/acme/shell:1"}},
    "Service storefront": {
        "right": {**_OWNED},
        "without an owner": {},
        "of the web": {**_OWNED, **_WEB},
        "of the web and public": {**_OWNED, **_WEB, "spec type": "LoadBalancer"},
        "public": {**_OWNED, "spec type": "NodePort"},
    },
    "HorizontalPodAutoscaler storefront": {
        "right": {"spec maxReplicas": 7},
        "over the parameter": {"spec maxReplicas": 8},
        "of one": {"spec maxReplicas": 7, "spec minReplicas": 1},
        "of one by default": {"spec maxReplicas": 7, "spec minReplicas": GONE},
        "of one, spared": {"metadata name": "spared", "spec maxReplicas": 7, "spec minReplicas": 1},
    },
    "CronJob settle": {
        "right": {"metadata annotations": {"runbook": "https://example.com"}},
        "with no annotations": {},
        "with an empty runbook": {"metadata annotations": {"runbook": ""}},
    },
    "Job migrate-ledger": {
        "with no annotations": {},
        "with an empty runbook": {"metadata annotations": {"runbook": ""}},
    },
    "ConfigMap features": {"right": {}, "a canary": {"metadata name": "canary"}},
}
"""Changes of objects that are right elsewhere."""


def of_kind(kind: str) -> list[Manifest]:
    """Return the documents of a kind: policies, bindings, or parameters."""
    return [each for each in documents(HERE / "policies.yaml") if each["kind"] == kind]


def canary() -> Manifest:
    """Return what is refused as soon as the policies hold."""
    metadata = {"name": "canary", "namespace": "agreement-policies"}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata}


def questions() -> Iterator[tuple[str, Manifest]]:
    """Yield each object with its name."""
    for name, variants in OBJECTS.items():
        for namespace in NAMESPACES:
            for variant, changes in variants.items():
                yield (
                    f"{name} in {namespace}: {variant}",
                    change(base(name), {**changes, "metadata namespace": namespace}),
                )
