"""Rules that the organisation, or its clusters, bring along."""

from sealock.rules.custom import admission_policy, organisation_rule, organisation_test_failed

RULES = (
    admission_policy,
    organisation_rule,
    organisation_test_failed,
)
