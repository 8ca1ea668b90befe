"""A promotion plan as JSON: the very document that `--apply FILE` reads; and what became of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Literal

import msgspec

from sealock.domain.canonical import digest_of
from sealock.domain.promotion import PlanDocument, PromotionPlan
from sealock.domain.promotion_message import subject

if TYPE_CHECKING:
    from sealock.app.promotion.apply import Applied

RESULT_SCHEMA: Final = "sealock.dev/promotion-result/v1"


class ResultDocument(msgspec.Struct, frozen=True):
    """What became of a plan.

    `commit` is empty where nothing was to do; `request` is the address of the pull request, or empty.
    """

    schema: Literal["sealock.dev/promotion-result/v1"]
    outcome: Literal["committed", "requested", "nothing"]
    commit: str
    request: str
    note: str
    plan: PlanDocument


def document(plan: PromotionPlan) -> bytes:
    """Return the plan, indented, with a line break at its end."""
    return _written(_with_digest(plan))


def applied_document(applied: Applied) -> bytes:
    """Return what became of a plan: outcome, commit, pull request, and the plan itself."""
    return _written(
        ResultDocument(
            RESULT_SCHEMA,
            applied.outcome,
            applied.commit,
            applied.request_url,
            applied.note,
            _with_digest(applied.plan),
        )
    )


def plan_schema() -> dict[str, Any]:
    """Return the JSON Schema of a plan."""
    return _schema(PlanDocument, "A plan of sealock promote, rollback or hotfix")


def result_schema() -> dict[str, Any]:
    """Return the JSON Schema of what `--apply --format json` prints."""
    return _schema(ResultDocument, "The output of sealock promote, rollback or hotfix --apply --format json")


def _schema(document_type: type, title: str) -> dict[str, Any]:
    found = msgspec.json.schema(document_type)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": title, **found}


def _with_digest(plan: PromotionPlan) -> PlanDocument:
    fields = {name: getattr(plan, name) for name in PromotionPlan.__struct_fields__}
    return PlanDocument(**fields, digest=digest_of(plan), subject=subject(plan))


def _written(value: msgspec.Struct) -> bytes:
    return msgspec.json.format(msgspec.json.encode(value), indent=2) + b"\n"
