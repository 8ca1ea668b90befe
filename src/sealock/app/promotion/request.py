"""What a user asks of a promotion, and what the planner needs to answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from sealock.domain.promotion import Action, Override
from sealock.ports import Expansion

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

    from sealock.domain.gate_question import GateQuestion
    from sealock.domain.promotion import GateResult
    from sealock.domain.revision import Revision
    from sealock.domain.settings import Gate, Settings
    from sealock.ports import Clock, DeployedBranch, ExpansionFacts, History, Registry, Renderer, SignedFiles


class Request(msgspec.Struct, frozen=True):
    """What is to move. Empty texts are worked out: source and target by the order, the digest by the source.

    `images` are names; empty means all of a service. `everything` takes each service whose source is
    ahead. `to` is where a rollback goes: a release, a digest, or `-1` for the one before.
    """

    action: Action
    services: tuple[str, ...]
    target: str
    source: str = ""
    digest: str = ""
    tag: str = ""
    images: tuple[str, ...] = ()
    everything: bool = False
    exclude: frozenset[str] = frozenset()
    to: str = "-1"
    no_gates: bool = False
    override: Override = Override()


class CatalogFacts(msgspec.Struct, frozen=True):
    """What services.yaml says that a promotion needs, each by service: folder, image, needed services."""

    folders: dict[str, str] = {}
    images: dict[str, str] = {}
    needs: dict[str, tuple[str, ...]] = {}


class CheckedTree(NamedTuple):
    """What a check of the result says and did not say of the base, one line each."""

    findings: tuple[str, ...] = ()
    undecided: tuple[str, ...] = ()


class Session(NamedTuple):
    """Everything about one base revision that planning asks; a new tip needs a new session.

    `blob` returns the Git blob of a plain file of the base, empty for anything else; `mentions` which files
    of the base hold one of some texts. `check` judges some overlays of a tree, without the rules named last.
    `gates` asks the configured ones. `configured` says whether there is a sealock.yaml, and `links` where
    each link of the base leads.
    """

    branch: DeployedBranch
    base: Revision
    files: SignedFiles
    settings: Settings
    configured: bool
    catalog: Callable[[], CatalogFacts]
    blob: Callable[[str], str]
    mentions: Callable[[Collection[str]], Iterable[str]]
    before: Renderer
    after: Callable[[str], Renderer]
    check: Callable[[str, Sequence[str], frozenset[str]], CheckedTree]
    gates: Callable[[Sequence[Gate], GateQuestion], tuple[GateResult, ...]]
    registry: Registry
    history: History
    clock: Clock
    root_tree: str = ""
    links: Callable[[], Mapping[str, str]] = dict


class NoApplicationSets:
    """Generates nothing; implements the ApplicationSets port.

    What Applications there are does not depend on images, and that only images change is proven.
    """

    def expand(self, sets: Sequence[dict[str, Any]], facts: ExpansionFacts) -> list[Expansion]:
        """Return an empty expansion for each."""
        del facts
        return [Expansion() for _ in sets]
