"""Layers of values, the more specific over the less, each value with where it came from.

A layer is a dict from field name to Picked; stacking layers is the union of dicts. Both the
catalog and `explain` read the stacked dict, so they cannot disagree.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

import msgspec
from msgspec import UNSET

from sealock.config.vocabulary import plain_path
from sealock.domain.image import ImageRef
from sealock.domain.yaml_document import Node, Path

if TYPE_CHECKING:
    from sealock.config.service_types import AmountsSection, ResourcesSection


class Picked(msgspec.Struct, frozen=True, gc=False):
    """One value and its source: a place below `node`, or `rule`, the text that names a default."""

    value: Any
    rule: str = ""
    node: Node | None = None
    path: Path = ()
    note: str = ""

    @property
    def source(self) -> str:
        """Where the value came from: `services.yaml:4:5` or `default: …`."""
        found = self.node.at(self.path) if self.node else None
        place = str(found.where) if found else self.rule
        return f"{place} ({self.note})" if self.note else place


Layer: TypeAlias = dict[str, Picked]

MIRRORED = ("replicas", "autoscale")
"""What an environment before production takes from production when it says nothing itself."""

RESOURCES = tuple(f"resources.{part}.{unit}" for part in ("requests", "limits") for unit in ("cpu", "memory"))
_SPECIAL = frozenset(
    {"resources", "config", "image", "tag", "digest", "repository", "repo", "name", "services", "defaults"}
)


def rules(**values: tuple[Any, str]) -> Layer:
    """Return a layer of built-in defaults: `field=(value, rule)`."""
    return {name: Picked(value, f"default: {rule}") for name, (value, rule) in values.items()}


def layer(section: msgspec.Struct | None, node: Node | None) -> Layer:
    """Return what one section of the file says; `node` is where it stands."""
    out: Layer = {}
    if section is None or node is None:
        return out
    for attribute, key in zip(section.__struct_fields__, section.__struct_encode_fields__, strict=True):
        value = getattr(section, attribute)
        if value is UNSET or key in _SPECIAL or attribute.startswith("environment_"):
            continue
        out[key] = Picked(_plain(key, value), node=node, path=(key,))
    for key in ("repository", "repo"):
        url = getattr(section, key, UNSET)
        if url is not UNSET:
            out["repository"] = Picked(url, node=node, path=(key,))
    _add_resources(out, getattr(section, "resources", UNSET), node)
    for key, value in (getattr(section, "config", None) or {}).items():
        out[f"config.{key}"] = Picked(str(value), node=node, path=("config", key))
    _add_image(out, section, node)
    return out


def _plain(key: str, value: Any) -> Any:  # noqa: ANN401 - any field's type
    if key == "path":
        return plain_path(value)
    return tuple(value) if isinstance(value, list) else value


def _add_resources(out: Layer, resources: ResourcesSection | msgspec.UnsetType, node: Node) -> None:
    if isinstance(resources, msgspec.UnsetType):
        return
    for part in ("requests", "limits"):
        amounts: AmountsSection | msgspec.UnsetType = getattr(resources, part)
        for unit in ("cpu", "memory"):
            amount = getattr(amounts, unit) if amounts else UNSET
            if amount is not UNSET:
                name = f"resources.{part}.{unit}"
                out[name] = Picked(str(amount), node=node, path=("resources", part, unit))


def _add_image(out: Layer, section: msgspec.Struct, node: Node) -> None:
    """Add image, tag and digest. Tag and digest are one version: who gives either decides both."""
    image = getattr(section, "image", UNSET)
    ref = ImageRef.parse(image) if image else None
    if ref:
        out["image"] = Picked(ref.name, node=node, path=("image",))
    in_image = ("image",)
    found = {
        "tag": (ref.tag, in_image) if ref and ref.tag else (getattr(section, "tag", UNSET), ("tag",)),
        "digest": (str(ref.digest), in_image)
        if ref and ref.digest
        else (getattr(section, "digest", UNSET), ("digest",)),
    }
    given = [path for value, path in found.values() if value]
    if given:
        for name, (value, _) in found.items():
            out[name] = Picked(
                str(value) if value else None, node=node, path=found[name][1] if value else given[0]
            )


def mirrored(source: Layer, note: str) -> Layer:
    """Return the part of production's layer that holds for an environment that mirrors it."""
    return {name: msgspec.structs.replace(source[name], note=note) for name in MIRRORED if name in source}
