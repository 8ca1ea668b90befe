"""Plan what `sealock generate` writes: every file merged with what a person made of it.

For each path there are three texts: generated last time (kept in `.sealock/generated`), on disk, and
generated now. A file that a person deleted stays deleted; one that was never generated is left alone.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import msgspec

from sealock.app.manifests import tree as manifests
from sealock.app.manifests.app_project import app_project
from sealock.app.retired import warning_for
from sealock.domain import generated_state as states
from sealock.domain.generated_state import NOTHING, Generated
from sealock.domain.location import Location
from sealock.domain.plan import FileChange, Note, Plan, Retired, Unresolved
from sealock.domain.suggest import did_you_mean
from sealock.domain.three_way_merge import merge
from sealock.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from sealock.app.manifests.conventions import Conventions
    from sealock.app.manifests.tree import Files
    from sealock.domain.catalog import Catalog, Service
    from sealock.ports import WorkTree

_IGNORE = ".sealock/.gitignore"
_IGNORED = "# Left behind only by an interrupted run; the next one cleans up.\ntransaction-*/\n"


class Choices(msgspec.Struct, frozen=True):
    """What the user asked for: `services` and `environments` (empty: all), and how to treat what is odd.

    `keep` are paths where the file on disk wins over the generator, `replace` where it loses.
    """

    services: frozenset[str] = frozenset()
    environments: frozenset[str] = frozenset()
    prune: bool = False
    force: bool = False
    recreate: bool = False
    adopt: bool = False
    keep: frozenset[str] = frozenset()
    replace: frozenset[str] = frozenset()


def plan(catalog: Catalog, conventions: Conventions, tree: WorkTree, choices: Choices) -> Plan:
    """Return everything that `generate` would do; nothing is written.

    Raises UsageError, ConfigurationError.
    """
    planner = _Planner(tree, choices)
    known = {name.removesuffix(".json") for name in tree.names(states.FOLDER) if name.endswith(".json")}
    _refuse_unknown(choices, catalog, known)
    wanted = choices.services or {*catalog.services, *known}
    consumers = manifests.consumers_of(catalog.services)
    kinds: dict[str, set[tuple[str, str]]] = {}
    for name, service in catalog.services.items():
        files = _files(catalog, service, consumers.get(name, []), conventions)
        kinds.setdefault(service.project, set()).update(manifests.kinds_of(files.shared))
        if name in wanted:
            planner.service(service, files)
    for name in sorted(known - catalog.services.keys()):
        if name in wanted:
            planner.gone(name)
    _plan_projects(planner, catalog, conventions, kinds, wanted)
    for path in sorted((choices.keep | choices.replace) - set(planner.watched)):
        message = f"{path!r} is no file that is generated here"
        raise UsageError(message, hint="Give the path as the conflict names it, relative to the repository.")
    return planner.result()


def _files(catalog: Catalog, service: Service, consumers: list[Service], conventions: Conventions) -> Files:
    needed = [catalog.services[need] for need in service.needs]
    return manifests.service_files(service, needed, consumers, conventions)


def _refuse_unknown(choices: Choices, catalog: Catalog, known: set[str]) -> None:
    for what, given, valid in (
        ("service", choices.services, {*catalog.services, *known}),
        ("environment", choices.environments, set(catalog.environments)),
    ):
        for name in sorted(given - valid):
            message = f"no {what} is called {name!r}"
            raise UsageError(message, hint=did_you_mean(name, sorted(valid)))


def _plan_projects(
    planner: _Planner,
    catalog: Catalog,
    conventions: Conventions,
    kinds: Mapping[str, set[tuple[str, str]]],
    wanted: Iterable[str],
) -> None:
    members: dict[str, list[Service]] = {}
    for service in catalog.services.values():
        members.setdefault(service.project, []).append(service)
    # Argo CD's own `default` project permits everything and is not ours to write.
    members.pop("default", None)
    chosen = {catalog.services[name].project for name in wanted if name in catalog.services}
    for project, services in sorted(members.items()):
        if project in chosen:
            text = app_project(project, services, kinds[project], conventions)
            planner.project(project, {f"projects/{project}.yaml": text})
    if not planner.choices.services:
        known = planner.tree.names(states.PROJECTS)
        for name in known:
            project = name.removesuffix(".json")
            if name.endswith(".json") and project not in members:
                planner.project(project, {})


class _Planner:
    """Collects changes, open questions and notes, one unit (service or project) after the other."""

    def __init__(self, tree: WorkTree, choices: Choices) -> None:
        self.tree = tree
        self.choices = choices
        self.changes: list[FileChange] = []
        self.bookkeeping: list[FileChange] = []
        self.unresolved: list[Unresolved] = []
        self.notes: list[Note] = []
        self.retired: list[Retired] = []
        self.applications: list[str] = []
        self.watched: list[str] = []

    def result(self) -> Plan:
        # What they keep is a record in Git; what an interrupted run leaves is not.
        if (self.changes or self.bookkeeping) and self._on_disk(_IGNORE) is None:
            self.bookkeeping.append(FileChange(_IGNORE, None, _IGNORED))
        return Plan(
            tuple(sorted(self.changes, key=lambda change: change.path)),
            tuple(self.bookkeeping),
            tuple(self.unresolved),
            tuple(self.notes),
            tuple(self.retired),
            tuple(sorted(self.applications)),
            tuple(self.watched),
        )

    def service(self, service: Service, files: Files) -> None:
        """Plan a service of the catalog."""
        place = states.service_state(service.name)
        text, was = self._state(place)
        chosen = self.choices.environments or {*files.environments, *was.environments}
        environments = dict(was.environments)
        for name in chosen:
            old = was.environments.get(name, {})
            if name in files.environments:
                environments[name] = self._merge_all(old, files.environments[name])
                self.applications.append(manifests.application_path(service.name, name))
            elif old:
                environments[name] = self._retire(service.name, name, old, was)
        shared = self._shared(service.name, was, files)
        self._keep_state(place, text, Generated(shared=shared, environments=environments))

    def _shared(self, service: str, was: Generated, files: Files) -> dict[str, str]:
        """Plan the base. With `--env` it is left as it is once it exists: every environment builds on it."""
        if not self.choices.environments or not was.shared:
            return self._merge_all(was.shared, files.shared)
        if was.shared != files.shared:
            folder = f"{next(iter(files.shared)).rpartition('/')[0]}/"
            self.notes.append(Note(folder, f"would change too; run without --env to update {service}'s base"))
        return was.shared

    def gone(self, name: str) -> None:
        """Plan a service that left the catalog."""
        place = states.service_state(name)
        text, was = self._state(place)
        chosen = self.choices.environments or was.environments
        environments = {
            env: self._retire(name, env, files, was) if env in chosen else files
            for env, files in was.environments.items()
        }
        shared = was.shared
        if self.choices.prune and not any(environments.values()):
            shared = self._merge_all(was.shared, {})
        self._keep_state(place, text, Generated(shared=shared, environments=environments))

    def project(self, project: str, files: dict[str, str]) -> None:
        """Plan an AppProject; without `files` no service uses it any more."""
        place = states.project_state(project)
        text, was = self._state(place)
        if files or self.choices.prune:
            shared = self._merge_all(was.shared, files)
        else:
            shared = was.shared
            warning = f"Argo CD refuses to sync every Application that still names project {project}."
            self.retired.append(Retired(f"project {project}", "", tuple(sorted(shared)), warning))
        self._keep_state(place, text, Generated(shared=shared))

    def _retire(
        self, service: str, environment: str, files: dict[str, str], was: Generated
    ) -> dict[str, str]:
        path = manifests.application_path(service, environment)
        application = self._on_disk(path) or files.get(path, "")
        kinds = sorted(kind for _, kind in manifests.kinds_of(was.shared))
        warning = warning_for(path, application, kinds)
        self.retired.append(Retired(service, environment, tuple(sorted(files)), warning))
        return self._merge_all(files, {}) if self.choices.prune else files

    def _state(self, place: str) -> tuple[str | None, Generated]:
        text = self._on_disk(place)
        return text, NOTHING if text is None else states.decode(text, place)

    def _keep_state(self, place: str, before: str | None, generated: Generated) -> None:
        after = states.encode(generated)
        if after != before:
            self.bookkeeping.append(FileChange(place, before, after))

    def _on_disk(self, path: str) -> str | None:
        self.watched.append(path)
        try:
            return self.tree.read_text(path)
        except FileNotFoundError:
            return None

    def _merge_all(self, was: Mapping[str, str], now: Mapping[str, str]) -> dict[str, str]:
        """Plan each path of both; return what counts as generated last time from here on."""
        kept: dict[str, str] = {}
        for path in {**now, **was}:
            base, theirs = was.get(path), now.get(path)
            text = self._obsolete(path, base) if theirs is None else self._wanted(path, base, theirs)
            if text is not None:
                kept[path] = text
        return kept

    def _wanted(self, path: str, base: str | None, theirs: str) -> str | None:
        if base == theirs and path not in self.choices.replace and self.tree.exists(path):
            self.watched.append(path)
            return theirs
        ours = self._on_disk(path)
        if ours is None:
            if base is None or self.choices.recreate:
                self.changes.append(FileChange(path, None, theirs))
            else:
                self.notes.append(Note(path, "was deleted by hand and stays so; --recreate writes it again"))
            return theirs
        if path in self.choices.replace:
            self._change(path, ours, theirs)
            return theirs
        if path in self.choices.keep:
            return theirs
        return self._merged(path, base, ours, theirs) if base is not None else self._found(path, ours, theirs)

    def _change(self, path: str, ours: str, after: str) -> None:
        if ours != after:
            self.changes.append(FileChange(path, ours, after))

    def _found(self, path: str, ours: str, theirs: str) -> str | None:
        """Plan a file that is there although it was never generated."""
        if _same(ours, theirs) or self.choices.adopt:
            return theirs
        hint = "Move it; or run again with --keep PATH, --replace PATH, or --adopt to keep all such files."
        self.unresolved.append(Unresolved(Location(path), "exists and was not generated", hint))
        return None

    def _merged(self, path: str, base: str, ours: str, theirs: str) -> str:
        merged = merge(base, ours, theirs)
        for conflict in merged.conflicts:
            self.unresolved.append(
                Unresolved(
                    Location(path, conflict.line, conflict.column),
                    f"{conflict.path}: {conflict.reason}" if conflict.path else conflict.reason,
                    "Edit the file; or run again with --keep PATH (disk wins) or --replace PATH.",
                    conflict.ours,
                    conflict.theirs,
                )
            )
        if merged.conflicts:
            return base
        self._change(path, ours, merged.text)
        return theirs

    def _obsolete(self, path: str, base: str | None) -> str | None:
        """Plan a file that is generated no more: it goes unless somebody edited it."""
        ours = self._on_disk(path)
        if ours is None or base is None or path in self.choices.keep:
            return None
        if _same(ours, base) or self.choices.force or path in self.choices.replace:
            self.changes.append(FileChange(path, ours, None))
            return None
        hint = "Delete it; or run again with --keep PATH (stays, no longer ours) or --replace PATH (goes)."
        message = "is generated no more but was edited by hand"
        self.unresolved.append(Unresolved(Location(path), message, hint))
        return base


def _same(ours: str, generated: str) -> bool:
    return ours == generated or ours.replace("\r\n", "\n") == generated


def contract(found: Plan, tree: WorkTree) -> str:
    """Return the plan as JSON: `{"applications": [{"filename", "content"}]}` and what else there is to say.

    Contents are as they are after the plan; `filename` is relative to the repository.
    """
    planned = {change.path: change.after for change in found.changes}
    texts = {path: planned[path] if path in planned else _read(tree, path) for path in found.applications}
    applications = [{"filename": path, "content": text} for path, text in texts.items() if text is not None]
    answer = {
        "schema": "sealock/generate/v1",
        "applications": applications,
        "changes": [{"path": change.path, "action": change.action} for change in found.changes],
        "unresolved": [
            {
                "file": each.where.file,
                "line": each.where.line,
                "column": each.where.column,
                "message": each.message,
                "ours": each.ours,
                "theirs": each.theirs,
                "hint": each.hint,
            }
            for each in found.unresolved
        ],
        "notes": msgspec.to_builtins(found.notes),
        "retired": msgspec.to_builtins(found.retired),
    }
    return json.dumps(answer, indent=2, ensure_ascii=False)


def _read(tree: WorkTree, path: str) -> str | None:
    try:
        return tree.read_text(path)
    except FileNotFoundError:
        return None
