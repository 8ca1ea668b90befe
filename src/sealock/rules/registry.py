"""Every rule, in one explicit tuple."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, cast

from sealock.rules import (
    api_server_refuses,
    api_server_warns,
    application_namespace,
    application_path_missing,
    duplicated_base_resource,
    missing_digest_in_production,
    missing_namespace_transformer,
    mutable_tag_in_production,
    production_auto_prune,
    project_not_permitted,
    render_failed,
    schema_violation,
    staging_replicas_differ,
    unknown_kind,
    unknown_sync_option,
    unreadable_application,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sealock.domain.finding import Finding, NotDecided
    from sealock.rules.meta import Meta
    from sealock.rules.view import RepositoryView


class Rule(Protocol):
    """A module of this package: its META, its check, and its docstring, which is the user's page."""

    META: Meta
    __doc__: str | None

    def check(self, view: RepositoryView) -> Iterator[Finding | NotDecided]:
        """Yield what is wrong, and what could not be decided."""
        ...


ALL_RULES = cast(
    "tuple[Rule, ...]",
    (
        render_failed,
        api_server_refuses,
        schema_violation,
        unknown_kind,
        unreadable_application,
        application_path_missing,
        project_not_permitted,
        mutable_tag_in_production,
        missing_digest_in_production,
        missing_namespace_transformer,
        duplicated_base_resource,
        staging_replicas_differ,
        unknown_sync_option,
        application_namespace,
        production_auto_prune,
        api_server_warns,
    ),
)

RULE_IDS = tuple(rule.META.id for rule in ALL_RULES)


def documentation(rule: Rule) -> str:
    """Return a rule's page in Markdown."""
    summary, _, body = (rule.__doc__ or "").strip().partition("\n")
    meta = rule.META
    facts = f"Severity {meta.severity}, confidence {meta.confidence}."
    return f"# {meta.id}\n{summary}\n\n{facts}\n{body}\n"
