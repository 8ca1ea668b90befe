"""The ConfigMap in a service's base, and what an overlay changes in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sealock.app.manifests.text import quoted, scalar

if TYPE_CHECKING:
    from sealock.domain.catalog import Deployment, Service


def config_map(service: Service) -> str:
    """Return `base/config-map.yaml`: the variables that hold in every environment."""
    data = f"data:\n{_data(service.config)}" if service.config else "data: {}\n"
    return f"""\
apiVersion: v1
kind: ConfigMap
metadata:
  name: {scalar(service.name)}
  labels:
    app.kubernetes.io/name: {scalar(service.name)}
    app.kubernetes.io/part-of: {scalar(service.part_of)}
# Containers read these when they start: restart the Deployment after a change.
{data}"""


def own_config(service: Service, deployment: Deployment) -> dict[str, str]:
    """Return the variables that differ from the base in this environment."""
    return {key: value for key, value in deployment.config.items() if service.config.get(key) != value}


def config_patch(service: Service, deployment: Deployment) -> str:
    """Return `config-patch.yaml` of an overlay."""
    return f"""\
apiVersion: v1
kind: ConfigMap
metadata:
  name: {scalar(service.name)}
data:
{_data(own_config(service, deployment))}"""


def _data(values: dict[str, str]) -> str:
    return "".join(f"  {scalar(key)}: {quoted(value)}\n" for key, value in sorted(values.items()))
