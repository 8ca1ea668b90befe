"""The kustomization of one overlay."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sealock.app.manifests.text import quoted, scalar

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sealock.app.manifests.conventions import Conventions
    from sealock.domain.catalog import Deployment, Service


def overlay_kustomization(
    service: Service, deployment: Deployment, patches: Iterable[str], conventions: Conventions
) -> str:
    """Return `overlays/<environment>/kustomization.yaml` with `patches` in order."""
    return f"""\
apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
namespace: {scalar(service.namespace)}
resources:
  - ../../base
patches:
{"".join(f"  - path: {patch}{chr(10)}" for patch in patches)}\
images:
{_image(service, deployment, conventions)}"""


def _image(service: Service, deployment: Deployment, conventions: Conventions) -> str:
    image, environment = deployment.image, deployment.environment
    tag = image.tag
    mutable = tag == "latest" and environment not in conventions.first
    if image.digest is None and (environment in conventions.production or mutable):
        tag = None
    lines = [f"  - name: {scalar(service.image_name)}\n"]
    if image.name != service.image_name:
        lines.append(f"    newName: {scalar(image.name)}\n")
    if tag:
        lines.append(f"    newTag: {quoted(tag)}\n")
    if image.digest:
        lines.append(f"    digest: {image.digest}\n")
    elif not tag:
        lines.insert(
            0, f"  # No digest yet: add `digest: sha256:…` here, or under {environment} in services.yaml.\n"
        )
    return "".join(lines)
