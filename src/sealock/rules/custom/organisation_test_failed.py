"""A test of an organisation rule does not hold.

## What it does
Runs the tests that stand beside each rule under `policy.custom`: an object, and whether the rule accepts it.

## Why is this bad
A rule that does not do what its tests say guards nothing, or blocks what is right.

## Bad
```yaml
policy:
  custom:
    - id: few-replicas
      kinds: [Deployment]
      message: five at most
      expression: object.spec.replicas <= 50
      tests:
        - {name: six are too many, valid: false, object: {kind: Deployment, spec: {replicas: 6}}}
```

## Good
```yaml
      expression: object.spec.replicas <= 5
```

## How to fix
Correct the expression, or the test.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sealock.domain.finding import Finding, NotDecided, Severity
from sealock.rules.meta import Meta

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sealock.rules.view import RepositoryView

META = Meta("organisation-test-failed", "a test of an organisation rule does not hold", Severity.ERROR)


def check(view: RepositoryView) -> Iterator[Finding | NotDecided]:
    """Yield each test that does not hold, and each that could not be run."""
    for failed in view.failed_tests:
        test = failed.test
        if failed.undecided:
            yield NotDecided(
                META.id, failed.rule, test.location, f"{test.name}: {failed.said}", "Correct it."
            )
            continue
        wanted = "accepts" if test.valid else "refuses"
        yield META.finding(
            test.location,
            f"{failed.rule} should say that it {wanted} this, and says: {failed.said}",
            fix="Correct the expression, or the test.",
        )
