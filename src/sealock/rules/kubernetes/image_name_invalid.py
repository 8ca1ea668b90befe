"""An image's name is one that no node takes.

## What it does
Reads the image of every container by the grammar that the kubelet uses: what follows the registry in lower
case, a tag of letters, digits, `_`, `.` and `-`, a digest of the right length. The registry's own name may
have capitals. Placeholders (`$(IMAGE)`, `<image>`, `{{ image }}`), and overlays whose Application has
Kustomize options, are left out.

## Why is this bad
The API server takes any text. The Pod then waits for ever with `InvalidImageName`.

## Bad
```yaml
image: ghcr.io/Acme/Ledger:1.4.2
```

## Good
```yaml
image: ghcr.io/acme/ledger:1.4.2
```

## How to fix
Write the name as the registry shows it. A digest belongs in `digest` of the entry in `images`, not in
`newTag`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sealock.domain.finding import Severity
from sealock.domain.image import is_cut_off, refused_part
from sealock.domain.printable import printable
from sealock.rules.meta import Meta
from sealock.rules.view import images

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sealock.domain.finding import Finding
    from sealock.rules.view import RepositoryView

META = Meta("image-name-invalid", "an image's name is one that no node takes", Severity.ERROR)

_WRONG = {
    "capitals": ("has capitals in its name", "Write the name in lower case."),
    "name": ("is no image name", "Write [REGISTRY/]NAME[:TAG][@DIGEST]."),
    "tag": (
        "has a tag that is none",
        "Write letters, digits, `_`, `.` and `-`, 128 at most; a digest goes into `digest`.",
    ),
    "digest": ("has a digest that is none", "Copy the whole digest: `sha256:` and 64 lower-case digits."),
}
# What something fills in later: plugins, substitution, templates.
_PLACEHOLDER = frozenset("$<{%")


def check(view: RepositoryView) -> Iterator[Finding]:
    """Yield each image that the kubelet refuses before it asks a registry."""
    replaced = {
        source.path
        for application in view.applications
        for source in application.sources
        if source.state == "fine" and source.reason
    }
    known: dict[str, str] = {}
    for overlay, each in view.in_scope():
        for path, text in images(each.manifest):
            if text not in known:
                known[text] = refused_part(text)
            part = known[text]
            if not part or _is_left(text) or overlay.path in replaced:
                continue
            if overlay.production and is_cut_off(text):
                continue  # missing-digest-in-production says so.
            what, fix = _WRONG[part]
            yield META.finding(
                view.where(each, path),
                f"image {printable(text, 120)} {what}: no node takes it",
                fix=fix,
                resource=str(each.key),
                overlay=overlay.path,
            )


def _is_left(text: str) -> bool:
    """Say whether others judge or fill an image: empty ones and spaces around it the API server refuses."""
    return text != text.strip() or not text or text.startswith("ko://") or not _PLACEHOLDER.isdisjoint(text)
