"""The Deployment in a service's base."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sealock.app.manifests.resources import resources
from sealock.app.manifests.text import scalar

if TYPE_CHECKING:
    from sealock.domain.catalog import Resources, Service


def main_port(service: Service) -> str:
    """Return the name of the port that probes use: `http` where there is one, else the first."""
    return "http" if "http" in service.ports else next(iter(service.ports), "")


def deployment(service: Service, base_resources: Resources, *, has_config: bool) -> str:
    """Return `base/deployment.yaml`; it passes the restricted Pod Security level."""
    name = scalar(service.name)
    ports = "".join(
        f"            - name: {scalar(port)}\n              containerPort: {number}\n"
        for port, number in service.ports.items()
    )
    config = (
        f"          envFrom:\n            - configMapRef:\n                name: {name}\n"
        if has_config
        else ""
    )
    return f"""\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {name}
  labels:
    app.kubernetes.io/name: {name}
    app.kubernetes.io/part-of: {scalar(service.part_of)}
spec:
  # Each overlay sets the replicas, or leaves them to its autoscaler.
  # The selector cannot change once the Deployment exists.
  selector:
    matchLabels:
      app.kubernetes.io/name: {name}
  template:
    metadata:
      labels:
        app.kubernetes.io/name: {name}
        app.kubernetes.io/part-of: {scalar(service.part_of)}
    spec:
      serviceAccountName: {name}
      automountServiceAccountToken: false
      securityContext:
        runAsNonRoot: true
        runAsUser: {service.container_user}
        runAsGroup: {service.container_user}
        seccompProfile:
          type: RuntimeDefault
      containers:
        - name: {name}
          # Each overlay sets the tag or digest.
          image: {scalar(service.image_name)}
{f"          ports:{chr(10)}{ports}" if ports else ""}{config}{_probes(service)}\
          # Each overlay sets its own.
          resources:
{resources(base_resources, 12)}\
          securityContext:
            allowPrivilegeEscalation: false
            readOnlyRootFilesystem: true
            capabilities:
              drop:
                - ALL
          volumeMounts:
            - name: tmp
              mountPath: /tmp
      volumes:
        # The root file system is read-only; this is the place to write.
        - name: tmp
          emptyDir: {{}}
"""


def _probes(service: Service) -> str:
    port = main_port(service)
    if not port:
        return ""
    probe = (
        f"            httpGet:\n              path: {scalar(service.health_path)}\n"
        f"              port: {scalar(port)}\n"
        if service.health_path
        else f"            tcpSocket:\n              port: {scalar(port)}\n"
    )
    return (
        f"          # Up to 60 s to start before liveness counts.\n"
        f"          startupProbe:\n{probe}            periodSeconds: 2\n            failureThreshold: 30\n"
        f"          readinessProbe:\n{probe}            periodSeconds: 5\n"
        f"          livenessProbe:\n{probe}            periodSeconds: 10\n"
    )
