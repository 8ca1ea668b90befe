"""The one place that connects use cases to adapters. Each part is imported when it is asked for."""

from __future__ import annotations

import os
import shutil
import time
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from sealock.errors import ConfigurationError, SealockError, Undecided, UsageError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from contextlib import AbstractContextManager

    from sealock.adapters.engine import EngineProjectPolicy, EngineRenderer, RenderOptions
    from sealock.adapters.engine_expand import RememberingApplicationSets
    from sealock.adapters.engine_pool import EnginePool
    from sealock.adapters.file_tree import RepositoryFiles
    from sealock.adapters.git_revision import GitRevisions, RevisionFiles
    from sealock.adapters.render_cache import Probing
    from sealock.adapters.schemas import PackagedSchemas
    from sealock.adapters.verdict_cache import VerdictStore
    from sealock.adapters.work_tree import DiskWorkTree
    from sealock.app.check import Judges
    from sealock.app.diff import DiffRevisions, Side
    from sealock.app.hotfix_debts import Recorded
    from sealock.app.list_applications import Asked
    from sealock.config.repository import Configuration
    from sealock.domain.check_report import Used
    from sealock.domain.revision import Revision
    from sealock.domain.settings import Settings, Versions
    from sealock.ports import ApplicationSets, Base, FileTree, Renderer

_SHORT = 8

# ruff: noqa: PLC0415 - a command loads what it uses, so that `--help` and warm runs stay fast


def repository_root(option: str | None) -> str:
    """Return the real path of `--repo`, else of the nearest folder upwards that is a repository."""
    if option:
        return os.path.realpath(option)
    here = Path.cwd()
    return os.path.realpath(next(_repositories(here), here))


def _repositories(folder: Path) -> Iterator[Path]:
    for each in (folder, *folder.parents):
        git = each / ".git"
        # Sandboxes leave empty folders of that name behind, in /tmp for one.
        if git.is_file() or (git / "HEAD").exists() or (each / "sealock.yaml").exists():
            yield each


def inside(root: str, base: str, path: str) -> str:
    """Return a path, as given below `base`, relative to the repository, with `/`. Raises UsageError."""
    full = Path(os.path.normpath(Path(base, path)))
    if not full.is_relative_to(root):
        message = f"{path} is outside of the repository {root}"
        raise UsageError(message, hint="Name the repository with --repo DIR.")
    return full.relative_to(root).as_posix()


def files(root: str) -> RepositoryFiles:
    """Return the repository's files, for reading."""
    from sealock.adapters.file_tree import RepositoryFiles

    return RepositoryFiles(root)


def work_tree(root: str) -> DiskWorkTree:
    """Return the repository's files, for reading and writing all or nothing."""
    from sealock.adapters.work_tree import DiskWorkTree

    return DiskWorkTree(root)


def configuration(tree: FileTree) -> Configuration:
    """Return sealock.yaml and services.yaml, decoded. Raises ConfigurationError."""
    from sealock.config import repository
    from sealock.rules.registry import RULE_IDS

    return repository.read(tree, RULE_IDS)


def settings(tree: FileTree) -> Settings:
    """Return sealock.yaml, decoded, or the defaults. Raises ConfigurationError."""
    from sealock.rules.registry import RULE_IDS
    from sealock.wiring import deployed, remembered_settings

    return remembered_settings.load(deployed.text_of(tree) or "", RULE_IDS)


def engines() -> AbstractContextManager[EnginePool]:
    """Return the engines; none starts before there is work. Raises EngineError."""
    from sealock.adapters.engine import open_pool

    return open_pool()


def renderer(pool: EnginePool, tree: RepositoryFiles, *, cached: bool, many: bool = False) -> EngineRenderer:
    """Return a renderer with the options of the repository's sealock.yaml. Raises ConfigurationError.

    With `many` renders ahead and nothing remembered, the engines start while the overlays are looked for.
    """
    from sealock.adapters.engine import open_renderer
    from sealock.adapters.render_cache import cache_folder, is_cold

    if many and (not cached or is_cold(cache_folder())):
        pool.start()
    return open_renderer(pool, tree.root, _options_of(tree), cached=cached)


def _options_of(tree: RepositoryFiles) -> RenderOptions:
    from sealock.adapters.engine import RenderOptions

    try:
        text = tree.read_text("sealock.yaml")
    except FileNotFoundError:
        return RenderOptions()
    from sealock.config import settings

    return render_options(settings.load(text))


def render_options(found: Settings) -> RenderOptions:
    """Return how a repository with these settings is rendered."""
    from sealock.adapters.engine import RenderOptions

    helm = (shutil.which("helm") or "helm") if found.kustomize.helm else ""
    return RenderOptions(found.kustomize.load_restrictor, helm)


def versions(settings: Settings) -> Used:
    """Return the versions to judge by: those of sealock.yaml, else the newest that are packaged."""
    from sealock.adapters.schemas import argocd_versions, chosen, kubernetes_versions
    from sealock.domain.check_report import Used

    wanted = settings.versions
    return Used(
        chosen("Kubernetes", wanted.kubernetes, kubernetes_versions()),
        chosen("Argo CD", wanted.argocd, argocd_versions()),
        assumed=not (wanted.kubernetes and wanted.argocd),
    )


def rules_in_force(settings: Settings, selected: Collection[str] = ()) -> frozenset[str]:
    """Return the rules that run: those that are on, have a level in sealock.yaml, or are selected by name."""
    from sealock.rules.registry import DOCUMENTED

    known = {rule.META.id for rule in DOCUMENTED}
    on = {rule.META.id for rule in DOCUMENTED if rule.META.on}
    off = {rule for rule, level in settings.levels.items() if level == "off"}
    return frozenset((on | (settings.levels.keys() & known) | set(selected)) - off)


def schemas(versions: Versions) -> PackagedSchemas:
    """Return the packaged schemas of the configured versions, or of the newest."""
    from sealock.adapters.schemas import PackagedSchemas

    return PackagedSchemas(versions.kubernetes, versions.argocd)


def project_policy(pool: EnginePool) -> EngineProjectPolicy:
    """Return Argo CD's own AppProject checks."""
    from sealock.adapters.engine import EngineProjectPolicy

    return EngineProjectPolicy(pool)


@contextmanager
def judges(  # noqa: PLR0913 - each is another thing
    files: RepositoryFiles,
    settings: Settings,
    versions: Used,
    *,
    cached: bool,
    since: str | None = None,
    seen: Probing | None = None,
) -> Iterator[Judges]:
    """Give the ports that a check asks; what they said is remembered if it goes well.

    `since` names the revision that the change under review began at. `seen` is what one run looks at, each
    file once. Raises EngineError, UsageError, Undecided.
    """
    from sealock.adapters import engine
    from sealock.adapters.rehearsal import EngineRehearsal
    from sealock.adapters.render_cache import cache_folder, is_cold
    from sealock.adapters.verdict_cache import VerdictStore

    folder = cache_folder()
    store = VerdictStore(files.root, str(folder), cached=cached)
    with ExitStack() as stack:
        pool = stack.enter_context(engine.open_pool())
        base = _base(stack, pool, files, since, cached=cached) if since else None
        if not cached or is_cold(folder):
            pool.start()
        options = render_options(settings)
        renderer = engine.open_renderer(pool, files.root, options, cached=cached, seen=seen)
        fingerprint = engine.fingerprint(pool, folder) if cached else ""
        asked = AskedEngine(pool, files.root, options, store, fingerprint)
        sets = _application_sets(pool, files, store, fingerprint)
        yield remembering_judges(asked, versions, renderer, sets)._replace(
            base=base,
            rehearsal=EngineRehearsal(pool, files.root, options),
            recorded=_recorded(files.root, base),
        )
    store.save()


class AskedEngine(NamedTuple):
    """The engines that are asked about the repository at `root`, and where their answers are remembered.

    `fingerprint` is that of the engine's code; empty where nothing is remembered.
    """

    pool: EnginePool
    root: str
    options: RenderOptions
    store: VerdictStore
    fingerprint: str


def remembering_judges(
    asked: AskedEngine,
    versions: Used,
    renderer: Renderer,
    sets: ApplicationSets,
    revision: RevisionFiles | None = None,
) -> Judges:
    """Return the judges that every check has, of the work tree or of a `revision`."""
    from sealock.adapters.engine import EngineProjectPolicy
    from sealock.adapters.engine_admit import EngineAdmitter, EngineQuotas, RememberingAdmitter
    from sealock.adapters.engine_policy import EnginePolicies, RememberingPolicies
    from sealock.adapters.git_branches import GitBranches
    from sealock.adapters.git_history import GitHistory
    from sealock.adapters.git_remotes import GitRepository
    from sealock.adapters.rehearsal import EngineMatcher, RememberingMatcher
    from sealock.adapters.schemas import PackagedSchemas
    from sealock.adapters.system_clock import SystemClock
    from sealock.adapters.verdict_cache import RememberingPolicy, RememberingSchemas
    from sealock.app.check import Judges

    pool, root, options, store, fingerprint = asked
    matcher = EngineMatcher(pool, root, options, revision)
    return Judges(
        renderer,
        RememberingPolicy(EngineProjectPolicy(pool), store, fingerprint),
        RememberingSchemas(PackagedSchemas(versions.kubernetes, versions.argocd), store),
        GitRepository(root),
        store,
        SystemClock(),
        RememberingMatcher(matcher, store, (fingerprint, options)),
        RememberingAdmitter(EngineAdmitter(pool), store, fingerprint),
        EngineQuotas(pool),
        RememberingPolicies(EnginePolicies(pool), store, fingerprint),
        sets,
        GitBranches(root),
        history=GitHistory(root, revision.revision.commit) if revision else GitHistory(root),
    )


def _recorded(root: str, base: Base | None) -> Recorded:
    """Return where promotions are recorded; with a base, what it has of them: a change cannot add its own."""
    from sealock.adapters.branch_changes import GitBranchChanges
    from sealock.adapters.commit_log import GitCommitLog
    from sealock.adapters.git_history import GitHistory
    from sealock.adapters.git_revision import RevisionFiles
    from sealock.app.hotfix_debts import Recorded

    before = base.files.revision.commit if base and isinstance(base.files, RevisionFiles) else "HEAD"
    return Recorded(GitCommitLog(root), GitBranchChanges(root), GitHistory(root, before))


def _application_sets(
    pool: EnginePool, files: RepositoryFiles, store: VerdictStore, fingerprint: str
) -> RememberingApplicationSets:
    from sealock.adapters.engine_expand import EngineApplicationSets, RememberingApplicationSets

    sets = EngineApplicationSets(pool, files.root)
    return RememberingApplicationSets(sets, store, fingerprint, files.read_text)


def _base(stack: ExitStack, pool: EnginePool, work: RepositoryFiles, since: str, *, cached: bool) -> Base:
    """Return where the work tree left the history of `since`; in a shallow clone that hides it, `since`."""
    from sealock.adapters.engine import open_renderer
    from sealock.adapters.git_revision import GitRevisions
    from sealock.adapters.render_cache import cache_folder
    from sealock.ports import Base

    root = work.root
    git = GitRevisions(root, cache_folder() if cached else None)
    named = git.resolve(since)
    try:
        revision = git.merge_base(named, git.resolve("HEAD"))
    except Undecided:
        revision = named
    tree = stack.enter_context(git.files(revision))
    renderer = open_renderer(pool, root, render_options(_settings_of(tree)), cached=cached, revision=tree)
    return Base(tree, renderer, frozenset(each.path for each in git.changed(revision, present=work.files)))


def _settings_of(tree: FileTree) -> Settings:
    """Return the settings of a revision, or the defaults where they cannot be read."""
    try:
        return settings(tree)
    except SealockError:
        from sealock.config.settings import defaults

        return defaults()


@contextmanager
def applications(files: RepositoryFiles, settings: Settings, *, cached: bool) -> Iterator[Asked]:
    """Give the ports that a listing of Applications asks; what they said is remembered if it goes well.

    Raises EngineError.
    """
    from sealock.adapters import engine
    from sealock.adapters.git_branches import GitBranches
    from sealock.adapters.git_remotes import GitRepository
    from sealock.adapters.render_cache import cache_folder, is_cold
    from sealock.adapters.verdict_cache import VerdictStore
    from sealock.app.list_applications import Asked

    folder = cache_folder()
    store = VerdictStore(files.root, str(folder), cached=cached)
    with engine.open_pool() as pool:
        if not cached or is_cold(folder):
            pool.start()
        renderer = engine.open_renderer(pool, files.root, render_options(settings), cached=cached)
        fingerprint = engine.fingerprint(pool, folder) if cached else ""
        sets = _application_sets(pool, files, store, fingerprint)
        yield Asked(renderer, sets, GitRepository(files.root), GitBranches(files.root), store)
    store.save()


@contextmanager
def diff(
    root: str, revisions: str, *, only: tuple[str, ...] = (), cached: bool = True
) -> Iterator[DiffRevisions]:
    """Give the use case that compares two trees: `BASE`, `BASE..HEAD`, `BASE...HEAD`, or empty.

    Raises UsageError for what is no revision, Undecided, ConfigurationError, EngineError.
    """
    from sealock.adapters import engine
    from sealock.adapters.engine_admit import EngineAdmitter
    from sealock.adapters.engine_compare import EngineComparer
    from sealock.adapters.git_remotes import GitRepository
    from sealock.adapters.git_revision import GitRevisions
    from sealock.adapters.render_cache import cache_folder, is_cold
    from sealock.app.diff import Change, DiffRevisions

    with ExitStack() as stack:
        pool = stack.enter_context(engine.open_pool())
        if not cached or is_cold(cache_folder()):
            pool.start()
        git = GitRevisions(root, cache_folder() if cached else None)
        base, head = _named(git, revisions)
        before, its_options = _side(stack, pool, git, (base[0], git.files(base[1])), cached=cached)
        changed = (head[0], git.files(head[1], "head")) if head else None
        after, options = _side(stack, pool, git, changed, cached=cached)
        paths = frozenset(each.path for each in git.changed(base[1], head[1] if head else None))
        change = Change(before, after, paths, GitRepository(root).urls, only, its_options != options)
        yield DiffRevisions(change, EngineComparer(pool), EngineAdmitter(pool))


def _named(git: GitRevisions, revisions: str) -> tuple[tuple[str, Revision], tuple[str, Revision] | None]:
    """Return both sides, each with its name for people; None for the work tree."""
    for dots in ("...", ".."):
        if dots in revisions:
            base, _, head = (each or "HEAD" for each in revisions.partition(dots))
            one, other = git.resolve(base), git.resolve(head)
            if dots == "...":
                one = git.merge_base(one, other)
                base = one.commit
            return (_label(base, one), one), (_label(head, other), other)
    found = git.resolve(revisions or "HEAD")
    return (_label(revisions or "HEAD", found), found), None


def _label(name: str, revision: Revision) -> str:
    short = revision.commit[:_SHORT]
    return short if revision.commit.startswith(name) else f"{name} ({short})"


def _side(
    stack: ExitStack,
    pool: EnginePool,
    git: GitRevisions,
    named: tuple[str, RevisionFiles] | None,
    *,
    cached: bool,
) -> tuple[Side, RenderOptions]:
    """Return one side of a diff, and how it is rendered; None is the work tree, `stack` ends what it uses."""
    from sealock.adapters.engine import open_renderer
    from sealock.adapters.render_cache import cache_folder
    from sealock.adapters.text_memo import TextMemo
    from sealock.adapters.verdict_cache import VerdictStore
    from sealock.app.diff import Side

    folder = str(cache_folder())
    if named is None:
        store = VerdictStore(git.root, folder, cached=cached)
        disk = TextMemo(files(git.root), git.root, time.time_ns())
        options = render_options(settings(disk))
        stack.callback(store.save)
        return Side("work tree", disk, open_renderer(pool, git.root, options, cached=cached), store), options
    label, tree = named
    stack.enter_context(tree)
    try:
        options = render_options(settings(tree))
    except ConfigurationError as wrong:
        message = f"sealock.yaml of {label} is wrong: {wrong.message}"
        raise Undecided(message, where=wrong.where, hint=wrong.hint) from wrong
    # Apart from those of the work tree, whose files are known by other signatures.
    store = VerdictStore(os.path.join(git.root, ".git", "revisions"), folder, cached=cached)  # noqa: PTH118
    stack.callback(store.save)
    renderer = open_renderer(pool, git.root, options, cached=cached, revision=tree)
    return Side(label, tree, renderer, store), options
