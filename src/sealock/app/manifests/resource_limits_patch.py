"""The container's requests and limits in one overlay."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sealock.app.manifests.resources import resources
from sealock.app.manifests.text import scalar

if TYPE_CHECKING:
    from sealock.domain.catalog import Deployment, Service


def resource_limits_patch(service: Service, deployment: Deployment) -> str:
    """Return `resource-limits-patch.yaml` of an overlay."""
    name = scalar(service.name)
    return f"""\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {name}
spec:
  template:
    spec:
      containers:
        - name: {name}
          resources:
{resources(deployment.resources, 12)}"""
