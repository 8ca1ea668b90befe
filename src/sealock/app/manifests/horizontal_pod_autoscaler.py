"""The HorizontalPodAutoscaler in a service's base, and its bounds in an overlay."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sealock.app.manifests.text import scalar

if TYPE_CHECKING:
    from sealock.domain.catalog import Autoscale, Service


def horizontal_pod_autoscaler(service: Service, bounds: Autoscale) -> str:
    """Return `base/horizontal-pod-autoscaler.yaml`."""
    name = scalar(service.name)
    return f"""\
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata:
  name: {name}
  labels:
    app.kubernetes.io/name: {name}
    app.kubernetes.io/part-of: {scalar(service.part_of)}
spec:
  scaleTargetRef:
    apiVersion: apps/v1
    kind: Deployment
    name: {name}
  # Each overlay sets its own bounds in replica-patch.yaml.
{_bounds(bounds)}"""


def bounds_patch(service: Service, bounds: Autoscale) -> str:
    """Return `replica-patch.yaml` of an overlay with an autoscaler."""
    return f"""\
# The autoscaler owns the replicas here: the Deployment sets none.
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata:
  name: {scalar(service.name)}
spec:
{_bounds(bounds)}"""


def removal_patch(service: Service) -> str:
    """Return `remove-autoscaler-patch.yaml` of an overlay that runs without the base's autoscaler."""
    return f"""\
# This environment runs a fixed number of replicas.
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata:
  name: {scalar(service.name)}
$patch: delete
"""


def _bounds(bounds: Autoscale) -> str:
    return f"""\
  minReplicas: {bounds.minimum}
  maxReplicas: {bounds.maximum}
  metrics:
    - type: Resource
      resource:
        name: cpu
        target:
          type: Utilization
          averageUtilization: {bounds.cpu_percent}
"""
