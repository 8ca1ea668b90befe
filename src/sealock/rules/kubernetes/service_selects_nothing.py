"""A Service, a PodDisruptionBudget or a NetworkPolicy selects none of the Pods in its overlay.

## What it does
Compares the selector of each with the labels of the Pods that the workloads of the same namespace make. What
has no selector, or one with expressions, is left alone, and so is an overlay without workloads, a selector
that speaks of a custom resource beside it, from which an operator may make Pods, and one that only misses a
label which a running Pod gives itself, such as the role of a database.

## Why is this bad
The Service exists, has no endpoints, and every request to it fails. Nothing reports that: the sync is green
and the Pods are healthy. A budget or policy that selects nothing protects nothing; it is a warning.

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

    from sealock.domain.yaml_document import Path
    from sealock.rules.kubernetes.pods import Labels, Pods
    from sealock.rules.view import JudgedObject, OverlayView, RepositoryView

META = Meta(
    "service-selects-nothing",
    "a Service, budget or network policy selects none of the Pods in its overlay",
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


_SELECTORS = {"NetworkPolicy": ("spec", "podSelector"), "PodDisruptionBudget": ("spec", "selector")}


def check(view: RepositoryView) -> Iterator[Finding]:
    """Yield everything that selects nothing."""
    around = Surroundings(view)
    for overlay in view.overlays:
        if not overlay.in_scope:
            continue
        made: list[Pods] | None = None
        for each in overlay.objects:
            path, wanted = _selector(each)
            if not wanted:
                continue
            made = pods_of(overlay) if made is None else made
            near = [one for one in made if is_near(one.namespace, each.key.namespace)]
            if near and not _reaches(wanted, near) and not _may_be_elsewhere(around, overlay, each, wanted):
                yield _finding(view, overlay, each, path, wanted, near)


def selector(each: JudgedObject) -> Labels:
    """Return the labels that a Service selects by; empty for what selects nothing on purpose."""
    if each.manifest.get("kind") != "Service" or each.manifest.get("apiVersion") != "v1":
        return {}
    if text_of(each.manifest, "spec", "type") == "ExternalName":
        return {}
    wanted = texts(value_of(each.manifest, "spec", "selector"))
    return {key: value for key, value in wanted.items() if key not in _GIVEN}


def _selector(each: JudgedObject) -> tuple[Path, Labels]:
    """Return the labels that an object selects Pods by, and where they stand."""
    path = _SELECTORS.get(str(each.manifest.get("kind")))
    if path is None:
        return ("spec", "selector"), selector(each)
    if value_of(each.manifest, *path, "matchExpressions"):
        return path, {}
    wanted = texts(value_of(each.manifest, *path, "matchLabels"))
    return (*path, "matchLabels"), {key: value for key, value in wanted.items() if key not in _GIVEN}


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
    around: Surroundings, overlay: OverlayView, selecting: JudgedObject, wanted: Labels
) -> bool:
    """Say whether an operator, another overlay or what nobody sees may have the Pods."""
    namespace = selecting.key.namespace
    if any(_may_make(each, wanted) for each in overlay.objects):
        return True
    if around.is_blind(overlay, namespace):
        return True
    for each in around.neighbours(overlay, namespace):
        made = pods(each)
        if (made and chooses(wanted, made)) or _may_make(each, wanted):
            return True
    return False


def _may_make(each: JudgedObject, wanted: Labels) -> bool:
    """Say whether an operator may make such Pods of an object: a label speaks of its name, kind or group."""
    if not may_run(each.manifest):
        return False
    name, kind = each.key.name, each.key.kind.lower()
    group = each.key.api_version.rpartition("/")[0]
    return any(
        value in name or name in value or kind in value or _is_domain(key.partition("/")[0], group)
        for key, value in wanted.items()
    )


def _is_domain(prefix: str, group: str) -> bool:
    return "." in prefix and (f".{group}".endswith(f".{prefix}") or f".{prefix}".endswith(f".{group}"))


def _finding(  # noqa: PLR0913, PLR0917 - each is another thing
    view: RepositoryView,
    overlay: OverlayView,
    each: JudgedObject,
    path: Path,
    wanted: Labels,
    near: Sequence[Pods],
) -> Finding:
    best = max(near, key=lambda one: len(wanted.items() & one.labels.items()))
    unlike = [pair for pair in wanted.items() if best.labels.get(pair[0]) != pair[1]]
    key, value = next((pair for pair in unlike if not _fits(*pair, best)), unlike[0])
    has = f"have {_shown(key, best.labels[key])}" if key in best.labels else f"have no label {printable(key)}"
    return META.finding(
        view.where(each, (*path, key)),
        f"{each.key.kind} {printable(each.key.name)} selects no Pods of this overlay: those of "
        f"{printable(best.workload)} {has}, not {_shown(key, value)}",
        fix="Select by the labels of the Pod template.",
        resource=str(each.key),
        overlay=overlay.path,
        severity=None if each.key.kind == "Service" else Severity.WARNING,
    )


def _shown(key: str, value: str) -> str:
    return printable(f"{key}={value}")
