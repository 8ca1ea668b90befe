"""The PodDisruptionBudget in a service's base."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sealock.app.manifests.text import scalar

if TYPE_CHECKING:
    from sealock.domain.catalog import Service


def pod_disruption_budget(service: Service) -> str:
    """Return `base/pod-disruption-budget.yaml`."""
    name = scalar(service.name)
    return f"""\
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata:
  name: {name}
  labels:
    app.kubernetes.io/name: {name}
    app.kubernetes.io/part-of: {scalar(service.part_of)}
spec:
  # One at a time; unlike minAvailable it lets a node drain with a single replica.
  maxUnavailable: 1
  selector:
    matchLabels:
      app.kubernetes.io/name: {name}
"""
