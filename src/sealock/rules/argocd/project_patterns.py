"""How Argo CD reads the patterns of an AppProject, as far as the traps of denying need it.

Source: isDestinationMatched, IsSourcePermitted and globMatch in
pkg/apis/application/v1alpha1/app_project_types.go, the same in Argo CD 3.3 to 3.5.
"""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, NamedTuple

from sealock.rules.view import text_of, value_of

if TYPE_CHECKING:
    from sealock.rules.view import ApplicationView

_EVERYTHING = frozenset({"*", "**"})


class Destination(NamedTuple):
    """One entry of `spec.destinations`, and its place in the list."""

    place: int
    name: str
    server: str
    namespace: str

    @property
    def denies(self) -> bool:
        """Say whether any of its patterns is a denial."""
        return any(map(is_denial, (self.name, self.server, self.namespace)))


def is_denial(pattern: str) -> bool:
    """Say whether a pattern begins with `!`."""
    return pattern.startswith("!")


def is_everything(pattern: str) -> bool:
    """Say whether a pattern matches any text."""
    return pattern in _EVERYTHING


def covers(pattern: str, other: str) -> bool:
    """Say whether a pattern certainly matches whatever another pattern stands for."""
    if not pattern or not other or is_denial(other):
        return False
    if is_everything(pattern) or pattern == other:
        return True
    # Braces are alternatives in Argo CD's patterns, and nothing in these.
    return not {"{", "}"} & {*pattern, *other} and "*" not in other and fnmatchcase(other, pattern)


def destinations(project: ApplicationView) -> list[Destination]:
    """Return the destinations of a project."""
    listed = value_of(project.manifest, "spec", "destinations")
    return [
        Destination(index, text_of(each, "name"), text_of(each, "server"), text_of(each, "namespace"))
        for index, each in enumerate(listed if isinstance(listed, list) else ())
    ]


def same_clusters(one: Destination, other: Destination) -> bool:
    """Say whether `one` certainly reaches the clusters of `other`, as far as both name them alike."""
    return covers(one.server, other.server) or covers(one.name, other.name) or is_everything(one.server)
