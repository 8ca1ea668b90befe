"""Both configuration files of a repository, found by their names at its root."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from sealock.config import services, settings
from sealock.domain.catalog import Catalog
from sealock.domain.location import Location
from sealock.domain.settings import Settings
from sealock.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Collection

    from sealock.ports import FileTree


class Configuration(msgspec.Struct, frozen=True):
    """What a repository says: its settings, and its catalog with the layers that `explain` reads.

    `catalog` and `inputs` are None where there is no `services.yaml`.
    """

    settings: Settings
    inputs: services.Inputs | None = None
    catalog: Catalog | None = None


def load(
    settings_text: str | None, services_text: str | None, known_rules: Collection[str] = ()
) -> Configuration:
    """Return the configuration in the texts; None stands for a file that is not there.

    Raises ConfigurationError.
    """
    found = settings.load(settings_text or "", settings.FILE, known_rules)
    if services_text is None:
        return Configuration(found)
    inputs = services.read(services_text, services.FILE, found)
    return Configuration(found, inputs, services.resolve(inputs))


def read(tree: FileTree, known_rules: Collection[str] = ()) -> Configuration:
    """Return the configuration at the root of `tree`. Raises ConfigurationError, also for `.yml` names."""
    for name in (settings.FILE, services.FILE):
        wrong = name.replace(".yaml", ".yml")
        if _text(tree, wrong) is not None:
            message = f"{wrong} is not read"
            raise ConfigurationError(message, where=Location(wrong), hint=f"Rename it to {name}.")
    return load(_text(tree, settings.FILE), _text(tree, services.FILE), known_rules)


def _text(tree: FileTree, path: str) -> str | None:
    try:
        return tree.read_text(path)
    except FileNotFoundError:
        return None
