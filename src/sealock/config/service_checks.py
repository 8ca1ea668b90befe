"""What a catalog must hold that no type can say: names, paths, needs and limits that fit together."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from sealock.config.decode import Problems, pair_of, shown
from sealock.config.layers import Layer, Picked
from sealock.config.order import CycleError, waves
from sealock.config.vocabulary import MAX_LABEL
from sealock.domain.quantity import amount
from sealock.domain.suggest import did_you_mean
from sealock.domain.yaml_document import Mapping, Node, Sequence, resolved

if TYPE_CHECKING:
    from collections.abc import Iterable


class Entry(msgspec.Struct, frozen=True):
    """One service as written: its section, the node it stands at, and the node of its name."""

    section: Any
    node: Node
    name_node: Node


class Stack(msgspec.Struct, frozen=True):
    """One service's layers, stacked: for the service, and for each environment by name."""

    service: Layer
    deployments: dict[str, Layer]


def check(stacks: dict[str, Stack], entries: dict[str, Entry], root: Node, problems: Problems) -> None:
    """Note every fault of the catalog in `problems`."""
    _check_repositories(stacks, entries, problems)
    _check_application_names(stacks, entries, problems)
    _check_paths(stacks, entries, problems)
    _check_needs(stacks, entries, _names(root), problems)
    _check_section(pair_value(root, "defaults"), _environments(stacks), problems)
    _check_section(root, (), problems)
    for name, stack in stacks.items():
        _check_section(entries[name].node, stack.deployments, problems)
        _check_ports(stack.service["ports"], problems)
        for stacked in stack.deployments.values():
            _check_deployment(stacked, problems)


def pair_value(node: Node | None, key: str) -> Node | None:
    """Return the value's node of an entry of a mapping node."""
    pair = pair_of(node, key)
    return pair.value if pair else None


def _environments(stacks: dict[str, Stack]) -> Iterable[str]:
    return next((stack.deployments for stack in stacks.values()), ())


def _names(root: Node) -> tuple[str, ...]:
    """Return every service name in the file, of services with other faults too."""
    services = root.at(("services",))
    if isinstance(services, Mapping):
        return tuple(services.pairs)
    items = services.items if isinstance(services, Sequence) else ()
    return tuple(getattr(item.at(("name",)), "text", "") for item in items)


def _place(picked: Picked, otherwise: Node) -> Node:
    found = picked.node.at(picked.path) if picked.node else None
    return found or otherwise


def _check_repositories(stacks: dict[str, Stack], entries: dict[str, Entry], problems: Problems) -> None:
    without = [name for name, stack in stacks.items() if "repository" not in stack.service]
    if without:
        more = f" and {len(without) - 3} more" if len(without) > 3 else ""  # noqa: PLR2004 - three make the point
        problems.add(
            entries[without[0]].name_node,
            f"no repository is known for {', '.join(without[:3])}{more}",
            "Write `repository: https://…` at the top of the file, or in each service.",
        )


def _check_application_names(stacks: dict[str, Stack], entries: dict[str, Entry], problems: Problems) -> None:
    owners: dict[str, str] = {}
    for name, stack in stacks.items():
        for environment in stack.deployments:
            full = f"{name}-{environment}"
            place = entries[name].name_node
            if len(full) > MAX_LABEL:
                message = (
                    f"the Application's name {full!r} is {len(full)} characters long; at most {MAX_LABEL} fit"
                )
                problems.add(place, message, "Choose a shorter name.")
            owner = owners.setdefault(full, name)
            if owner != name:
                message = f"services `{owner}` and `{name}` would both have an Application {full!r}"
                problems.add(place, message, "Rename one of them.")


def _check_paths(stacks: dict[str, Stack], entries: dict[str, Entry], problems: Problems) -> None:
    # Folded, because macOS and Windows take `Services/a` and `services/a` for one folder.
    owners: dict[str, str] = {}
    # A path that did not decode has been reported; its default says nothing.
    paths = {
        name: stack.service["path"]
        for name, stack in stacks.items()
        if stack.service["path"].node or not pair_of(entries[name].node, "path")
    }
    for name, path in paths.items():
        owner = owners.setdefault(path.value.casefold(), name)
        if owner != name:
            message = f"path {path.value!r} is also the path of service `{owner}`"
            problems.add(_place(path, entries[name].name_node), message, "Give each service its own folder.")
    for name, path in paths.items():
        parts = path.value.casefold().split("/")
        above = ("/".join(parts[:end]) for end in range(1, len(parts)))
        outer = next((owners[up] for up in above if up in owners), None)
        if outer is not None:
            message = f"path {path.value!r} lies inside the path of service `{outer}`"
            problems.add(_place(path, entries[name].name_node), message, "Give each service its own folder.")


def _check_needs(
    stacks: dict[str, Stack], entries: dict[str, Entry], names: tuple[str, ...], problems: Problems
) -> None:
    graph: dict[str, tuple[str, ...]] = {}
    for name, stack in stacks.items():
        needs: tuple[str, ...] = stack.service["needs"].value
        nodes = entries[name].node.at(("needs",))
        items = nodes.items if isinstance(nodes, Sequence) else ()
        for item in items:
            need = getattr(resolved(item), "text", "")
            if need and need not in names:
                problems.add(item, f"unknown service `{shown(need)}`", did_you_mean(need, names))
        if len(set(needs)) != len(needs):
            twice = next(each for each in needs if needs.count(each) > 1)
            problems.add(items[0] if items else entries[name].node, f"`{twice}` is needed twice", "Keep one.")
        graph[name] = tuple(each for each in needs if each in stacks)
    try:
        waves(graph)
    except CycleError as cycle:
        first = entries[cycle.names[0]]
        place = pair_value(first.node, "needs") or first.name_node
        problems.add(place, f"services need each other: {cycle}", "Remove one of these needs.")


def _check_section(node: Node | None, environments: Iterable[str], problems: Problems) -> None:
    """Check one service, or `defaults`, and its parts for single environments as they are written."""
    for part in (node, *(pair_value(node, each) for each in environments)):
        repo = pair_of(part, "repo")
        if repo and pair_of(part, "repository"):
            problems.add(repo.key, "`repo` and `repository` mean the same", "Keep one of the two.")
        _check_image(part, problems)
        _check_sync(part, problems)


def _check_image(node: Node | None, problems: Problems) -> None:
    image = getattr(pair_value(node, "image"), "text", "")
    last = image.rpartition("/")[2]
    for key, twice in (("tag", ":" in last.partition("@")[0]), ("digest", "@" in last)):
        pair = pair_of(node, key)
        if pair and twice:
            problems.add(pair.key, f"`image` already has a {key}", f"Write the {key} once.")


def _check_sync(node: Node | None, problems: Problems) -> None:
    if getattr(pair_value(node, "sync"), "text", "") != "manual":
        return
    for key in ("prune", "selfHeal"):
        pair = pair_of(node, key)
        if pair and getattr(pair.value, "text", "").lower() == "true":
            problems.add(pair.key, f"`{key}` has no effect with `sync: manual`", "Remove one of the two.")


def _check_ports(ports: Picked, problems: Problems) -> None:
    owners: dict[int, str] = {}
    for name, number in ports.value.items():
        owner = owners.setdefault(number, name)
        if owner != name and ports.node:
            message = f"ports `{owner}` and `{name}` are both {number}"
            problems.add(
                ports.node.at((*ports.path, name)) or ports.node, message, "Give each port its own number."
            )


def _check_deployment(stacked: Layer, problems: Problems) -> None:
    for unit in ("cpu", "memory"):
        request, limit = stacked[f"resources.requests.{unit}"], stacked[f"resources.limits.{unit}"]
        asked, most = amount(request.value), amount(limit.value)
        place = (
            (limit.node or request.node) if asked is not None and most is not None and asked > most else None
        )
        if place is not None:
            message = f"{unit} request {request.value} ({request.source}) is over its limit {limit.value}"
            problems.add(
                _place(limit, _place(request, place)), message, "Raise the limit or lower the request."
            )
    scale = stacked["autoscale"]
    if scale.value and scale.value.min > scale.value.max and scale.node:
        message = f"autoscale min {scale.value.min} is over max {scale.value.max}"
        problems.add(_place(scale, scale.node), message, "Swap them.")
