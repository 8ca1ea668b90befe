"""A ValidatingAdmissionPolicy refuses or warns about an object.

## What it does
Evaluates the ValidatingAdmissionPolicies and bindings that stand in the repository, are rendered by an
overlay, or are named by `admissionPolicies` in `sealock.yaml`, with the API server's own code, on every
rendered object of the same environment. With `--since` an object that was there before is judged as the
update that it is. `Deny` is an error, `Warn` a warning, `Audit` a note.

## Why is this bad
The cluster refuses the object when it is synced, after the merge.

## Bad
```yaml
# with a policy `object.spec.replicas <= 5`
kind: Deployment
spec: {replicas: 6}
```

## Good
```yaml
kind: Deployment
spec: {replicas: 5}
```

## How to fix
Do what the policy's message asks for. A policy that cannot be read or compiled, or that needs what only a
cluster knows, is reported as undecided.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sealock.domain.finding import Finding, NotDecided, Severity
from sealock.domain.location import Location
from sealock.domain.source_map import parse_path
from sealock.rules.meta import Meta

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sealock.rules.view import RepositoryView

META = Meta("admission-policy", "an admission policy refuses or warns about an object", Severity.ERROR)

_SEVERITIES = {"deny": Severity.ERROR, "warn": Severity.WARNING, "audit": Severity.NOTE}
_HINT = "Waive admission-policy for this file in sealock.yaml once you have looked."


def check(view: RepositoryView) -> Iterator[Finding | NotDecided]:
    """Yield what policies say of objects, and the policies that can say nothing."""
    for broken in view.broken_policies:
        if not broken.rule:
            place = Location(broken.source or "sealock.yaml", 1, 1)
            yield NotDecided(META.id, broken.name, place, f"{broken.name}: {broken.reason}", _HINT)
    for overlay, each in view.in_scope():
        for verdict in each.policies.verdicts:
            if verdict.kind == "policy":
                yield META.finding(
                    view.where(each, parse_path(verdict.path, each.manifest)),
                    f"policy {verdict.id}: {verdict.message}",
                    fix=f"Refused by `{verdict.expression}`." if verdict.expression else "",
                    resource=str(each.key),
                    overlay=overlay.path,
                    severity=_SEVERITIES[verdict.action],
                )
        for undecided in each.policies.undecided:
            if undecided.kind == "policy":
                reason = f"policy {undecided.id}: {undecided.reason}"
                place = view.where(each, ("kind",))
                yield NotDecided(META.id, str(each.key), place, reason, _HINT, overlays=(overlay.path,))
