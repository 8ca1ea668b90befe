"""A Service selects none of the Pods in its overlay.

## What it does
Compares the selector of each Service with the labels of the Pods that the workloads of the same namespace
make. Services without a selector, of an overlay without workloads, or beside an operator that may make Pods
are left alone, and so are selectors that only miss a label which a running Pod gives itself, such as the
role of a database.

## Why is this bad
The Service exists, has no endpoints, and every request to it fails. Nothing reports that: the sync is green
and the Pods are healthy.

## Bad
```yaml
kind: Service
spec:
  selector: {app: ledgr}   # the Pods have app: ledger
```

## Good
```yaml
kind: Service
spec:
  selector: {app: ledger}
```

## How to fix
Give the selector the labels of the Pod template, not those of the Deployment.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from sealock.domain.finding import Confidence, Finding, Severity
from sealock.domain.printable import printable
from sealock.rules.kubernetes.pods import is_near, pods, pods_of, texts
from sealock.rules.kubernetes.surroundings import Surroundings, may_run
from sealock.rules.meta import Meta
from sealock.rules.view import text_of, value_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sealock.rules.kubernetes.pods import Labels, Pods
    from sealock.rules.view import JudgedObject, OverlayView, RepositoryView

META = Meta(
    "service-selects-nothing",
    "a Service selects none of the Pods in its overlay",
    Severity.ERROR,
    Confidence.MEDIUM,
)

# Labels that controllers of Kubernetes and Argo Rollouts give to Pods, whatever the template says.
_GIVEN = frozenset(
    {
        "apps.kubernetes.io/pod-index", "batch.kubernetes.io/controller-uid", "batch.kubernetes.io/job-name",
        "batch.kubernetes.io/job-completion-index", "controller-revision-hash", "controller-uid", "job-name",
        "pod-template-generation", "pod-template-hash", "rollouts-pod-template-hash",
        "statefulset.kubernetes.io/pod-name", "topology.kubernetes.io/region", "topology.kubernetes.io/zone",
    }
)  # fmt: skip
# Labels that a running Pod gives itself: Patroni's role, Vault's vault-active, Redis' leader.
_OWN = re.compile(r"(?i)(role|active|leader|master|primary|standby|replica|sealed|initialized|healthy|state)")


def check(view: RepositoryView) -> Iterator[Finding]:
    """Yield every Service that leads nowhere."""
    around = Surroundings(view)
    for overlay in view.overlays:
        if not overlay.in_scope:
            continue
        made: list[Pods] | None = None
        for each in overlay.objects:
            wanted = selector(each)
            if not wanted:
                continue
            made = pods_of(overlay) if made is None else made
            near = [one for one in made if is_near(one.namespace, each.key.namespace)]
            if near and not _reaches(wanted, near) and not _may_be_elsewhere(around, overlay, each, wanted):
                yield _finding(view, overlay, each, wanted, near)


def selector(each: JudgedObject) -> Labels:
    """Return the labels that a Service selects by; empty for what selects nothing on purpose."""
    if each.manifest.get("kind") != "Service" or each.manifest.get("apiVersion") != "v1":
        return {}
    if text_of(each.manifest, "spec", "type") == "ExternalName":
        return {}
    wanted = texts(value_of(each.manifest, "spec", "selector"))
    return {key: value for key, value in wanted.items() if key not in _GIVEN}


def chooses(wanted: Labels, made: Pods) -> bool:
    """Say whether a Service's selector fits the labels of a Pod template, so far as they are known."""
    return all(_fits(key, value, made) for key, value in wanted.items()) and any(
        made.labels.get(key) == value for key, value in wanted.items()
    )


def _fits(key: str, value: str, made: Pods) -> bool:
    return made.labels.get(key) == value or (key not in made.labels and bool(_OWN.search(key)))


def _reaches(wanted: Labels, near: Sequence[Pods]) -> bool:
    return any(chooses(wanted, each) for each in near)


def _may_be_elsewhere(
    around: Surroundings, overlay: OverlayView, service: JudgedObject, wanted: Labels
) -> bool:
    """Say whether an operator, another overlay or what nobody sees may have the Pods."""
    namespace = service.key.namespace
    if any(may_run(each.manifest) for each in overlay.objects):
        return True
    if around.is_blind(overlay, namespace):
        return True
    for each in around.neighbours(overlay, namespace):
        made = pods(each)
        if (made and chooses(wanted, made)) or may_run(each.manifest):
            return True
    return False


def _finding(
    view: RepositoryView, overlay: OverlayView, each: JudgedObject, wanted: Labels, near: Sequence[Pods]
) -> Finding:
    best = max(near, key=lambda one: len(wanted.items() & one.labels.items()))
    unlike = [pair for pair in wanted.items() if best.labels.get(pair[0]) != pair[1]]
    key, value = next((pair for pair in unlike if not _fits(*pair, best)), unlike[0])
    has = f"have {_shown(key, best.labels[key])}" if key in best.labels else f"have no label {printable(key)}"
    return META.finding(
        view.where(each, ("spec", "selector", key)),
        f"Service {printable(each.key.name)} selects no Pods of this overlay: those of "
        f"{printable(best.workload)} {has}, not {_shown(key, value)}",
        fix="Select by the labels of the Pod template.",
        resource=str(each.key),
        overlay=overlay.path,
    )


def _shown(key: str, value: str) -> str:
    return printable(f"{key}={value}")
