"""Rules about what moves from one environment to the next."""

from sealock.rules.promotion import (
    missing_digest_in_production,
    mutable_tag_in_production,
    staging_replicas_differ,
)

RULES = (
    mutable_tag_in_production,
    missing_digest_in_production,
    staging_replicas_differ,
)
