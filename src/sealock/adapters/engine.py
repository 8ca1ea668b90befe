"""The engine behind the ports: renders, admission, AppProject permission."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Protocol

import msgspec

from sealock.adapters.engine_answer import decoded, in_order
from sealock.adapters.engine_item import render_item
from sealock.adapters.engine_pool import Answer, EnginePool, Problem, engine_count, engine_path
from sealock.adapters.render_cache import Entry, Look, RenderCache, cache_folder, cache_limit, storable
from sealock.adapters.render_index import Known, RenderIndex
from sealock.adapters.stat_signature import Probes
from sealock.domain.late import Late
from sealock.domain.printable import printable
from sealock.domain.rendered import Rendered, RenderedObject, RenderFailure, TraceEntry
from sealock.errors import EngineError
from sealock.ports import PermitProblem, PermitQuestion, RenderRequest

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from sealock.adapters.git_revision import RevisionFiles
    from sealock.adapters.render_cache import Probing
    from sealock.domain.settings import KnownCluster

_FORM = 1
"""Part of every key: raise it when what an entry means changes."""

_MANY = 8
"""From so many overlays on, the index is worth reading."""
_FEW = 50
"""So many overlays, or one of so many, may have changed before the index is written again."""

_CACHED_FAILURES = frozenset(
    {
        "build-failed",
        "not-found",
        "remote-base",
        "exec-plugin",
        "outside-repository",
        "helm-disabled",
        "jsonnet",
    }
)


class RenderOptions(msgspec.Struct, frozen=True):
    """How to render: `load_restrictor` is `root-only` or `none`; `helm` a program's path, empty: refused."""

    load_restrictor: str = "root-only"
    helm: str = ""


_PLAIN = RenderOptions()


class _Rendering(msgspec.Struct, frozen=True):
    objects: msgspec.Raw = msgspec.Raw(b"")
    yaml: str | None = None
    trace: tuple[TraceEntry, ...] = ()


class _Permission(msgspec.Struct, frozen=True):
    problems: tuple[PermitProblem, ...] = ()


class _Version(msgspec.Struct, frozen=True):
    fingerprint: str


_RENDERING = msgspec.json.Decoder(_Rendering)
_OBJECTS = msgspec.json.Decoder(tuple[RenderedObject, ...])
_PERMISSION = msgspec.json.Decoder(_Permission)
_VERSION = msgspec.json.Decoder(_Version)


class Engines(Protocol):
    """What these adapters need of a pool."""

    def call(
        self,
        op: str,
        params: Mapping[str, Any],
        items: Sequence[Any],
        *,
        deadline_seconds: float | None = None,
    ) -> Iterator[tuple[int, Answer]]:
        """Yield (index of the item, its answer) for each item as it finishes."""
        ...


def open_pool(count: int = 0) -> EnginePool:
    """Return a pool of `count` installed engines, or as many as this machine has use for.

    Nothing starts before there is work. Raises EngineError.
    """
    return EnginePool([str(engine_path()), "serve"], count or engine_count())


def open_renderer(  # noqa: PLR0913 - each is another thing
    pool: EnginePool,
    root: str,
    options: RenderOptions = _PLAIN,
    *,
    cached: bool = True,
    revision: RevisionFiles | None = None,
    seen: Probing | None = None,
) -> EngineRenderer:
    """Return a renderer of the repository at `root` that uses the user's cache unless told otherwise.

    With a `revision` it renders what that has, and nothing from the disk. `seen` is what the run has looked
    at already.
    """
    if not cached:
        return EngineRenderer(pool, root, options, revision=revision)
    folder = cache_folder()
    cache = RenderCache(folder, cache_limit()), fingerprint(pool, folder)
    return EngineRenderer(pool, root, options, cache, revision, seen)


def fingerprint(pool: EnginePool, folder: Path) -> str:
    """Return what identifies the engine's code; asked once for each build, then known by its file's stat."""
    program = pool.program
    found = program.stat()
    identity = [str(program), found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns]
    memo = folder / "engines" / RenderCache.key(*identity)
    try:
        known = memo.read_text(encoding="ascii")
    except (OSError, ValueError):
        known = ""
    if len(known) > 1 and known.endswith("\n"):
        return known.strip()
    ((_, answer),) = pool.call("version", {}, [{}])
    name = _VERSION.decode(answer.result()).fingerprint
    try:
        memo.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        memo.write_text(name + "\n", encoding="ascii")
    except OSError:
        return name
    return name


class EngineRenderer:
    """Renders overlays of one repository; implements the Renderer port."""

    def __init__(  # noqa: PLR0913, PLR0917 - each is another thing
        self,
        pool: Engines,
        root: str,
        options: RenderOptions = _PLAIN,
        cache: tuple[RenderCache, str] | None = None,
        revision: RevisionFiles | None = None,
        seen: Probing | None = None,
    ) -> None:
        """Render below `root`, or that of a `revision`.

        `cache` comes with the engine's fingerprint, None renders everything anew. `seen` is what the run has
        looked at already; without it each request looks anew.
        """
        self._pool = pool
        self._root = os.path.realpath(root)
        self._options = options
        self._cache = cache
        self._revision = revision
        self._seen = seen

    def render(self, request: RenderRequest) -> Iterator[Rendered]:
        """Yield one Rendered for each overlay: remembered ones first, then as they finish.

        Closing the iterator stops the rest. Raises EngineError when the engine cannot answer at all.
        """
        overlays = [overlay for overlay in request.overlays if _is_text(overlay)]
        yield from (_unnameable(overlay) for overlay in request.overlays if not _is_text(overlay))
        if self._cache is None:
            yield from self._anew(overlays, request.want, None)
            return
        cache, _ = self._cache
        index = self._index(request.want, cache) if len(overlays) >= _MANY else None
        try:
            if index is None:
                yield from (rendered for rendered, _ in self._each(overlays, request.want, cache))
            else:
                yield from self._indexed(overlays, request.want, cache, index)
        finally:
            cache.settle()

    def _indexed(
        self, overlays: Sequence[str], want: frozenset[str], cache: RenderCache, index: RenderIndex
    ) -> Iterator[Rendered]:
        """Yield the renders, those that the index knows without their objects; note the others there."""
        known = index.holding(overlays, self._probes(cache.now_ns()))
        for overlay, each in known.items():
            objects = self._late(each, want, cache) if each.line.kinds else ()
            yield Rendered(overlay, objects, trace=each.trace, failure=each.line.failure)
        lines: list[Known] = []
        others = [overlay for overlay in overlays if overlay not in known]
        for rendered, seen_ns in self._each(others, want, cache):
            line = Known.of(rendered, seen_ns) if _worth_keeping(rendered) else None
            if line is not None:
                lines.append(line)
            yield rendered
        if lines and (not known or len(lines) > max(_FEW, len(overlays) // _FEW)):
            index.write([*known.values(), *lines])

    def _each(
        self, overlays: Sequence[str], want: frozenset[str], cache: RenderCache
    ) -> Iterator[tuple[Rendered, int]]:
        """Yield the renders, and when their files were read, in nanoseconds since 1970."""
        probes = self._probes(cache.now_ns())
        missing: list[str] = []
        for overlay in overlays:
            entry = self._found(overlay, want, cache, probes)
            if entry is None:
                missing.append(overlay)
            else:
                yield _remembered(entry), entry.seen_ns
        # Taken before anything is read: what changes later has a later time.
        seen_ns = cache.now_ns()
        for rendered in self._anew(missing, want, (cache, seen_ns)):
            yield rendered, seen_ns

    def _index(self, want: frozenset[str], cache: RenderCache) -> RenderIndex | None:
        if self._revision or "yaml" in want:
            return None
        return RenderIndex(cache.folder, self._key("", want))

    def _late(self, known: Known, want: frozenset[str], cache: RenderCache) -> Late[RenderedObject]:
        """Return objects that are read from the cache when somebody looks at them."""
        overlay = known.line.overlay

        def objects() -> Sequence[RenderedObject]:
            entry = cache.entry(self._key(overlay, want))
            if entry is not None and _inputs(entry.trace) == _inputs(known.trace):
                return _remembered(entry).objects
            # Another process has dropped or replaced it.
            (rendered,) = self._anew([overlay], want, (cache, cache.now_ns()))
            if rendered.failure is not None:
                message = f"{printable(overlay)} changed while it was looked at: {rendered.failure.message}"
                raise EngineError(message, hint="Run again.")
            return rendered.objects

        return Late(frozenset(known.line.kinds), known.line.object_keys, objects)

    def _probes(self, now_ns: int) -> Probing:
        if self._seen is not None:
            return self._seen
        return self._revision.probes(now_ns) if self._revision else Probes(self._root, now_ns)

    def _found(self, overlay: str, want: frozenset[str], cache: RenderCache, probes: Probing) -> Entry | None:
        found = cache.find(self._key(overlay, want), probes)
        if found is None and self._revision:
            # What the disk has often is what the revision has.
            found = cache.find(self._key(overlay, want, disk=True), probes)
        return found

    def _anew(
        self, overlays: Sequence[str], want: frozenset[str], keep: tuple[RenderCache, int] | None
    ) -> Iterator[Rendered]:
        """Yield fresh renders; `keep` says where to remember them, and when reading begins."""
        if not overlays:
            return
        params = {
            "root": self._root,
            "want": sorted(want),
            "load_restrictor": self._options.load_restrictor,
            "helm": self._options.helm,
        }
        if self._revision:
            params |= {"tree": self._revision.revision.tree, "git_dir": self._revision.git_dir}
        items = list(map(render_item, overlays))
        for index, answer in self._pool.call("render", params, items):
            overlay = overlays[index]
            rendered, objects = _decoded(overlay, answer)
            if keep and _worth_keeping(rendered):
                cache, seen_ns = keep
                trace = tuple(map(Look.of, rendered.trace))
                entry = Entry(overlay, seen_ns, trace, objects, rendered.yaml, rendered.failure)
                cache.store(self._key(overlay, want), entry)
            yield rendered

    def _key(self, overlay: str, want: frozenset[str], *, disk: bool = False) -> str:
        fingerprint = self._cache[1] if self._cache else ""
        options = [self._options.load_restrictor, self._options.helm]
        if self._revision and not disk:
            # One entry for all revisions of a role: whether it holds for this one, its trace tells.
            options.append(self._revision.role)
        return RenderCache.key(_FORM, fingerprint, self._root, overlay, sorted(want), *options)


def _is_text(path: str) -> bool:
    """Say whether a path can be written in JSON: one from the disk may hold bytes that are no UTF-8."""
    return path.isascii() or not any("\ud800" <= letter <= "\udfff" for letter in path)


def _unnameable(overlay: str) -> Rendered:
    failure = RenderFailure("bad-request", "the path is no UTF-8", hint="Rename the folder.")
    return Rendered(overlay, failure=failure)


def _inputs(trace: Iterable[Look | TraceEntry]) -> list[tuple[str, str, str]]:
    return [(each.path, each.kind, each.digest) for each in trace]


def _worth_keeping(rendered: Rendered) -> bool:
    if rendered.failure and rendered.failure.code not in _CACHED_FAILURES:
        return False
    return storable(rendered.trace)


def _remembered(entry: Entry) -> Rendered:
    return Rendered(
        overlay=entry.overlay,
        objects=_OBJECTS.decode(entry.objects) if entry.objects else (),
        yaml=entry.yaml,
        trace=tuple(look.entry() for look in entry.trace),
        failure=entry.failure,
    )


def _decoded(overlay: str, answer: Answer) -> tuple[Rendered, bytes]:
    """Return the render, and its objects as the engine wrote them."""
    if answer.error:
        return Rendered(overlay, trace=answer.error.trace, failure=_failure(answer.error)), b""
    found = decoded(answer.ok, _RENDERING)
    objects = bytes(found.objects)
    read = decoded(objects, _OBJECTS) if objects else ()
    return Rendered(overlay, read, found.yaml, found.trace), objects


def _failure(problem: Problem) -> RenderFailure:
    return RenderFailure(
        problem.code, problem.message, problem.file, problem.line, problem.column, problem.hint
    )


class EngineProjectPolicy:
    """Argo CD's own checks of AppProjects and of what they permit; implements the ProjectPolicy port."""

    def __init__(self, pool: Engines) -> None:
        """Ask the engines of `pool`."""
        self._pool = pool

    def permit(
        self,
        projects: Sequence[dict[str, Any]],
        questions: Sequence[PermitQuestion],
        definitions: Sequence[dict[str, Any]] = (),
        clusters: Sequence[KnownCluster] = (),
    ) -> list[tuple[PermitProblem, ...]]:
        """Return the problems of each question, in order. Raises EngineError."""
        known = [{"name": each.name, "server": each.server} for each in clusters]
        params = {"projects": list(projects), "crds": list(definitions), "clusters": known}
        return self._asked(params, questions)

    def validate(self, projects: Sequence[dict[str, Any]]) -> list[tuple[PermitProblem, ...]]:
        """Return what Argo CD refuses of each project, in order. Raises EngineError."""
        return self._asked({}, [{"project": each} for each in projects])

    def _asked(self, params: Mapping[str, Any], items: Sequence[Any]) -> list[tuple[PermitProblem, ...]]:
        answers = self._pool.call("permit", params, items)
        return [each.problems for each in in_order(answers, len(items), _PERMISSION)]
