"""A ServiceAccount that Pods run as, or that a role is bound to, is made by nothing in the repository.

## What it does
Looks up `serviceAccountName` of every workload, and the ServiceAccounts of its own namespace that a
RoleBinding names, in the overlay and in what else the repository deploys to the namespace. `default` is
always there, and bindings in namespaces named `kube-…` are left alone. Where a custom resource or a script
speaks of the name, or something that nobody can see from here is deployed to the namespace, nothing is said.

## Why is this bad
The API server refuses the Pods (`serviceaccount "ledger" not found`), and only the events of the ReplicaSet
say so. A role bound to nobody is refused to the one who needs it.

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
from sealock.rules.kubernetes.pods import is_near, mappings, pods
from sealock.rules.kubernetes.surroundings import Surroundings
from sealock.rules.meta import Meta

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sealock.domain.yaml_document import Path
    from sealock.rules.view import JudgedObject, RepositoryView

META = Meta(
    "service-account-missing",
    "Pods run as, or a role is bound to, a ServiceAccount that nothing makes",
    Severity.WARNING,
    Confidence.MEDIUM,
)

_ALWAYS = frozenset({"", "default"})


def check(view: RepositoryView) -> Iterator[Finding]:
    """Yield every workload whose Pods nobody may create, and every role that is bound to nobody."""
    around = Surroundings(view)
    for overlay, each in view.in_scope():
        for path, name in _needs(each):
            accounts = [
                other.key.name
                for other in overlay.objects
                if other.manifest.get("kind") == "ServiceAccount"
                and is_near(other.key.namespace, each.key.namespace)
            ]
            if name in accounts or around.may_have(overlay, each.key.namespace, "ServiceAccount", name):
                continue
            near = closest(name, accounts)
            yield META.finding(
                view.where(each, path),
                f"no ServiceAccount {printable(name)} in this overlay, nor elsewhere for its namespace",
                fix=f"Did you mean `{printable(near)}`?" if near else "Add the ServiceAccount.",
                resource=str(each.key),
                overlay=overlay.path,
            )


def _needs(each: JudgedObject) -> Iterator[tuple[Path, str]]:
    made = pods(each)
    if made:
        # The older field counts where the newer is empty: k8s.io/kubernetes v1.36.3, pkg/apis/core/v1/
        # conversion.go, Convert_v1_PodSpec_To_core_PodSpec.
        field = "serviceAccountName" if made.spec.get("serviceAccountName") else "serviceAccount"
        name = made.spec.get(field)
        if isinstance(name, str) and name not in _ALWAYS:
            yield (*made.path, field), name
    elif each.manifest.get("kind") == "RoleBinding" and not each.key.namespace.startswith("kube-"):
        # The cluster itself, and what it is delivered with, puts accounts into namespaces named kube-.
        for index, subject in enumerate(mappings(each.manifest.get("subjects"))):
            name = str(subject.get("name", ""))
            # Without a namespace it is the binding's: k8s.io/kubernetes v1.36.3,
            # pkg/registry/rbac/validation/rule.go, appliesToUser.
            own = (subject.get("namespace") or each.key.namespace) == each.key.namespace
            if own and subject.get("kind") == "ServiceAccount" and name not in _ALWAYS:
                yield ("subjects", index, "name"), name
