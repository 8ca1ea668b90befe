"""The service catalog after defaults: what each service is in each environment."""

from __future__ import annotations

from typing import Literal

import msgspec

from sealock.domain.image import ImageRef


class Destination(msgspec.Struct, frozen=True, order=True):
    """A cluster as Argo CD names it: by `name` or by API `server` URL, never both."""

    name: str = ""
    server: str = ""


class SyncPolicy(msgspec.Struct, frozen=True):
    """How Argo CD syncs: `manual`, or automated with `prune` and `self_heal`.

    `finalizer` is the Application's finalizer, or empty: with one, deleting the Application
    deletes its workloads.
    """

    mode: Literal["automated", "manual"]
    prune: bool
    self_heal: bool
    finalizer: str


class Resources(msgspec.Struct, frozen=True):
    """Container requests and limits, as Kubernetes quantities (`500m`, `512Mi`)."""

    cpu_request: str
    memory_request: str
    cpu_limit: str
    memory_limit: str


class Autoscale(msgspec.Struct, frozen=True):
    """A HorizontalPodAutoscaler on CPU: bounds and target utilisation in per cent."""

    minimum: int
    maximum: int
    cpu_percent: int


class Deployment(msgspec.Struct, frozen=True):
    """One service in one environment.

    `config` holds every variable here, those of the whole service included. An `image` without
    tag and digest has not been promoted into this environment yet.
    """

    environment: str
    destination: Destination
    replicas: int
    resources: Resources
    image: ImageRef
    sync: SyncPolicy
    config: dict[str, str]
    autoscale: Autoscale | None


class Service(msgspec.Struct, frozen=True):
    """One service with everything a generator needs; every default is filled in.

    `path` is the service's folder in the repository. `wave` is its Argo CD sync wave:
    0 without needs, else one more than the highest wave it needs.
    `container_user` is the numeric user the container runs as.
    """

    name: str
    namespace: str
    project: str
    part_of: str
    repository: str
    revision: str
    path: str
    image_name: str
    ports: dict[str, int]
    needs: tuple[str, ...]
    wave: int
    config: dict[str, str]
    health_path: str
    container_user: int
    disruption_budget: bool
    network_policy: bool
    deployments: dict[str, Deployment]


class Provenance(msgspec.Struct, frozen=True):
    """Where one value of a service came from: `field`, the `value` as text, and its source.

    `environment` is empty for values that hold in all of them. `source` is a place
    (`services.yaml:4:5`) or the name of the default rule (`default: as production`).
    """

    environment: str
    field: str
    value: str
    source: str


class Catalog(msgspec.Struct, frozen=True):
    """Every service by name, in file order, and the environments in promotion order."""

    services: dict[str, Service]
    environments: tuple[str, ...]
