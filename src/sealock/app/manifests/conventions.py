"""What the generator must know about the environments beyond the catalog."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from sealock.domain.settings import Settings

_NAMED_CLUSTER_RULES = (3, 3)


class Conventions(msgspec.Struct, frozen=True):
    """`production` environments take digests only; `first` ones (nothing before them) may use `latest`.

    `named_cluster_rules` is true from Argo CD 3.3 on, where a cluster-scoped kind can be permitted by name.
    """

    production: frozenset[str]
    first: frozenset[str]
    named_cluster_rules: bool = True

    @classmethod
    def of(cls, settings: Settings) -> Conventions:
        """Return the conventions that sealock.yaml asks for; an unset Argo CD version is the newest."""
        environments = settings.environments.values()
        version = tuple(int(part) for part in settings.versions.argocd.split(".")[:2] if part.isdigit())
        return cls(
            production=frozenset(each.name for each in environments if each.production),
            first=frozenset(each.name for each in environments if not each.after and not each.production),
            named_cluster_rules=not version or version >= _NAMED_CLUSTER_RULES,
        )
