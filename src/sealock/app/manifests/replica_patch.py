"""The number of replicas in one overlay without an autoscaler."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sealock.app.manifests.text import scalar

if TYPE_CHECKING:
    from sealock.domain.catalog import Deployment, Service


def replica_patch(service: Service, deployment: Deployment) -> str:
    """Return `replica-patch.yaml` of an overlay."""
    return f"""\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {scalar(service.name)}
spec:
  replicas: {deployment.replicas}
"""
