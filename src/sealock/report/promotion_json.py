"""A promotion plan as JSON: the very document that `--apply FILE` reads."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from sealock.app.promotion.apply import Applied
    from sealock.domain.promotion import PromotionPlan


def document(plan: PromotionPlan) -> bytes:
    """Return the plan, indented, with a line break at its end."""
    return msgspec.json.format(msgspec.json.encode(plan), indent=2) + b"\n"


def applied_document(applied: Applied) -> bytes:
    """Return what became of a plan: outcome, commit, pull request, and the plan itself."""
    found = {
        "schema": "sealock.dev/promotion-result/v1",
        "outcome": applied.outcome,
        "commit": applied.commit,
        "request": applied.request_url,
        "note": applied.note,
        "plan": applied.plan,
    }
    return msgspec.json.format(msgspec.json.encode(found), indent=2) + b"\n"
