"""A compare option is not one that Argo CD knows.

## What it does
Compares the annotation `argocd.argoproj.io/compare-options` with what Argo CD looks for:
`IgnoreExtraneous` on objects, `ServerSideDiff=true` or `false` and `IncludeMutationWebhook=true` on
Applications.

## Why is this bad
Argo CD ignores what it does not know, without a word: with `IgnoreExtraneous=true` old ConfigMaps keep the
Application OutOfSync.

## Bad
```yaml
annotations:
  argocd.argoproj.io/compare-options: IgnoreExtraneous=true
```

## Good
```yaml
annotations:
  argocd.argoproj.io/compare-options: IgnoreExtraneous
```

## How to fix
Write the option as the finding says, and put the options of an Application on the Application.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sealock.domain.finding import Severity
from sealock.domain.printable import printable
from sealock.domain.suggest import did_you_mean
from sealock.rules.argocd.spec import found
from sealock.rules.argocd.sync_order import annotation, listed
from sealock.rules.meta import Meta

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sealock.domain.finding import Finding
    from sealock.domain.yaml_document import Path
    from sealock.rules.view import Manifest, RepositoryView

META = Meta("unknown-compare-option", "a compare option is not one that Argo CD knows", Severity.ERROR)

ANNOTATION = "argocd.argoproj.io/compare-options"
_PLACE: Path = ("metadata", "annotations", ANNOTATION)
# Source: controller/state.go (HasAnnotationOption with AnnotationCompareOptions), Argo CD 3.3 to 3.5.
OF_OBJECTS = ("IgnoreExtraneous",)
_OF_APPLICATIONS = (
    "ServerSideDiff=true",
    "ServerSideDiff=false",
    "IncludeMutationWebhook=true",
    "IncludeMutationWebhook=false",
)


def check(view: RepositoryView) -> Iterator[Finding]:
    """Yield each option that Argo CD would ignore."""
    for overlay, each in view.in_scope():
        for message, fix in _unknown(each.manifest):
            place = view.where(each, _PLACE)
            yield META.finding(place, message, fix=fix, resource=str(each.key), overlay=overlay.path)
    for application in view.scoped(view.applications):
        # One that an overlay renders is among the overlay's objects.
        if application.rendered is None:
            for message, fix in _unknown(application.manifest):
                yield found(META, view, application, _PLACE, message, fix)


def _unknown(manifest: Manifest) -> Iterator[tuple[str, str]]:
    text = annotation(manifest, ANNOTATION)
    is_application = manifest.get("kind") == "Application"
    known = (*OF_OBJECTS, *_OF_APPLICATIONS) if is_application else OF_OBJECTS
    for option in listed(text):
        if option in known:
            continue
        message = f"Argo CD ignores the compare option `{printable(option)}`"
        misplaced = option in _OF_APPLICATIONS
        fix = (
            "Set it on the Application."
            if misplaced
            else did_you_mean(option, (*OF_OBJECTS, *_OF_APPLICATIONS))
        )
        yield f"{message} of an object" if misplaced else message, fix
