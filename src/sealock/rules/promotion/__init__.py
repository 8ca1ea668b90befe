"""Rules about what moves from one environment to the next."""

from sealock.rules.promotion import (
    digest_not_proven,
    environment_skipped,
    hotfix_debt,
    image_downgrade,
    missing_digest_in_production,
    mutable_tag_in_production,
    mutable_tag_outside_dev,
    staging_replicas_differ,
)

RULES = (
    mutable_tag_in_production,
    mutable_tag_outside_dev,
    missing_digest_in_production,
    digest_not_proven,
    environment_skipped,
    hotfix_debt,
    image_downgrade,
    staging_replicas_differ,
)

HISTORIC = frozenset(rule.META.id for rule in (digest_not_proven, environment_skipped, image_downgrade))
"""The rules that need Git's history."""

RECORDED = hotfix_debt.META.id
"""The rule that needs what promotions' commits say."""
