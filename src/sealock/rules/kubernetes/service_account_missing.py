"""Pods run as a ServiceAccount that nothing in the repository makes.

## What it does
Looks up `serviceAccountName` of every workload in its overlay, and in what else the repository deploys to the
namespace. `default` is always there. Where a custom resource or a script speaks of the name, or something
that nobody can see from here is deployed to the namespace, nothing is said.

## Why is this bad
The API server refuses the Pods (`serviceaccount "ledger" not found`), and only the events of the ReplicaSet
say so.

## Bad
```yaml
spec:
  serviceAccountName: ledger   # the overlay has no ServiceAccount
```

## Good
```yaml
apiVersion: v1
kind: ServiceAccount
metadata:
  name: ledger
```

## How to fix
Add the ServiceAccount, or correct the name. For one that Terraform or a cloud tool makes, waive the file.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sealock.domain.finding import Confidence, Finding, Severity
from sealock.domain.printable import printable
from sealock.domain.suggest import closest
from sealock.rules.kubernetes.pods import is_near, pods
from sealock.rules.kubernetes.surroundings import Surroundings
from sealock.rules.meta import Meta

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sealock.rules.view import RepositoryView

META = Meta(
    "service-account-missing",
    "Pods run as a ServiceAccount that nothing makes",
    Severity.WARNING,
    Confidence.MEDIUM,
)


def check(view: RepositoryView) -> Iterator[Finding]:
    """Yield every workload whose Pods nobody may create."""
    around = Surroundings(view)
    for overlay, each in view.in_scope():
        made = pods(each)
        # The older field counts where the newer is empty: k8s.io/kubernetes v1.36.3, pkg/apis/core/v1/
        # conversion.go, Convert_v1_PodSpec_To_core_PodSpec.
        field = "serviceAccountName" if made and made.spec.get("serviceAccountName") else "serviceAccount"
        name = made.spec.get(field) if made else None
        if not made or not isinstance(name, str) or name in {"", "default"}:
            continue
        accounts = [
            other.key.name
            for other in overlay.objects
            if other.key.kind == "ServiceAccount" and is_near(other.key.namespace, made.namespace)
        ]
        if name in accounts or around.may_have(overlay, made.namespace, "ServiceAccount", name):
            continue
        near = closest(name, accounts)
        yield META.finding(
            view.where(each, (*made.path, field)),
            f"no ServiceAccount {printable(name)} in this overlay, nor elsewhere for its namespace",
            fix=f"Did you mean `{printable(near)}`?" if near else "Add the ServiceAccount.",
            resource=str(each.key),
            overlay=overlay.path,
        )
