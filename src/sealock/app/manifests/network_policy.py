"""The NetworkPolicy in a service's base."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sealock.app.manifests.text import scalar

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sealock.domain.catalog import Service


def network_policy(service: Service, needed: Sequence[Service], consumers: Sequence[Service]) -> str:
    """Return `base/network-policy.yaml`: in from `consumers`, out to DNS and `needed`."""
    name = scalar(service.name)
    return f"""\
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  name: {name}
  labels:
    app.kubernetes.io/name: {name}
    app.kubernetes.io/part-of: {scalar(service.part_of)}
spec:
  podSelector:
    matchLabels:
      app.kubernetes.io/name: {name}
  policyTypes:
    - Ingress
    - Egress
{_ingress(service, consumers)}\
  # Name resolution and what the service needs; add what it calls outside the catalog.
  egress:
    - to:
        - namespaceSelector:
            matchLabels:
              kubernetes.io/metadata.name: kube-system
      ports:
        - protocol: UDP
          port: 53
        - protocol: TCP
          port: 53
{"".join(f"    - to:{chr(10)}{_peer(each)}{_ports(each)}" for each in needed)}"""


def _ingress(service: Service, consumers: Sequence[Service]) -> str:
    if not service.ports:
        return "  ingress: []\n"
    if not consumers:
        why = "  # No service in the catalog needs this one: any source may call its ports.\n"
        return f"{why}  ingress:\n    - {_ports(service).lstrip()}"
    why = "  # Those in the catalog that need it; add gateways and others here.\n"
    return f"{why}  ingress:\n    - from:\n{''.join(map(_peer, consumers))}{_ports(service)}"


def _peer(service: Service) -> str:
    return (
        "        - namespaceSelector:\n            matchLabels:\n"
        f"              kubernetes.io/metadata.name: {scalar(service.namespace)}\n"
        "          podSelector:\n            matchLabels:\n"
        f"              app.kubernetes.io/name: {scalar(service.name)}\n"
    )


def _ports(service: Service) -> str:
    numbers = "".join(f"        - protocol: TCP\n          port: {each}\n" for each in service.ports.values())
    return f"      ports:\n{numbers}" if numbers else ""
