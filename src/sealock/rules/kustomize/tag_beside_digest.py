"""A tag stands beside a digest that it does not belong to.

## What it does
Reports entries of `images:` with both `newTag` and `digest` where the tag misleads: another kustomization
has the same tag of the same image beside another digest, or the tag is one that moves, such as `latest`.
A version beside its digest is fine, and so is what `sealock generate` wrote.

## Why is this bad
Kustomize writes `name:tag@digest`, and the digest alone decides what runs. Whoever changes the tag and not
the digest believes to have promoted something, and nothing happens; after that the tag lies.

## Bad
```yaml
# overlays/staging/kustomization.yaml has 1.8.4 beside sha256:2222…
images:
  - name: ghcr.io/acme/ledger
    newTag: 1.8.4   # bumped by hand
    digest: sha256:1111…   # still that of 1.8.3
```

## Good
```yaml
images:
  - name: ghcr.io/acme/ledger
    newTag: 1.8.4
    digest: sha256:2222…
```

## How to fix
Write the digest that belongs to the tag, or keep the digest alone.
"""

# Source: SetImageValue in api/filters/imagetag/updater.go of Kustomize v0.21.1. The runtime pulls by digest
# where there is one: https://kubernetes.io/docs/concepts/containers/images/#image-names.

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from sealock.domain.finding import Confidence, Finding, Severity
from sealock.domain.generated_state import decode, service_state
from sealock.domain.printable import printable
from sealock.domain.yaml_document import MANIFEST, Mapping, Scalar, Sequence, parse, resolved
from sealock.errors import SealockError
from sealock.rules.meta import Meta
from sealock.rules.promotion.mutable_tag_in_production import moving_tag

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from sealock.domain.yaml_document import Node
    from sealock.rules.view import RepositoryView

META = Meta(
    "tag-beside-digest",
    "a tag stands beside a digest that it does not belong to",
    Severity.WARNING,
    Confidence.MEDIUM,
)


class _Pinned(NamedTuple):
    name: str
    tag: str
    digest: str


def check(view: RepositoryView) -> Iterator[Finding]:
    """Yield each entry whose tag is no description of its digest, unless it is as it was generated."""
    both = [file for file, text in view.kustomization_texts() if "newTag" in text and "digest" in text]
    found = [each for file in both for each in _in_file(view, file)]
    if not found:
        return
    digests = _digests(view)
    generated = frozenset(_generated(view, (node.file for node, _ in found)))
    for node, pinned in found:
        if (node.file, pinned) in generated:
            continue
        others = sorted(
            file
            for file, other in digests.get(pinned[:2], ())
            if other != pinned.digest and file != node.file
        )
        tag = printable(pinned.tag)
        if others:
            said = f"the tag `{tag}` stands beside another digest in {printable(others[0])}"
        elif moving_tag(f"{pinned.name}:{pinned.tag}"):
            said = f"the digest decides what runs, and `{tag}` is never followed"
        else:
            continue
        yield META.finding(
            node.pairs["newTag"].key.where,
            said,
            fix="Write the digest that belongs to the tag, or keep the digest alone.",
            severity=None if others else Severity.NOTE,
        )


def _in_file(view: RepositoryView, file: str) -> Iterator[tuple[Mapping, _Pinned]]:
    for root in view.sources.documents(file):
        yield from _pinned(resolved(root))


def _digests(view: RepositoryView) -> dict[tuple[str, str], set[tuple[str, str]]]:
    """Return file and digest of each tag of each image, in all that the overlays are made of."""
    known: dict[tuple[str, str], set[tuple[str, str]]] = {}
    for file in {file for overlay in view.overlays for file in overlay.kustomizations}:
        text = view.sources.text(file)
        for node, pinned in _in_file(view, file) if "newTag" in text and "digest" in text else ():
            known.setdefault(pinned[:2], set()).add((node.file, pinned.digest))
    return known


def _generated(view: RepositoryView, files: Iterable[str]) -> Iterator[tuple[str, _Pinned]]:
    """Yield file and entry of what `sealock generate` wrote last for the services of these files."""
    for service in sorted({folder for file in files for folder in file.split("/")[:-1]}):
        state = service_state(service)
        try:
            generated = decode(view.sources.text(state), state)
            for texts in (generated.shared, *generated.environments.values()):
                yield from _written(texts.items())
        except (FileNotFoundError, SealockError):
            continue


def _written(files: Iterable[tuple[str, str]]) -> Iterator[tuple[str, _Pinned]]:
    for path, text in files:
        if path.endswith("/kustomization.yaml") and "newTag" in text and "digest" in text:
            for root in parse(text, path, MANIFEST):
                yield from ((path, pinned) for _, pinned in _pinned(root))


def _pinned(root: Node) -> Iterator[tuple[Mapping, _Pinned]]:
    images = root.get("images") if isinstance(root, Mapping) else None
    images = resolved(images) if images is not None else None
    for item in images.items if isinstance(images, Sequence) else ():
        node = resolved(item)
        if isinstance(node, Mapping) and "newTag" in node.pairs:
            tag, digest = _text(node, "newTag"), _text(node, "digest")
            if tag and digest:
                yield node, _Pinned(_text(node, "newName") or _text(node, "name"), tag, digest)


def _text(node: Mapping, key: str) -> str:
    found = node.get(key)
    return found.text if isinstance(found, Scalar) else ""
