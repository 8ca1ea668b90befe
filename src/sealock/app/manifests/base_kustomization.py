"""The kustomization of a service's base."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


def base_kustomization(files: Iterable[str]) -> str:
    """Return `base/kustomization.yaml` that lists `files`."""
    return "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources:\n" + "".join(
        f"  - {file}\n" for file in files
    )
