"""The ServiceAccount in a service's base."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sealock.app.manifests.text import scalar

if TYPE_CHECKING:
    from sealock.domain.catalog import Service


def service_account(service: Service) -> str:
    """Return `base/service-account.yaml`."""
    return f"""\
apiVersion: v1
kind: ServiceAccount
metadata:
  name: {scalar(service.name)}
  labels:
    app.kubernetes.io/name: {scalar(service.name)}
    app.kubernetes.io/part-of: {scalar(service.part_of)}
# Set to true, also in deployment.yaml, for a service that calls the Kubernetes API.
automountServiceAccountToken: false
"""
