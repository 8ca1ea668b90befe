"""A Pod is less secure than its namespace demands.

## What it does
Evaluates every Pod, and the template of everything that makes Pods, with Kubernetes' own Pod Security code
at the level that the namespace's labels ask for (`pod-security.kubernetes.io/enforce`, `warn`, `audit`), as
the repository or `namespaces` in `sealock.yaml` gives them; for other namespaces at `policy.podSecurity`.
What `enforce` refuses has the severity error, the rest is a warning.

## Why is this bad
The API server accepts the Deployment and refuses its Pods: nothing starts, and only the events of the
ReplicaSet say why.

## Bad
```yaml
# the namespace enforces `restricted`
containers:
  - name: ledger
    image: ghcr.io/acme/ledger:1.4.2
    securityContext: {privileged: true}
```

## Good
```yaml
securityContext: {runAsNonRoot: true, seccompProfile: {type: RuntimeDefault}}
containers:
  - name: ledger
    image: ghcr.io/acme/ledger:1.4.2
    securityContext: {allowPrivilegeEscalation: false, capabilities: {drop: [ALL]}}
```

## How to fix
Set what the finding names, or give the namespace a level that fits what runs in it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sealock.domain.finding import Finding, Severity
from sealock.domain.source_map import parse_path
from sealock.rules.meta import Meta

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sealock.rules.view import RepositoryView

META = Meta("pod-security-violation", "a Pod is less secure than its namespace demands", Severity.ERROR)


def check(view: RepositoryView) -> Iterator[Finding]:
    """Yield what Pod Security refuses or warns about; a fault of several modes once, the hardest."""
    for overlay, each in view.in_scope():
        seen: set[tuple[str, str]] = set()
        problems = each.admission.pod_security if each.admission else ()
        for problem in sorted(problems, key=lambda problem: problem.mode != "enforce"):
            if (problem.path, problem.message) in seen:
                continue
            seen.add((problem.path, problem.message))
            yield META.finding(
                view.where(each, parse_path(problem.path, each.manifest)),
                f"Pod Security {problem.level} ({problem.mode}): {problem.message}",
                fix="Set it as the level asks, or label the namespace with a level that fits.",
                resource=str(each.key),
                overlay=overlay.path,
                severity=Severity.ERROR if problem.mode == "enforce" else Severity.WARNING,
            )
