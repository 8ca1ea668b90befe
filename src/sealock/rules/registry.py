"""Every rule, topic by topic."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, cast

from sealock.rules import argocd, custom, kubernetes, kustomize, promotion, waivers

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sealock.domain.finding import Finding, NotDecided
    from sealock.rules.meta import Meta
    from sealock.rules.view import RepositoryView, WaiverUse


class Documented(Protocol):
    """A module of this package: its META, and its docstring, which is the user's page."""

    META: Meta
    __doc__: str | None


class Rule(Documented, Protocol):
    """A rule about the repository."""

    def check(self, view: RepositoryView) -> Iterator[Finding | NotDecided]:
        """Yield what is wrong, and what could not be decided."""
        ...


class WaiverRule(Documented, Protocol):
    """A rule about waivers, which has its say after all others."""

    def judge(self, use: WaiverUse) -> Iterator[Finding]:
        """Yield what is wrong."""
        ...


ALL_RULES = cast(
    "tuple[Rule, ...]", (*kustomize.RULES, *kubernetes.RULES, *argocd.RULES, *promotion.RULES, *custom.RULES)
)
WAIVER_RULES = cast("tuple[WaiverRule, ...]", waivers.RULES)
DOCUMENTED: tuple[Documented, ...] = (*ALL_RULES, *WAIVER_RULES)

RULE_IDS = tuple(rule.META.id for rule in DOCUMENTED)


def documentation(rule: Documented) -> str:
    """Return a rule's page in Markdown."""
    summary, _, body = (rule.__doc__ or "").strip().partition("\n")
    meta = rule.META
    state = "on" if meta.on else "off"
    facts = f"Severity {meta.severity}, confidence {meta.confidence}, {state} by default."
    if meta.fix != "none":
        facts += f" `--fix{' --unsafe' if meta.fix == 'unsafe' else ''}` mends it."
    facts += f"\nHolds for Argo CD {meta.argocd} and Kubernetes {meta.kubernetes}."
    return f"# {meta.id}\n{summary}\n\n{facts}\n{body}\n"
