"""Faults of what a repository says about itself: its own rules, admission policies, waivers, settings."""

from __future__ import annotations

from tests.mutations.mutation import CONFIGURATION, KINDS, KUBERNETES, PLATFORM, Edit, Mutation, Swap

SETTINGS = "sealock.yaml"
POLICY = "platform/replicas-policy.yaml"
WEB = "apps/web/base/deployment.yaml"
DATABASE = "apps/database/base/stateful-set.yaml"

_CEL = f"{KUBERNETES}/reference/using-api/cel/"
_POLICIES = f"{KUBERNETES}/reference/access-authn-authz/validating-admission-policy/"
_ZIZMOR = "https://docs.zizmor.sh/usage/#ignoring-results"
_SUPPRESSIONS = "https://docs.astral.sh/ruff/linter/#detecting-unused-suppression-comments"


def _fault(  # noqa: PLR0913 - each is named in Mutation
    name: str,
    what: str,
    source: str,
    rule: str,
    *edits: Edit,
    repository: str = KINDS,
    at: tuple[str, ...] = (),
    gap: str = "",
) -> Mutation:
    return Mutation(name, "Own rules and waivers", what, source, rule, edits, repository, at, gap=gap)


FAULTS = (
    _fault(
        "own-rule-broken",
        "a workload breaks the organisation's rule",
        _CEL,
        "owner-annotation",
        Swap(WEB, "  annotations:\n    acme.example/owner: web\n", ""),
    ),
    _fault(
        "own-rule-turned-round",
        "a rule's test expects the opposite",
        _CEL,
        "organisation-test-failed",
        Swap(SETTINGS, "          valid: false\n", "          valid: true\n"),
    ),
    _fault(
        "own-rule-misspelt",
        "a rule reads an annotation that nothing has",
        _CEL,
        "organisation-test-failed",
        Swap(SETTINGS, "annotations['acme.example/owner']", "annotations['acme.example/owners']"),
    ),
    _fault(
        "own-rule-no-cel",
        "a rule's expression does not compile",
        _CEL,
        "organisation-rule",
        Swap(SETTINGS, ".hasValue()", ".hasValue("),
    ),
    _fault(
        "own-rule-no-boolean",
        "a rule's expression is no yes or no",
        _CEL,
        "organisation-rule",
        Swap(SETTINGS, "['acme.example/owner'].hasValue()", "['acme.example/owner'].orValue('')"),
    ),
    _fault(
        "own-rule-fails",
        "a rule reads a field that some objects lack, and does not ask first",
        _CEL,
        "owner-annotation",
        Swap(
            SETTINGS,
            "object.?metadata.?annotations['acme.example/owner'].hasValue()",
            "object.metadata.annotations['acme.example/team'] != ''",
        ),
        at=(SETTINGS, WEB, DATABASE),
    ),
    _fault(
        "policy-denies",
        "an admission policy denies a Deployment",
        _POLICIES,
        "admission-policy",
        Swap(WEB, "spec:\n  selector:", "spec:\n  replicas: 12\n  selector:"),
        at=(WEB,),
    ),
    _fault(
        "policy-no-cel",
        "an admission policy's expression does not compile",
        _POLICIES,
        "api-server-refuses",
        Swap(POLICY, "object.spec.replicas <= 10", "object.spec.replicas =< 10"),
    ),
    _fault(
        "policy-unknown-field",
        "an admission policy reads a field that there is not: it fails on all",
        _POLICIES,
        "admission-policy",
        Swap(POLICY, "!has(object.spec.replicas) || object.spec.replicas <= 10", "object.spec.replica <= 10"),
        at=(POLICY, WEB, "apps/web/overlays/dev/kustomization.yaml"),
    ),
    _fault(
        "policy-action-misspelt",
        "a binding's action is in lower case",
        _POLICIES,
        "api-server-refuses",
        Swap(POLICY, "[Deny]", "[deny]"),
    ),
    _fault(
        "policy-actions-exclude",
        "a binding both denies and warns",
        _POLICIES,
        "api-server-refuses",
        Swap(POLICY, "[Deny]", "[Deny, Warn]"),
    ),
    _fault(
        "waiver-expired",
        "a waiver's last day is past",
        _ZIZMOR,
        "expired-waiver",
        Swap(SETTINGS, "2099-12-31", "2025-12-31"),
    ),
    _fault(
        "waiver-unused",
        "a waiver silences nothing any more",
        _SUPPRESSIONS,
        "unused-waiver",
        Swap(SETTINGS, '"notes/*.yaml"', '"note/*.yaml"'),
    ),
    _fault(
        "waiver-without-reason",
        "a comment waives a rule and does not say why",
        _ZIZMOR,
        "malformed-waiver",
        Swap(
            "apps/web/base/disruption.yaml",
            "  maxUnavailable: 1\n",
            "  # sealock: waive disruption-budget-blocks-evictions\n  maxUnavailable: 1\n",
        ),
    ),
    _fault(
        "waiver-in-other-words",
        "a comment waives a rule in the words of another tool: it silences nothing",
        _ZIZMOR,
        "malformed-waiver",
        Swap(
            "apps/web/base/disruption.yaml",
            "  maxUnavailable: 1\n",
            "  # sealock: ignore disruption-budget-blocks-evictions\n  maxUnavailable: 1\n",
        ),
    ),
    _fault(
        "waiver-setting-without-reason",
        "a waiver in sealock.yaml has no reason",
        _ZIZMOR,
        CONFIGURATION,
        Swap(SETTINGS, "    reason: the handbook shows it\n", ""),
    ),
    _fault(
        "waiver-of-no-rule",
        "a waiver names a rule that there is not",
        _ZIZMOR,
        CONFIGURATION,
        Swap(SETTINGS, "rule: unused-file", "rule: unused-files"),
    ),
    _fault(
        "settings-misspelt",
        "a key of sealock.yaml is misspelt",
        "https://json-schema.org/understanding-json-schema",
        CONFIGURATION,
        Swap(SETTINGS, "policy:\n", "policies:\n"),
    ),
    _fault(
        "environments-in-a-circle",
        "staging comes after production, and production after staging",
        "https://docs.kargo.io/user-guide/core-concepts/",
        CONFIGURATION,
        Swap(SETTINGS, "    after: dev\n", "    after: production\n"),
        repository=PLATFORM,
    ),
    _fault(
        "environment-unknown",
        "an environment comes after one that there is not",
        "https://docs.kargo.io/user-guide/core-concepts/",
        CONFIGURATION,
        Swap(SETTINGS, "    after: dev\n", "    after: test\n"),
        repository=PLATFORM,
    ),
    _fault(
        "own-rule-of-a-plural",
        "a rule names a resource in the plural, not a kind",
        _CEL,
        CONFIGURATION,
        Swap(SETTINGS, "kinds: [apps/v1/Deployment, apps/v1/StatefulSet]", "kinds: [deployments]"),
    ),
)
