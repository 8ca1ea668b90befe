"""An object breaks a rule of the organisation.

## What it does
Evaluates the rules under `policy.custom` in `sealock.yaml`, CEL expressions, on every rendered object of
their kinds. Its findings carry the id of the organisation's rule, and its severity; `policy.rules` and
waivers know it by that id.

## Why is this bad
The rule's message says so.

## Bad
```yaml
# policy.custom: {id: has-owner, kinds: [Deployment], expression: "'owner' in object.metadata.labels"}
kind: Deployment
metadata: {name: ledger}
```

## Good
```yaml
kind: Deployment
metadata: {name: ledger, labels: {owner: payments}}
```

## How to fix
Do what the message asks for. An expression that fails on an object, because it reads a field that is not
there, is undecided: guard it with `has()`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from sealock.domain.finding import Finding, NotDecided, Severity
from sealock.domain.source_map import parse_path
from sealock.rules.meta import Meta

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sealock.rules.view import RepositoryView

META = Meta("organisation-rule", "an object breaks a rule of the organisation", Severity.ERROR)

_HINT = "Guard the expression with `has()`."


def check(view: RepositoryView) -> Iterator[Finding | NotDecided]:
    """Yield what the organisation's rules say, under their own ids."""
    custom = {rule.id: rule for rule in view.settings.custom}
    for broken in view.broken_policies:
        if broken.rule and broken.name in custom:
            place = custom[broken.name].expression_location
            reason = f"the expression cannot be used: {broken.reason}"
            yield NotDecided(META.id, broken.name, place, reason, "Correct it.")
    for overlay, each in view.in_scope():
        for verdict in each.policies.verdicts:
            if verdict.kind == "rule":
                found = META.finding(
                    view.where(each, parse_path(verdict.path, each.manifest)),
                    verdict.message,
                    resource=str(each.key),
                    overlay=overlay.path,
                    severity=Severity(custom[verdict.id].severity),
                )
                yield replace(found, rule=verdict.id)
        for undecided in each.policies.undecided:
            if undecided.kind == "rule":
                place = view.where(each, ("kind",))
                overlays = (overlay.path,)
                yield NotDecided(undecided.id, str(each.key), place, undecided.reason, _HINT, overlays)
