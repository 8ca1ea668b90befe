"""Connects the use cases of promotion to adapters; each part is imported when it is asked for."""

from __future__ import annotations

import os
import sys
import threading
import time
from contextlib import ExitStack, contextmanager
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from sealock import __version__, wiring
from sealock.adapters.verdict_cache import digest
from sealock.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from sealock.adapters.deployed_branch import Known
    from sealock.adapters.engine import EngineRenderer
    from sealock.adapters.engine_pool import EnginePool
    from sealock.adapters.git_revision import GitRevisions, RevisionFiles
    from sealock.adapters.verdict_cache import VerdictStore
    from sealock.app.gates import GatePorts
    from sealock.app.promotion.apply import Applied, Way
    from sealock.app.promotion.request import CatalogFacts, CheckedTree, Request, Session
    from sealock.domain.check_report import CheckReport
    from sealock.domain.finding import Finding
    from sealock.domain.gate_question import GateQuestion
    from sealock.domain.promotion import Car, GateResult, PromotionPlan
    from sealock.domain.settings import Gate, Settings
    from sealock.ports import Approvals, Registry

# ruff: noqa: PLC0415 - a command loads what it uses, so that `--help` and warm runs stay fast

_SWITCH_SECONDS = 0.0005
_FIRST_PAUSE_SECONDS = 0.05
_LONGEST_PAUSE_SECONDS = 3.0


class Choices(NamedTuple):
    """What the command line says about the place; empty texts follow from sealock.yaml and the clone."""

    remote: str = ""
    branch: str = ""
    evidence: tuple[str, ...] = ()
    deliver: str = ""
    reopen: bool = False


@contextmanager
def promotions(root: str, choices: Choices) -> Iterator[Promotions]:
    """Give what plans and applies promotions. The engines start at once: each plan needs them."""
    from sealock.adapters import engine, git_write
    from sealock.adapters.asked_ahead import AskedAhead
    from sealock.adapters.deployed_branch import Known
    from sealock.adapters.engine_registry import EngineRegistry, caller_environment, open_registries
    from sealock.adapters.git_objects import GitObjects
    from sealock.adapters.git_remote import read_repository
    from sealock.adapters.git_revision import GitRevisions
    from sealock.adapters.render_cache import cache_folder

    # A thread that loads modules would keep who waited for Git waiting for ten times as long.
    sys.setswitchinterval(_SWITCH_SECONDS)
    # One engine renders what one promotion touches; a second would only compete with Git.
    with engine.open_pool(1) as pool, open_registries() as registries:
        pool.start()
        # While Git and the engine are waited for, what a plan needs is loaded.
        threading.Thread(target=_load_plan, daemon=True).start()
        registry = EngineRegistry(registries, caller_environment())
        git = GitRevisions(root, cache_folder())
        with GitObjects(git.root) as objects:
            known = Known(
                objects,
                AskedAhead(lambda: read_repository(git.root)),
                AskedAhead(lambda: git_write.author(git.root)),
            )
            AskedAhead(lambda: git.git_dir)
            yield Promotions(pool, registry, git, known, choices)


def _load_plan() -> None:
    import sealock.app.promotion.plan
    import sealock.report.promotion_text  # noqa: F401 - for later

    # Late: the package is needed, and no name of it here.
    import_module("yaml")


def _load_check() -> None:
    import sealock.adapters.schemas
    import sealock.app.check
    import sealock.app.gates  # noqa: F401 - for later


class Promotions:
    """Plans and applies promotions of one repository."""

    def __init__(
        self, pool: EnginePool, registry: Registry, git: GitRevisions, known: Known, choices: Choices
    ) -> None:
        """Work on the repository of `git`."""
        self._pool = pool
        self._registry = registry
        self._git = git
        self._known = known
        self._choices = choices

    def plan(self, request: Request) -> PromotionPlan:
        """Return the plan. Raises UsageError, ConfigurationError, Refused, Undecided."""
        with self._session(request.services) as session:
            # Loaded meanwhile, while Git was waited for.
            from sealock.app.promotion.plan import PlanPromotion

            return PlanPromotion(session, request).run()

    def cars(self, request: Request) -> tuple[Car, ...]:
        """Return what would move; no gate is asked, and nothing is written. Raises as `plan` does."""
        from sealock.app.promotion.plan import PlanPromotion

        with self._session() as session:
            return PlanPromotion(session, request).cars()

    def apply(
        self, request: Request, agreed: Callable[[PromotionPlan], None], *, auto_merge: bool
    ) -> Applied:
        """Plan and apply in one go. Raises Blocked, Refused, Conflict, Undecided."""
        from sealock.app.promotion.apply import apply_new
        from sealock.app.promotion.plan import PlanPromotion

        with ExitStack() as stack:
            return apply_new(
                lambda: self._session(request.services),
                lambda session: PlanPromotion(session, request).run(),
                agreed,
                pause,
                lambda session: self._way(stack, session, auto_merge=auto_merge),
            )

    def apply_plan(self, plan: PromotionPlan, *, auto_merge: bool) -> Applied:
        """Apply exactly a plan. Raises Blocked, Conflict, Refused, Undecided."""
        from sealock.app.promotion.apply import apply_planned

        with ExitStack() as stack:
            return apply_planned(
                lambda: self._session([each.service for each in plan.cars]),
                plan,
                pause,
                lambda session: self._way(stack, session, auto_merge=auto_merge),
            )

    def _way(self, stack: ExitStack, session: Session, *, auto_merge: bool) -> Way:
        """Return how to deliver, as the command line says, else the deployed branch's sealock.yaml.

        `stack` closes it. Raises UsageError for a forge that is not known.
        """
        from sealock.app.promotion.apply import ByPush

        said = session.settings.promotion
        if (self._choices.deliver or said.deliver) == "push":
            if auto_merge or self._choices.reopen:
                message = "there is no pull request to merge or to reopen: the promotion is pushed"
                raise UsageError(message, hint="Add --deliver pull-request, or leave the option out.")
            return ByPush()
        from sealock.app.deliver_request import ByRequest, Wishes
        from sealock.report.promotion_markdown import body
        from sealock.wiring import release

        forge = stack.enter_context(release.forge(self._git.root, session.branch.branch().remote, said.forge))
        return ByRequest(forge, body, Wishes(auto_merge or said.auto_merge, self._choices.reopen))

    @contextmanager
    def _session(self, services: Sequence[str] = ()) -> Iterator[Session]:
        """Give a session at the branch's newest commit; `services` are those that are to move."""
        from sealock.adapters.deployed_branch import GitDeployedBranch
        from sealock.adapters.engine import fingerprint
        from sealock.adapters.git_history import GitHistory
        from sealock.adapters.git_mentions import MEMORY, GitMentions
        from sealock.adapters.render_cache import cache_folder
        from sealock.adapters.system_clock import SystemClock
        from sealock.app.promotion.request import Session
        from sealock.wiring import deployed, release

        git, pool = self._git, self._pool
        folder = cache_folder()
        store, objects = _store(git.root, "revisions", folder), self._known.objects
        head = git.one_file("HEAD", objects)
        remote, name = deployed.place(head, self._choices.remote, self._choices.branch)
        branch = GitDeployedBranch(git.root, remote=remote, branch=name, known=self._known)
        base = branch.tip()
        with ExitStack() as stack:
            files = stack.enter_context(git.files(base, objects=objects))
            settings = deployed.settings_of(files)
            stack.callback(store.save)
            judged = store, fingerprint(pool, folder)
            remote, known = branch.branch().remote, self._known.repository().settings
            opened = _Opened(pool, git, files, settings, *judged, known, remote, {})
            moving = opened.clean(sorted(services))
            if store.get(moving) is None:
                # While Git and the engine are waited for, what a check needs is loaded.
                threading.Thread(target=_load_check, daemon=True).start()
            yield Session(
                branch=branch,
                base=base,
                files=files,
                settings=settings,
                configured=deployed.text_of(files) is not None,
                catalog=opened.catalog,
                blob=files.blob,
                mentions=GitMentions(files, _store(git.root, MEMORY, folder)),
                before=opened.renderer(files),
                after=lambda tree: opened.renderer(opened.changed(stack, tree)),
                check=lambda tree, *asked: opened.check(stack, moving, tree, *asked),
                gates=self._gates(opened, release.reviews(stack, git.root, branch, settings.promotion)),
                registry=self._registry,
                history=GitHistory(git.root, base.commit),
                clock=SystemClock(),
                root_tree=branch.tree(base, ()),
                links=files.links,
            )

    def _gates(
        self, opened: _Opened, reviews: Approvals
    ) -> Callable[[Sequence[Gate], GateQuestion], tuple[GateResult, ...]]:
        from sealock.app import gates

        ports = opened.gate_ports(self._choices.evidence, self._registry, reviews)
        return lambda asked, question: gates.ask(asked, question, ports())


class _Opened(NamedTuple):
    """The base revision with what judges it."""

    pool: EnginePool
    git: GitRevisions
    files: RevisionFiles
    settings: Settings
    store: VerdictStore
    fingerprint: str
    git_settings: dict[str, list[str]]
    remote: str
    opened: dict[str, RevisionFiles]

    def renderer(self, files: RevisionFiles) -> EngineRenderer:
        """Return a renderer of a revision, with the base's options."""
        from sealock.adapters.engine import open_renderer

        return open_renderer(self.pool, self.git.root, wiring.render_options(self.settings), revision=files)

    def changed(self, stack: ExitStack, tree: str) -> RevisionFiles:
        """Return the files of the root tree `tree`, which differs from the base in contents alone.

        `stack` closes them.
        """
        if tree not in self.opened:
            self.opened[tree] = stack.enter_context(self.git.edited(self.files, tree))
        return self.opened[tree]

    def catalog(self) -> CatalogFacts:
        """Return what services.yaml says; nothing where there is none. Raises ConfigurationError."""
        from sealock.app.promotion.request import CatalogFacts

        try:
            text = self.files.read_text("services.yaml")
        except FileNotFoundError:
            return CatalogFacts()
        # Which keys a service may have depends on the environments.
        key = digest("promotion catalog", __version__, self.settings, text)
        try:
            return msgspec.msgpack.decode(self.store.get(key) or b"", type=CatalogFacts)
        except msgspec.MsgspecError:
            facts = _catalog_facts(text, self.settings)
        self.store.put(key, msgspec.msgpack.encode(facts))
        return facts

    def check(
        self, stack: ExitStack, moving: bytes, tree: str, overlays: Sequence[str], without: frozenset[str]
    ) -> CheckedTree:
        """Return what the base's policy says of a tree and does not say of the base already.

        That it says nothing is remembered, also for `moving`: who applies a plan is not checked twice.
        """
        from sealock.app.promotion.request import CheckedTree

        key = self.clean(tree, overlays, sorted(without))
        if self.store.get(key) is not None:
            return CheckedTree()
        found = self._checked(stack, tree, overlays, without)
        if found == CheckedTree():
            for each in (key, moving):
                self.store.put(each, b"")
        return found

    def clean(self, *asked: object) -> bytes:
        """Return the key for a check of what was `asked` at this base, which found nothing.

        A waiver ends with a day, and by its remotes a clone knows which Applications are its own.
        """
        from sealock.adapters.system_clock import SystemClock

        revision, today = self.files.revision, SystemClock().now().date().isoformat()
        decided_by = (__version__, self.fingerprint, revision.commit, revision.tree, self.git_settings, today)
        return digest("clean", *decided_by, *asked)

    def _checked(
        self, stack: ExitStack, tree: str, overlays: Sequence[str], without: frozenset[str]
    ) -> CheckedTree:
        from sealock.app.promotion.request import CheckedTree

        after = self._report(self.changed(stack, tree), overlays, without)
        findings, undecided = _errors(after), after.undecided
        if not findings and not undecided:
            return CheckedTree()
        before = self._report(self.files, overlays, without)
        known = {_name(each) for each in _errors(before)}
        asked = {(each.check, each.subject, each.reason) for each in before.undecided}
        return CheckedTree(
            tuple(
                f"{each.location}: {each.message} [{each.rule}]"
                for each in findings
                if _name(each) not in known
            ),
            tuple(
                f"{each.location}: {each.reason} [{each.check}]"
                for each in undecided
                if (each.check, each.subject, each.reason) not in asked
            ),
        )

    def _report(self, files: RevisionFiles, overlays: Sequence[str], without: frozenset[str]) -> CheckReport:
        from sealock.app.check import CheckRepository, Question
        from sealock.app.promotion.request import NoApplicationSets
        from sealock.domain.repository_url import declared_in

        try:
            repository = declared_in(files.read_text("services.yaml"))
        except FileNotFoundError:
            repository = ""
        versions = wiring.versions(self.settings)
        rules = wiring.rules_in_force(self.settings) - without
        question = Question(self.settings, versions, rules, tuple(overlays), repository)
        options = wiring.render_options(self.settings)
        asked = wiring.AskedEngine(self.pool, self.git.root, options, self.store, self.fingerprint)
        # Applications are as they were: a promotion changes images alone.
        judges = wiring.remembering_judges(asked, versions, self.renderer(files), NoApplicationSets(), files)
        return CheckRepository(files, judges, question).run()

    def gate_ports(
        self, evidence: Sequence[str], registry: Registry, reviews: Approvals
    ) -> Callable[[], GatePorts]:
        """Return what makes the ports of gates, when the first is asked."""

        def made() -> GatePorts:
            from sealock.adapters.evidence_files import EvidenceFiles
            from sealock.adapters.gate_programs import RevisionPrograms
            from sealock.adapters.git_approvals import GitApprovals
            from sealock.adapters.system_clock import SystemClock
            from sealock.app.gates import GatePorts

            return GatePorts(
                EvidenceFiles(self.git.root, self.settings.promotion.evidence, tuple(evidence)),
                GitApprovals(self.git.root, self.remote),
                RevisionPrograms(self.files),
                registry,
                self.files,
                SystemClock(),
                reviews,
            )

        return made


def _store(root: str, subject: str, folder: Path) -> VerdictStore:
    """Return what is remembered of a repository's revisions, apart from what is of its work tree."""
    from sealock.adapters.verdict_cache import VerdictStore

    return VerdictStore(os.path.join(root, ".git", subject), str(folder), cached=True)  # noqa: PTH118


def _catalog_facts(text: str, settings: Settings) -> CatalogFacts:
    from sealock.app.promotion.request import CatalogFacts
    from sealock.config import services

    found = services.load(text, services.FILE, settings).services
    return CatalogFacts(
        {name: each.path for name, each in found.items()},
        {name: each.image_name for name, each in found.items()},
        {name: each.needs for name, each in found.items() if each.needs},
    )


def _errors(report: CheckReport) -> list[Finding]:
    from sealock.domain.finding import Severity

    return [each for each in report.findings if each.severity is Severity.ERROR]


def _name(finding: Finding) -> tuple[str, str, str]:
    return finding.rule, finding.location.file, finding.resource


def pause(attempt: int) -> None:
    """Wait before another try: longer each time, and never as long as the others."""
    import random

    most = min(_LONGEST_PAUSE_SECONDS, _FIRST_PAUSE_SECONDS * 2**attempt)
    time.sleep(random.uniform(0, most))  # noqa: S311 - spreads tries, keeps no secret


def write_file(path: str, content: bytes) -> None:
    """Write a file whole or not at all; a pipe or device is written to. Raises UsageError."""
    target = Path(path)
    try:
        if target.exists() and not target.is_file():
            target.write_bytes(content)
            return
        target = target.resolve()
        draft = target.with_name(f".{target.name}.{os.getpid()}")
        try:
            draft.write_bytes(content)
            draft.replace(target)
        finally:
            draft.unlink(missing_ok=True)
    except OSError as wrong:
        message = f"{path} cannot be written: {os.strerror(wrong.errno or 0)}"
        raise UsageError(message, hint="Name a file in a folder that you can write.") from None
