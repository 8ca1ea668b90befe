"""The shape of `services.yaml`: what may stand where, and what each key means."""

# No `from __future__ import annotations`: msgspec would compile each annotation again (12 ms).

import functools
from typing import Annotated, Any, Literal, TypeAlias

import msgspec
from msgspec import UNSET, Meta, UnsetType

from sealock.config.vocabulary import (
    Cluster,
    ConfigKey,
    Cpu,
    DigestText,
    HttpPath,
    Image,
    Label,
    LabelValue,
    Memory,
    Port,
    PortName,
    RelativePath,
    RepositoryUrl,
    Revision,
    ServiceName,
    Tag,
)

Count: TypeAlias = Annotated[int, Meta(ge=0)]
Amount: TypeAlias = Annotated[float, Meta(ge=0)]

_STRICT: dict[str, Any] = {"frozen": True, "forbid_unknown_fields": True, "rename": "camel"}


class AmountsSection(msgspec.Struct, **_STRICT):
    """CPU and memory."""

    cpu: Annotated[Cpu | Count | Amount | UnsetType, Meta(description="Cores: `500m`, `2`.")] = UNSET
    memory: Annotated[Memory | Count | Amount | UnsetType, Meta(description="Bytes: `512Mi`, `2Gi`.")] = UNSET


class ResourcesSection(msgspec.Struct, **_STRICT):
    """What the container asks for and may use."""

    requests: Annotated[
        AmountsSection | UnsetType,
        Meta(description="What it asks for. Default: the limit where one is given, else 100m and 128Mi."),
    ] = UNSET
    limits: Annotated[
        AmountsSection | UnsetType,
        Meta(description="What it may use. Default: the request where one is given, else 500m and 256Mi."),
    ] = UNSET


class AutoscaleSection(msgspec.Struct, **_STRICT):
    """A HorizontalPodAutoscaler on CPU."""

    min: Annotated[Annotated[int, Meta(ge=1, le=100_000)], Meta(description="Fewest replicas.")]
    max: Annotated[Annotated[int, Meta(ge=1, le=100_000)], Meta(description="Most replicas.")]
    cpu: Annotated[
        Annotated[int, Meta(ge=1, le=1000)], Meta(description="CPU target in per cent. Default: 80.")
    ] = 80


ConfigValues = dict[ConfigKey, str | int | float | bool]


class DeploymentFields(msgspec.Struct, **_STRICT):
    """What may differ between environments."""

    cluster: Annotated[
        Cluster | UnsetType,
        Meta(description="Where it runs: `in-cluster`, a cluster name, or an API URL. Default: in-cluster."),
    ] = UNSET
    replicas: Annotated[
        Annotated[int, Meta(ge=0, le=100_000)] | UnsetType,
        Meta(description="Pods. Default: 2 in production, as production in staging, 1 elsewhere."),
    ] = UNSET
    resources: Annotated[ResourcesSection | UnsetType, Meta(description="CPU and memory.")] = UNSET
    tag: Annotated[
        Tag | Count | Amount | UnsetType,
        Meta(description="Image tag. Default: latest in the first environment, none elsewhere."),
    ] = UNSET
    digest: Annotated[DigestText | UnsetType, Meta(description="Image digest. Default: none.")] = UNSET
    config: Annotated[
        ConfigValues, Meta(description="Environment variables, merged key by key. Default: none.")
    ] = msgspec.field(default_factory=dict)
    autoscale: Annotated[
        AutoscaleSection | UnsetType | None,
        Meta(description="Autoscaling; null switches it off. Default: off."),
    ] = UNSET


class DefaultsEnvironment(DeploymentFields, **_STRICT):
    """What `defaults` may say for one environment; sync defaults come from `sealock.yaml`."""

    sync: Annotated[
        Literal["auto", "manual"] | UnsetType, Meta(description="Whether Argo CD syncs by itself.")
    ] = UNSET
    prune: Annotated[bool | UnsetType, Meta(description="Whether a sync deletes what left Git.")] = UNSET
    self_heal: Annotated[
        bool | UnsetType, Meta(description="Whether Argo CD undoes changes on the cluster.")
    ] = UNSET
    finalizer: Annotated[
        Literal["none", "cascade", "foreground", "background"] | UnsetType,
        Meta(description="Whether deleting the Application deletes its workloads, and how."),
    ] = UNSET


class Overrides(DefaultsEnvironment, **_STRICT):
    """What is different in one environment."""

    image: Annotated[Image | UnsetType, Meta(description="Image name, with or without tag or digest.")] = (
        UNSET
    )


class CommonFields(DeploymentFields, **_STRICT):
    """What a service and `defaults` may both say."""

    repository: Annotated[RepositoryUrl | UnsetType, Meta(description="Git URL that Argo CD reads.")] = UNSET
    repo: Annotated[RepositoryUrl | UnsetType, Meta(description="Short for `repository`.")] = UNSET
    revision: Annotated[
        Revision | UnsetType, Meta(description="Branch, tag or commit that Argo CD reads. Default: HEAD.")
    ] = UNSET
    namespace: Annotated[Label | UnsetType, Meta(description="Default: the service's name.")] = UNSET
    project: Annotated[Label | UnsetType, Meta(description="Argo CD project. Default: default.")] = UNSET
    part_of: Annotated[
        LabelValue | UnsetType, Meta(description="Label app.kubernetes.io/part-of. Default: platform.")
    ] = UNSET
    ports: Annotated[
        Annotated[dict[PortName, Port], Meta(min_length=1)] | UnsetType,
        Meta(description="Container ports by name. Default: {http: 8080}."),
    ] = UNSET
    health: Annotated[
        HttpPath | UnsetType,
        Meta(description="HTTP path of the probes, on the first port. Default: /healthz."),
    ] = UNSET
    user: Annotated[
        Annotated[int, Meta(ge=1, le=2**31 - 1)] | UnsetType,
        Meta(description="Numeric user that the container runs as. Default: 65532."),
    ] = UNSET
    disruption_budget: Annotated[
        bool | UnsetType, Meta(description="Whether it gets a PodDisruptionBudget. Default: true.")
    ] = UNSET
    network_policy: Annotated[
        bool | UnsetType, Meta(description="Whether it gets a NetworkPolicy. Default: true.")
    ] = UNSET


class ServiceFields(CommonFields, **_STRICT):
    """One service. Every key may be left out."""

    path: Annotated[
        RelativePath | UnsetType, Meta(description="Its folder in the repository. Default: services/NAME.")
    ] = UNSET
    image: Annotated[
        Image | UnsetType,
        Meta(
            description="Image name, with or without tag or digest. Default: OWNER/NAME, by the repository."
        ),
    ] = UNSET
    needs: Annotated[
        list[ServiceName], Meta(description="Services that must be synced before it (sync waves).")
    ] = msgspec.field(default_factory=list)


class NamedServiceFields(ServiceFields, kw_only=True, **_STRICT):
    """One service of a list."""

    name: Annotated[ServiceName, Meta(description="Its name.")]


def field_names() -> frozenset[str]:
    """Return the keys that a service or `defaults` may have, which no environment can be called."""
    return frozenset((*NamedServiceFields.__struct_encode_fields__, *Overrides.__struct_encode_fields__))


@functools.lru_cache(maxsize=8)
def file_type(environments: tuple[str, ...]) -> type[msgspec.Struct]:
    """Return the type of `services.yaml` where these environments exist; each is a key of a service."""
    defaults = _with_environments("Defaults", CommonFields, DefaultsEnvironment, environments)
    service = _with_environments("Service", ServiceFields, Overrides, environments)
    named = _with_environments("NamedService", NamedServiceFields, Overrides, environments)
    services: Any = dict[ServiceName, service | None] | list[named]  # type: ignore[valid-type]
    return msgspec.defstruct(
        "ServicesFile",
        [
            (
                "services",
                Annotated[
                    services, Meta(description="Services by name, or a list of services with a `name`.")
                ],
            ),
            (
                "repository",
                Annotated[RepositoryUrl | UnsetType, Meta(description="Git URL that Argo CD reads.")],
                UNSET,
            ),
            (
                "repo",
                Annotated[RepositoryUrl | UnsetType, Meta(description="Short for `repository`.")],
                UNSET,
            ),
            (
                "revision",
                Annotated[Revision | UnsetType, Meta(description="Branch, tag or commit. Default: HEAD.")],
                UNSET,
            ),
            (
                "defaults",
                Annotated[defaults | UnsetType, Meta(description="Values for services that do not say.")],
                UNSET,
            ),
        ],
        namespace={"__doc__": "The service catalog."},
        **_STRICT,
    )


def _with_environments(
    name: str, base: type[msgspec.Struct], override: type[msgspec.Struct], environments: tuple[str, ...]
) -> type[msgspec.Struct]:
    """Return `base` with one more key for each environment. A key need not be an identifier."""
    attributes = {f"environment_{index}": each for index, each in enumerate(environments)}
    fields = [
        (
            attribute,
            Annotated[override | UnsetType | None, Meta(description=f"What is different in {each}.")],
            UNSET,
        )
        for attribute, each in attributes.items()
    ]
    own = dict(zip(base.__struct_fields__, base.__struct_encode_fields__, strict=True))
    options = {**_STRICT, "rename": {**own, **attributes}}
    return msgspec.defstruct(name, fields, bases=(base,), namespace={"__doc__": base.__doc__}, **options)
