"""Which environments a service comes from: the nearest before, past those in which it does not run."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Container, Mapping

    from sealock.domain.settings import Environment


class EnvironmentOrder:
    """The order of environments, for services that need not run in each of them."""

    def __init__(self, environments: Mapping[str, Environment], places: Container[tuple[str, str]]) -> None:
        """Order as `environments` say; `places` are the services and environments that there are."""
        self._environments = environments
        self._places = places
        self.sources = cache(self._sources)
        self.earlier = cache(self._earlier)

    def _sources(self, service: str, environment: str) -> tuple[str, ...]:
        """Return the environments that a promotion of a service into one comes from."""
        found: dict[str, None] = {}
        declared = self._environments.get(environment)
        for each in declared.after if declared else ():
            here = (each,) if (service, each) in self._places else self.sources(service, each)
            found |= dict.fromkeys(here)
        return tuple(found)

    def _earlier(self, service: str, environment: str) -> tuple[str, ...]:
        """Return every environment that a service passes before one, the nearest first."""
        found: dict[str, None] = {}
        left = list(self.sources(service, environment))
        while left:
            each = left.pop(0)
            if each not in found:
                found[each] = None
                left += self.sources(service, each)
        return tuple(found)
