"""The one place that connects use cases to adapters. Each part is imported when it is asked for."""

from __future__ import annotations

import os
import shutil
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from sealock.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager

    from sealock.adapters.engine import EngineProjectPolicy, EngineRenderer, RenderOptions
    from sealock.adapters.engine_pool import EnginePool
    from sealock.adapters.file_tree import RepositoryFiles
    from sealock.adapters.schemas import PackagedSchemas
    from sealock.adapters.work_tree import DiskWorkTree
    from sealock.app.check import Judges
    from sealock.config.repository import Configuration
    from sealock.domain.check_report import Used
    from sealock.domain.settings import Settings, Versions
    from sealock.ports import FileTree

# ruff: noqa: PLC0415 - a command loads what it uses, so that `--help` and warm runs stay fast


def repository_root(option: str | None) -> str:
    """Return the real path of `--repo`, else of the nearest folder upwards that is a repository."""
    if option:
        return os.path.realpath(option)
    here = Path.cwd()
    return os.path.realpath(next(_repositories(here), here))


def _repositories(folder: Path) -> Iterator[Path]:
    for each in (folder, *folder.parents):
        if any((each / sign).exists() for sign in (".git", "sealock.yaml")):
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
    from sealock.config import settings as file
    from sealock.rules.registry import RULE_IDS

    try:
        text = tree.read_text(file.FILE)
    except FileNotFoundError:
        text = ""
    return file.load(text, file.FILE, RULE_IDS)


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
    return open_renderer(pool, tree.root, _render_options(tree), cached=cached)


def _render_options(tree: RepositoryFiles) -> RenderOptions:
    from sealock.adapters.engine import RenderOptions

    try:
        text = tree.read_text("sealock.yaml")
    except FileNotFoundError:
        return RenderOptions()
    from sealock.config import settings

    return _options(settings.load(text))


def _options(found: Settings) -> RenderOptions:
    from sealock.adapters.engine import RenderOptions

    helm = (shutil.which("helm") or "helm") if found.kustomize.helm else ""
    return RenderOptions(found.kustomize.load_restrictor, helm)


def schemas(versions: Versions) -> PackagedSchemas:
    """Return the packaged schemas of the configured versions, or of the newest."""
    from sealock.adapters.schemas import PackagedSchemas

    return PackagedSchemas(versions.kubernetes, versions.argocd)


def project_policy(pool: EnginePool) -> EngineProjectPolicy:
    """Return Argo CD's own AppProject checks."""
    from sealock.adapters.engine import EngineProjectPolicy

    return EngineProjectPolicy(pool)


@contextmanager
def judges(files: RepositoryFiles, settings: Settings, versions: Used, *, cached: bool) -> Iterator[Judges]:
    """Give the ports that a check asks; what they said is remembered if it goes well. Raises EngineError."""
    from sealock.adapters import engine
    from sealock.adapters.git_changes import GitRepository
    from sealock.adapters.render_cache import cache_folder, is_cold
    from sealock.adapters.schemas import PackagedSchemas
    from sealock.adapters.system_clock import SystemClock
    from sealock.adapters.verdict_cache import RememberingPolicy, RememberingSchemas, VerdictStore
    from sealock.app.check import Judges

    git = GitRepository(files.root)
    folder = cache_folder()
    store = VerdictStore(files.root, str(folder), cached=cached)
    schemas = RememberingSchemas(PackagedSchemas(versions.kubernetes, versions.argocd), store)
    with engine.open_pool() as pool:
        if not cached or is_cold(folder):
            pool.start()
        renderer = engine.open_renderer(pool, files.root, _options(settings), cached=cached)
        fingerprint = engine.fingerprint(pool, folder) if cached else ""
        policy = RememberingPolicy(engine.EngineProjectPolicy(pool), store, fingerprint)
        yield Judges(renderer, policy, schemas, git, git, store, SystemClock())
    store.save()
