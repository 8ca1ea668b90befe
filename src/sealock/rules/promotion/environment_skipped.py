"""A digest went past an environment.

## What it does
For each digest in the `images` of an overlay, looks for it in the overlays of all environments that come
before, of the same service, now and in Git's history. Reports a digest that an earlier environment never
had. It is reported once, at the first overlay that has it now. Production and the environment right before
it are the business of digest-not-proven, and what that reports is not reported here again. As there, what
cannot be compared is passed over, and in a shallow clone what is not found is undecided.

## Why is this bad
The way through the environments is what makes a promotion safe: each catches what the one before cannot.
A digest that appears half-way has never been where faults are cheap.

## Bad
```yaml
# overlays/staging/kustomization.yaml; dev never had this digest
images:
  - name: ghcr.io/acme/ledger
    digest: sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
```

## Good
```yaml
# overlays/dev/kustomization.yaml, now or in an earlier commit
images:
  - name: ghcr.io/acme/ledger
    digest: sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
```

## How to fix
Let the digest pass through each environment, or take the environment out of the chain in sealock.yaml.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sealock.domain.finding import Finding, NotDecided, Severity
from sealock.domain.printable import printable
from sealock.rules.meta import Meta
from sealock.rules.promotion.chain import Chain, doubted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sealock.domain.image_history import ImageEntry
    from sealock.rules.promotion.chain import Stage
    from sealock.rules.view import OverlayView, RepositoryView

META = Meta("environment-skipped", "a digest went past an environment", Severity.WARNING)


def check(view: RepositoryView) -> Iterator[Finding | NotDecided]:
    """Yield each digest that an earlier environment never had."""
    chain = Chain(view.overlays, view.settings)
    for overlay in view.overlays:
        if overlay.in_scope:
            yield from _check(view, chain, overlay)


def _check(view: RepositoryView, chain: Chain, overlay: OverlayView) -> Iterator[Finding | NotDecided]:
    direct = chain.before(overlay)
    # For production the other rule has the word on the stages right before it.
    unproven = {each.entry for each in doubted(view, overlay, direct)} if overlay.production else set()
    names = {name for name, _ in direct} if overlay.production else set()
    asked = [stage for stage in chain.earlier(overlay) if stage[0] not in names]
    for doubt in doubted(view, overlay, asked):
        if doubt.entry in unproven or _reported_before(view, chain, overlay, doubt.entry, doubt.missing):
            continue
        missing = " and ".join(doubt.missing)
        name = printable(doubt.entry.name, 100)
        message = f"{overlay.environment} runs a digest of {name} that {missing} never ran"
        yield doubt.settle(META, message, f"Let it pass through {missing} first.")


def _reported_before(
    view: RepositoryView, chain: Chain, overlay: OverlayView, entry: ImageEntry, missing: tuple[str, ...]
) -> bool:
    """Say whether an overlay between has the digest now and skipped the same environments."""
    return any(
        other.in_scope and _has_now(view, other, entry) and set(missing) <= _names(chain.earlier(other))
        for _, stage in chain.earlier(overlay)
        for other in stage
    )


def _has_now(view: RepositoryView, overlay: OverlayView, entry: ImageEntry) -> bool:
    now = view.history.now.get(overlay.file, ()) if view.history else ()
    return any(each.name == entry.name and each.digest == entry.digest for each in now)


def _names(stages: tuple[Stage, ...]) -> set[str]:
    return {name for name, _ in stages}
