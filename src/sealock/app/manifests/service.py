"""The Kubernetes Service in a service's base."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sealock.app.manifests.text import scalar

if TYPE_CHECKING:
    from sealock.domain.catalog import Service


def service_manifest(service: Service) -> str:
    """Return `base/service.yaml`."""
    name = scalar(service.name)
    ports = "".join(
        f"    - name: {scalar(port)}\n      port: {number}\n      targetPort: {scalar(port)}\n"
        for port, number in service.ports.items()
    )
    return f"""\
apiVersion: v1
kind: Service
metadata:
  name: {name}
  labels:
    app.kubernetes.io/name: {name}
    app.kubernetes.io/part-of: {scalar(service.part_of)}
spec:
  selector:
    app.kubernetes.io/name: {name}
  ports:
{ports}"""
