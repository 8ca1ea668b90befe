"""`promotion` in `sealock.yaml` → Promotion."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sealock.config.decode import items_of, pair_of, value_of
from sealock.config.settings_types import (
    ForgeSection,
    HelmValuesSection,
    PromotionSection,
    ReleaseSection,
    TokenSection,
    TrainsSection,
)
from sealock.config.vocabulary import plain_path
from sealock.domain.settings import ForgeSettings, HelmValues, Promotion, TokenSource

if TYPE_CHECKING:
    from sealock.config.decode import Problems
    from sealock.domain.yaml_document import Node


def promotion(section: PromotionSection, root: Node | None, problems: Problems) -> Promotion:
    """Return how promotions are delivered; `root` is the node of the whole file."""
    pair = pair_of(root, "promotion")
    node = pair.value if pair else None
    release = section.release or ReleaseSection()
    return Promotion(
        remote=section.remote or "",
        branch=section.branch or "",
        deliver=section.deliver,
        forge=_forge(section.forge, node, problems) if section.forge else None,
        auto_merge=section.auto_merge,
        tag_style=section.tag,
        evidence=tuple(map(plain_path, section.evidence)),
        on_refused=(section.trains or TrainsSection()).on_refused,
        helm_values=_helm_values(section.helm_values, node, problems),
        release_tag=release.tag,
        release_sign=release.sign,
    )


def _forge(section: ForgeSection, node: Node | None, problems: Problems) -> ForgeSettings:
    pair = pair_of(node, "forge")
    if pair and section.url and not pair_of(pair.value, "kind"):
        message = "`kind` is missing: a URL does not say which forge it is"
        problems.add(value_of(pair.value, "url"), message, "One of github, gitlab, forgejo.")
    said = section.token or None
    place = value_of(pair.value, "token") if pair else None
    return ForgeSettings(
        kind=section.kind or None,
        url=(section.url or "").rstrip("/"),
        repository=section.repository or "",
        token=token(said, place, problems) if said is not None and place is not None else None,
    )


def token(section: TokenSection, node: Node, problems: Problems) -> TokenSource:
    """Return where a token or key is had from."""
    given = [key for key in ("env", "file", "command") if pair_of(node, key)]
    if len(given) != 1:
        message = f"expected one of `env`, `file`, `command`, found {len(given)}"
        problems.add(node, message, "A token has one source.")
    return TokenSource(section.env or "", section.file or "", tuple(section.command or ()))


def _helm_values(
    sections: list[HelmValuesSection], root: Node | None, problems: Problems
) -> tuple[HelmValues, ...]:
    for node in items_of(root, ("helmValues",), len(sections)):
        if not pair_of(node, "tag") and not pair_of(node, "digest"):
            problems.add(node, "`tag` or `digest` is missing", "Say where a digest can be written.")
    return tuple(
        HelmValues(plain_path(each.file), each.repository or "", each.tag or "", each.digest or "")
        for each in sections
    )
