"""`services.yaml` → Catalog."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from sealock.config.decode import FAILED, Problems, decode, pair_of
from sealock.config.layers import RESOURCES, Layer, Picked, layer, mirrored, rules
from sealock.config.order import waves
from sealock.config.service_checks import Entry, Stack, check
from sealock.config.service_types import file_type
from sealock.config.settings import FINALIZERS, sync_defaults
from sealock.domain.catalog import (
    Autoscale,
    Catalog,
    Deployment,
    Destination,
    Provenance,
    Resources,
    Service,
    SyncPolicy,
)
from sealock.domain.image import Digest, ImageRef
from sealock.domain.location import Location
from sealock.domain.printable import printable
from sealock.domain.suggest import did_you_mean
from sealock.domain.yaml_document import CONFIG, Mapping, Node, Sequence, parse_one, resolved
from sealock.errors import UsageError

if TYPE_CHECKING:
    from sealock.domain.settings import Environment, Settings

FILE = "services.yaml"
IN_CLUSTER = "https://kubernetes.default.svc"


class Inputs(msgspec.Struct, frozen=True):
    """A checked catalog before it is resolved: each service's layers by name, in file order."""

    stacks: dict[str, Stack]
    environments: tuple[str, ...]


def load(text: str, file: str, settings: Settings) -> Catalog:
    """Return the catalog in `text`. Raises ConfigurationError with every fault of the file."""
    return resolve(read(text, file, settings))


def read(text: str, file: str, settings: Settings) -> Inputs:
    """Return the layers of every service, checked. Raises ConfigurationError with every fault."""
    problems = Problems(file)
    environments = tuple(settings.environments)
    root = parse_one(text, file, CONFIG, problems.found)
    stacks: dict[str, Stack] = {}
    if root is None:
        problems.add(Location(file, 1, 1), "the file is empty", "Start with `services:` and one service.")
    else:
        section = decode(root, file_type(environments), problems)
        entries = _entries(section, root, problems) if section is not FAILED else {}
        stacks = {} if section is FAILED else _stacks(section, root, entries, settings)
        check(stacks, entries, root, problems)
    problems.raise_if_any()
    return Inputs(stacks, environments)


def _entries(section: Any, root: Node, problems: Problems) -> dict[str, Entry]:  # noqa: ANN401 - made at run time
    pair = pair_of(root, "services")
    listed = resolved(pair.value) if pair else None
    if isinstance(listed, Mapping):
        pairs = listed.pairs
        return {
            name: Entry(service, pairs[name].value, pairs[name].key)
            for name, service in section.services.items()
        }
    entries: dict[str, Entry] = {}
    # An item that did not decode was dropped, and its neighbours no longer line up with their nodes.
    items = listed.items if isinstance(listed, Sequence) else ()
    for service, node in (
        zip(section.services, items, strict=True) if len(items) == len(section.services) else ()
    ):
        name = pair_of(node, "name")
        entry = Entry(service, node, name.value if name else node)
        first = entries.setdefault(service.name, entry)
        if first is not entry:
            message = f"service `{service.name}` stands twice, first at line {first.name_node.line}"
            problems.add(entry.name_node, message, "Keep one of the two.")
    return entries


def _child(section: Any, index: int) -> Any:  # noqa: ANN401 - a section made at run time
    return getattr(section, f"environment_{index}", None) or None


def _node(node: Node | None, key: str) -> Node | None:
    pair = pair_of(node, key)
    return pair.value if pair else None


def _stacks(section: Any, root: Node, entries: dict[str, Entry], settings: Settings) -> dict[str, Stack]:  # noqa: ANN401
    environments = settings.environments
    node = _node(root, "defaults")
    shared = {**layer(section, root), **layer(section.defaults or None, node)}
    own = {
        name: layer(_child(section.defaults, index), _node(node, name))
        for index, name in enumerate(environments)
    }
    below = {
        name: {**_built_in(each), **shared, **_mirror(own, each), **own[name]}
        for name, each in environments.items()
    }
    return {name: _stack(name, entry, shared, below, environments) for name, entry in entries.items()}


def _mirror(layers: dict[str, Layer], environment: Environment) -> Layer:
    return mirrored(layers[environment.mirrors], f"as {environment.mirrors}") if environment.mirrors else {}


def _stack(
    name: str, entry: Entry, shared: Layer, below: dict[str, Layer], environments: dict[str, Environment]
) -> Stack:
    said = layer(entry.section, entry.node)
    service = {**_BUILT_IN, **_named(name), **shared, **said}
    if "image" not in service:
        service["image"] = _image(name, service.get("repository"))
    own = {
        each: layer(_child(entry.section, index), _node(entry.node, each))
        for index, each in enumerate(environments)
    }
    deployments = {
        each: _complete(
            {"image": service["image"], **below[each], **said, **_mirror(own, environment), **own[each]},
            production=environment.production,
        )
        for each, environment in environments.items()
    }
    return Stack(service, deployments)


_BUILT_IN = rules(
    revision=("HEAD", "the default branch"),
    project=("default", "Argo CD's own project"),
    partOf=("platform", "built in"),
    ports=({"http": 8080}, "built in"),
    needs=((), "built in"),
    health=("/healthz", "built in"),
    user=(65532, "the nonroot user of distroless images"),
    disruptionBudget=(True, "built in"),
    networkPolicy=(True, "built in"),
)


def _named(name: str) -> Layer:
    return rules(namespace=(name, "the service's name"), path=(f"services/{name}", "services/NAME"))


def _image(name: str, repository: Picked | None) -> Picked:
    parts = str(repository.value if repository else "").removesuffix(".git").replace(":", "/").split("/")
    owner = parts[-2].lower() if len(parts) > 1 and "." not in parts[-2] else ""
    return Picked(
        f"{owner}/{name}" if owner else name, "default: the repository's owner and the service's name"
    )


def _built_in(environment: Environment) -> Layer:
    policy, origins = environment.sync, environment.origins
    chosen = {"prune": policy.prune, "selfHeal": policy.self_heal}
    finalizer = next(name for name, value in FINALIZERS.items() if value == policy.finalizer)
    replicas, why = (2, "production") if environment.production else (1, "not production")
    if environment.mirrors:
        replicas, why = 2, f"as {environment.mirrors}"
    first = not environment.after and not environment.production
    return {
        **rules(
            replicas=(replicas, why),
            autoscale=(None, "off"),
            tag=("latest" if first else None, "the first environment" if first else "set by a promotion"),
            digest=(None, "set by a promotion"),
        ),
        "cluster": Picked(environment.cluster or "in-cluster", origins["cluster"]),
        "sync": Picked("auto" if policy.mode == "automated" else "manual", origins["sync"]),
        "finalizer": Picked(finalizer, origins["finalizer"]),
        **{key: Picked(value, origins[key]) for key, value in chosen.items() if key in origins},
    }


_AMOUNTS = {"cpu": ("100m", "500m"), "memory": ("128Mi", "256Mi")}


def _complete(stacked: Layer, *, production: bool) -> Layer:
    """Fill in what follows from other values: sync options from the mode, requests from limits and back."""
    mode = stacked["sync"].value
    for key, default in sync_defaults(automated=mode == "auto", production=production).items():
        # Nothing is pruned or healed without automated sync, whatever a less specific layer says.
        if key not in stacked or mode == "manual":
            kind = "production" if production else "not production"
            stacked[key] = Picked(default, f"default: {kind}, {mode} sync")
    # A missing request or limit is as the other one, as in Kubernetes.
    for unit, (small, large) in _AMOUNTS.items():
        request, limit = f"resources.requests.{unit}", f"resources.limits.{unit}"
        if request not in stacked:
            other = stacked.get(limit)
            stacked[request] = (
                Picked(other.value, "default: as its limit") if other else Picked(small, "default: built in")
            )
            if other is None:
                stacked[limit] = Picked(large, "default: built in")
        elif limit not in stacked:
            stacked[limit] = Picked(stacked[request].value, "default: as its request")
    return stacked


def resolve(inputs: Inputs) -> Catalog:
    """Return the catalog with every default filled in."""
    wave = waves({name: stack.service["needs"].value for name, stack in inputs.stacks.items()})
    services = {name: _service(name, stack, wave[name]) for name, stack in inputs.stacks.items()}
    return Catalog(services, inputs.environments)


def _service(name: str, stack: Stack, wave: int) -> Service:
    layers = stack.service
    return Service(
        name=name,
        namespace=layers["namespace"].value,
        project=layers["project"].value,
        part_of=layers["partOf"].value,
        repository=layers["repository"].value,
        revision=layers["revision"].value,
        path=layers["path"].value,
        image_name=layers["image"].value,
        ports=layers["ports"].value,
        needs=layers["needs"].value,
        wave=wave,
        config=_config(layers),
        health_path=layers["health"].value,
        container_user=layers["user"].value,
        disruption_budget=layers["disruptionBudget"].value,
        network_policy=layers["networkPolicy"].value,
        deployments={each: _deployment(each, stacked) for each, stacked in stack.deployments.items()},
    )


def _config(layers: Layer) -> dict[str, str]:
    return {
        key[len("config.") :]: picked.value for key, picked in layers.items() if key.startswith("config.")
    }


def _deployment(environment: str, layers: Layer) -> Deployment:
    cluster, scale, digest = layers["cluster"].value, layers["autoscale"].value, layers["digest"].value
    automated = layers["sync"].value == "auto"
    return Deployment(
        environment=environment,
        destination=destination(cluster),
        replicas=layers["replicas"].value,
        resources=Resources(*(layers[name].value for name in RESOURCES)),
        image=ImageRef(layers["image"].value, layers["tag"].value, Digest.parse(digest) if digest else None),
        sync=SyncPolicy(
            "automated" if automated else "manual",
            layers["prune"].value,
            layers["selfHeal"].value,
            FINALIZERS[layers["finalizer"].value],
        ),
        config=_config(layers),
        autoscale=Autoscale(scale.min, scale.max, scale.cpu) if scale else None,
    )


def destination(cluster: str) -> Destination:
    """Return the Argo CD destination that `cluster` names: by server for `in-cluster` and URLs."""
    if cluster == "in-cluster":
        return Destination(server=IN_CLUSTER)
    return Destination(server=cluster) if "://" in cluster else Destination(name=cluster)


def explain(inputs: Inputs, service: str) -> tuple[Provenance, ...]:
    """Return where each value of `service` comes from: first what holds everywhere, then by environment.

    Raises UsageError for a service that the catalog does not have.
    """
    stack = inputs.stacks.get(service)
    if stack is None:
        message = f"no service is called {service!r}"
        raise UsageError(message, hint=did_you_mean(service, inputs.stacks))
    wave = waves({name: each.service["needs"].value for name, each in inputs.stacks.items()})[service]
    why = "one more than the highest it needs" if wave else "needs nothing"
    layers = {**stack.service, "wave": Picked(wave, f"default: {why}")}
    found = [*_provenance("", layers, _SERVICE_FIELDS)]
    for environment, stacked in stack.deployments.items():
        found += _provenance(environment, stacked, _DEPLOYMENT_FIELDS)
    return tuple(found)


_SERVICE_FIELDS = (
    "namespace", "project", "partOf", "repository", "revision", "path", "image", "ports", "needs", "wave",
    "config", "health", "user", "disruptionBudget", "networkPolicy",
)  # fmt: skip
_DEPLOYMENT_FIELDS = (
    "cluster", "replicas", *RESOURCES, "image", "tag", "digest", "config", "autoscale",
    "sync", "prune", "selfHeal", "finalizer",
)  # fmt: skip


def _provenance(environment: str, layers: Layer, fields: tuple[str, ...]) -> list[Provenance]:
    found = []
    for field in fields:
        names = [field] if field != "config" else [name for name in layers if name.startswith("config.")]
        found += [
            Provenance(environment, each, _shown(layers[each].value), layers[each].source) for each in names
        ]
    return found


def _shown(value: Any) -> str:  # noqa: ANN401 - any field's type
    if value is None or value == ():
        return "none"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, dict):
        return ", ".join(f"{key}: {each}" for key, each in value.items())
    if isinstance(value, tuple):
        return ", ".join(value)
    if isinstance(value, msgspec.Struct):
        return _shown(msgspec.structs.asdict(value))
    return printable(str(value), 200)
