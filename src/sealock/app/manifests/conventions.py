"""What the generator must know about the environments beyond the catalog."""

from __future__ import annotations

import msgspec


class Conventions(msgspec.Struct, frozen=True):
    """`production` environments take digests only; `first` ones (nothing before them) may use `latest`.

    `named_cluster_rules` is true from Argo CD 3.3 on, where a cluster-scoped kind can be permitted by name.
    """

    production: frozenset[str]
    first: frozenset[str]
    named_cluster_rules: bool = True
