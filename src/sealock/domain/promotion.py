"""Promotions as values: what moves where, what was looked at, what the gates say, and what is written."""

from __future__ import annotations

from typing import Literal

import msgspec

PLAN_SCHEMA = "sealock.dev/promotion-plan/v1"

Action = Literal["promote", "rollback", "hotfix"]
GateVerdict = Literal["pass", "refuse", "unknown", "overridden"]


class ImagePin(msgspec.Struct, frozen=True):
    """What one place says of an image: `name` as manifests know it; what it does not set is empty."""

    name: str
    new_name: str = ""
    tag: str = ""
    digest: str = ""

    @property
    def repository(self) -> str:
        """The name under which it is pulled."""
        return self.new_name or self.name

    def __str__(self) -> str:
        tag = f":{self.tag}" if self.tag else ""
        return f"{self.repository}{tag}{f'@{self.digest}' if self.digest else ''}"


class ImageMove(msgspec.Struct, frozen=True):
    """One image of a service: what the target ran `before`, and what it runs `after`.

    Where clusters of one environment ran different things, there is one for each of these.
    """

    name: str
    before: ImagePin
    after: ImagePin


class Car(msgspec.Struct, frozen=True):
    """One service of a promotion. `source` is the environment it comes from; empty in a hotfix or rollback.

    `overlays` are those of the target that change, `source_overlays` those whose images were taken.
    `needs` are services that this one depends on. `runs` are the digests of all images that the source
    runs, where that is more than what moves: what must have been seen healthy there.
    """

    service: str
    source: str
    target: str
    overlays: tuple[str, ...]
    images: tuple[ImageMove, ...]
    source_overlays: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    runs: tuple[str, ...] = ()

    @property
    def digests(self) -> tuple[str, ...]:
        """The digests that arrive, in the images' order, each once."""
        return tuple(dict.fromkeys(each.after.digest for each in self.images))


class LeftOut(msgspec.Struct, frozen=True):
    """A service that was asked for and does not move, and why."""

    service: str
    reason: str


class EvidenceRef(msgspec.Struct, frozen=True):
    """A piece of evidence: its kind, its digest (`sha256:…` of the canonical JSON), one line for people."""

    kind: str
    digest: str
    summary: str


class GateResult(msgspec.Struct, frozen=True):
    """What one gate says. `service` is empty where it speaks for the whole train.

    `retry_after` is when it can pass, as RFC 3339 in UTC, or empty. `overridden` is a gate that did not
    pass, and that a person with a reason went past; `message` keeps what it had said.
    """

    gate: str
    environment: str
    verdict: GateVerdict
    message: str
    service: str = ""
    evidence: tuple[EvidenceRef, ...] = ()
    hint: str = ""
    retry_after: str = ""


class PlannedChange(msgspec.Struct, frozen=True):
    """One file: its Git blob before, and its whole text before and after."""

    path: str
    blob: str
    before: str
    after: str


class FieldChange(msgspec.Struct, frozen=True):
    """One field of a rendered object that differs: what the proof by re-render found."""

    overlay: str
    object: str
    field: str
    before: str
    after: str


class SeenFile(msgspec.Struct, frozen=True, order=True):
    """A file that the plan depends on, by its Git blob; empty where there is none."""

    path: str
    blob: str


class SeenTag(msgspec.Struct, frozen=True, order=True):
    """What a registry said of a tag."""

    image: str
    digest: str


class Override(msgspec.Struct, frozen=True):
    """Why gates were gone past, or why a rollback or hotfix: a reason, and who stands for it."""

    reason: str = ""
    approver: str = ""


class Branch(msgspec.Struct, frozen=True):
    """Where a promotion goes: a branch of a remote; an empty `remote` is this very repository."""

    remote: str
    branch: str

    def __str__(self) -> str:
        return f"{self.remote}/{self.branch}" if self.remote else self.branch


class PromotionPlan(msgspec.Struct, frozen=True):
    """All of it. `base` is the commit, `base_tree` its root tree; `tree` is the root tree that results.

    `behind` are containers that still have another version of what moves, one line each. `created` is
    RFC 3339 in UTC, `author` is `Name <mail>`. `findings` are what a check with the base's policy says of
    the result and did not say before, one line each. `gates_of` says which gates were asked: `configured`,
    `none configured` or `overridden`.
    """

    action: Action
    to: Branch
    base: str
    base_tree: str
    environment: str
    cars: tuple[Car, ...]
    changes: tuple[PlannedChange, ...]
    tree: str
    gates: tuple[GateResult, ...]
    rendered: tuple[FieldChange, ...]
    author: str
    created: str
    left_out: tuple[LeftOut, ...] = ()
    behind: tuple[str, ...] = ()
    findings: tuple[str, ...] = ()
    undecided: tuple[str, ...] = ()
    seen: tuple[SeenFile, ...] = ()
    tags: tuple[SeenTag, ...] = ()
    override: Override = Override()
    gates_of: str = "configured"
    sync: tuple[str, ...] = ()
    schema: str = PLAN_SCHEMA

    @property
    def blocked(self) -> bool:
        """Say whether a gate or the check stands in the way."""
        return any(each.verdict in {"refuse", "unknown"} for each in self.gates) or bool(
            self.findings or self.undecided
        )


class PlanDocument(PromotionPlan, frozen=True, kw_only=True):
    """A plan as its file holds it. `digest` names the plan: it is that of everything but these two."""

    digest: str
    subject: str

    def plan(self) -> PromotionPlan:
        """Return the plan alone."""
        return PromotionPlan(**{name: getattr(self, name) for name in PromotionPlan.__struct_fields__})


class Delivery(msgspec.Struct, frozen=True):
    """How a commit arrived. `moved`: the branch has other commits now; `refused`: the other side says no.

    `message` is what the other side said, made printable. An outcome that stays unknown is not a value:
    it raises Undecided.
    """

    status: Literal["accepted", "moved", "refused"]
    commit: str = ""
    message: str = ""


class Authored(msgspec.Struct, frozen=True):
    """A commit of the deployed branch, as history shows it: `time` in seconds since 1970."""

    commit: str
    author: str
    time: int
    message: str
