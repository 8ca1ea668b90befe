"""Plan what `sealock import` writes: Applications from elsewhere, taken whole or refused whole.

The input is hostile: its paths are derived anew from checked names, its YAML is one plain document
without tags, aliases or merge keys, and its objects must be Applications that the repository's
AppProjects permit.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec

from sealock.domain.location import Location
from sealock.domain.plan import FileChange
from sealock.domain.yaml_document import MANIFEST, Limits, Node, parse, parse_one, to_plain
from sealock.errors import ConfigurationError, Undecided, UsageError
from sealock.ports import PermitQuestion

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sealock.ports import FileTree, ProjectPolicy, Schemas, WorkTree

MAX_BYTES = 32 * 1024 * 1024
"""Of the whole input: 2,000 services in three environments fit ten times."""
_MAX_APPLICATIONS = 20_000
_CONTENT = Limits(max_bytes=256 * 1024, max_depth=32, max_expanded_nodes=0)
"""An Application is a few kilobytes; the API server takes 1.5 MiB at most."""

_FILENAME = re.compile(r"(?:applications/)?((?=.{1,253}\.yaml$)[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?)\.yaml")
# Text that shows in another order than it is read: Unicode's bidirectional controls.
_HIDDEN = re.compile("[\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_KEYS = frozenset({"apiVersion", "kind", "metadata", "spec"})
_METADATA = frozenset({"name", "namespace", "labels", "annotations", "finalizers"})


class Reason(msgspec.Struct, frozen=True):
    """Why the input is refused: a place in one content (or the input), and what is wrong there."""

    where: Location
    message: str


class Imported(msgspec.Struct, frozen=True):
    """The files to write; with any reason there are none."""

    changes: tuple[FileChange, ...]
    reasons: tuple[Reason, ...] = ()
    unchanged: int = 0


class _Entry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    filename: str
    content: str


class _Contract(msgspec.Struct, frozen=True):
    applications: list[_Entry]


class _Application(msgspec.Struct, frozen=True):
    """One entry that is an Application: its derived path, text, root node and plain value."""

    path: str
    text: str
    root: Node
    manifest: dict[str, Any]


@dataclass(frozen=True)
class Repository:
    """What the import asks about the repository and its rules."""

    files: FileTree
    tree: WorkTree
    schemas: Schemas
    policy: ProjectPolicy


def plan(document: bytes, repository: Repository, *, overwrite: bool) -> Imported:
    """Return what to write, or every reason not to.

    Raises UsageError for input that is not the contract, Undecided and EngineError when a check
    could not run.
    """
    entries = _decode(document)
    reasons: list[Reason] = []
    applications: list[_Application] = []
    seen: set[str] = set()
    for number, entry in enumerate(entries):
        path = _path(entry, number, seen, reasons)
        found = _application(path, entry.content, reasons) if path else None
        if found is not None:
            applications.append(found)
    for application in applications:
        reasons += _shape(application)
        reasons += _schema(application, repository.schemas)
    reasons += _permissions(applications, repository)
    changes = _changes(applications, repository.tree, reasons, overwrite=overwrite)
    if reasons:
        return Imported((), tuple(sorted(reasons, key=lambda reason: (reason.where, reason.message))))
    return Imported(tuple(changes), unchanged=len(applications) - len(changes))


def _decode(document: bytes) -> list[_Entry]:
    hint = 'Expected JSON: {"applications": [{"filename": "applications/NAME.yaml", "content": "…"}]}.'
    if len(document) > MAX_BYTES:
        message = f"the input is larger than {MAX_BYTES // 1024 // 1024} MiB"
        raise UsageError(message, hint="Import it in parts.")
    try:
        entries = msgspec.json.decode(document, type=_Contract).applications
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as wrong:
        message = f"the input does not fit the contract: {wrong}"
        raise UsageError(message, hint=hint) from None
    if len(entries) > _MAX_APPLICATIONS:
        message = f"the input has more than {_MAX_APPLICATIONS} applications"
        raise UsageError(message, hint="Import it in parts.")
    return entries


def _path(entry: _Entry, number: int, seen: set[str], reasons: list[Reason]) -> str:
    """Return where the entry goes, derived from its checked name; empty with a reason."""
    place = Location(f"applications[{number}].filename")
    match = _FILENAME.fullmatch(entry.filename)
    if match is None:
        shown = msgspec.json.encode(entry.filename[:100]).decode()
        reasons.append(Reason(place, f"{shown} is refused; expected applications/NAME.yaml"))
        return ""
    path = f"applications/{match[1]}.yaml"
    if path in seen:
        reasons.append(Reason(place, f"{path} stands twice in the input"))
        return ""
    seen.add(path)
    return path


def _application(path: str, text: str, reasons: list[Reason]) -> _Application | None:
    hidden = _HIDDEN.search(text)
    if hidden:
        line = text.count("\n", 0, hidden.start()) + 1
        column = hidden.start() - text.rfind("\n", 0, hidden.start())
        message = f"character U+{ord(hidden[0]):04X} hides how the text really reads"
        reasons.append(Reason(Location(path, line, column), message))
        return None
    try:
        root = parse_one(text, path, _CONTENT)
    except ConfigurationError as wrong:
        problems = wrong.problems or (wrong,)
        reasons.extend(Reason(each.where or Location(path), each.message) for each in problems)
        return None
    manifest = None if root is None else to_plain(root)
    if root is None or not isinstance(manifest, dict):
        reasons.append(Reason(Location(path), "holds no Application"))
        return None
    return _Application(path, text, root, manifest)


def _where(application: _Application, path: Sequence[str | int]) -> Location:
    """Return the place of a field, or of the nearest one around it that exists."""
    for length in range(len(path), 0, -1):
        node = application.root.at(tuple(path[:length]))
        if node is not None:
            return node.where
    return Location(application.path, 1, 1)


def _shape(application: _Application) -> Iterator[Reason]:
    """Yield what is wrong with the fields that say what this is and where it goes."""
    manifest, name = application.manifest, application.path[len("applications/") : -len(".yaml")]
    metadata = manifest.get("metadata")
    for path, expected in (
        (("apiVersion",), "argoproj.io/v1alpha1"),
        (("kind",), "Application"),
        (("metadata", "name"), name),
        (("metadata", "namespace"), "argocd"),
    ):
        value: Any = manifest
        for step in path:
            value = value.get(step) if isinstance(value, dict) else None
        if value != expected:
            found = "missing" if value is None else f"{str(value)[:100]!r}"
            message = f"{'.'.join(path)} must be {expected!r}, not {found}"
            yield Reason(_where(application, path), message)
    # `operation` would start a sync as soon as the object is applied; the rest is the cluster's to write.
    for key in sorted(map(str, manifest.keys() - _KEYS)):
        yield Reason(_where(application, (key,)), f"field {key!r} is not allowed in an imported Application")
    for key in sorted(map(str, metadata.keys() - _METADATA)) if isinstance(metadata, dict) else ():
        yield Reason(_where(application, ("metadata", key)), f"field 'metadata.{key}' is not allowed here")


def _schema(application: _Application, schemas: Schemas) -> Iterator[Reason]:
    if application.manifest.get("kind") != "Application":
        return
    problems = schemas.validate(application.manifest)
    if problems is None:
        message = f"no schema is known for {application.manifest.get('apiVersion')} Application"
        raise Undecided(
            message, where=Location(application.path), hint="Set versions.argocd in sealock.yaml."
        )
    for problem in problems:
        field = ".".join(map(str, problem.path))
        yield Reason(
            _where(application, problem.path), f"{field}: {problem.message}" if field else problem.message
        )


def _projects(files: FileTree) -> list[dict[str, Any]]:
    """Return every AppProject in the repository."""
    found = []
    for path in files.files():
        if not path.endswith((".yaml", ".yml")):
            continue
        text = files.read_text(path)
        if "AppProject" not in text:
            continue
        for root in parse(text, path, MANIFEST):
            manifest = to_plain(root)
            if isinstance(manifest, dict) and manifest.get("kind") == "AppProject":
                found.append(manifest)
    return found


def _permissions(applications: Sequence[_Application], repository: Repository) -> Iterator[Reason]:
    """Yield what the repository's AppProjects forbid; without any there is nothing to hold against."""
    projects = _projects(repository.files)
    if not projects:
        return
    names = {str((each.get("metadata") or {}).get("name")) for each in projects}
    asked = []
    for application in applications:
        spec = application.manifest.get("spec")
        project = spec.get("project") if isinstance(spec, dict) else None
        if project in names:
            asked.append(application)
        elif project is not None and project != "default":
            message = f"project {str(project)[:100]!r} is not in this repository"
            yield Reason(_where(application, ("spec", "project")), message)
    questions = [PermitQuestion(each.manifest) for each in asked]
    answers = repository.policy.permit(projects, questions) if questions else []
    for application, problems in zip(asked, answers, strict=True):
        for problem in problems:
            yield Reason(_where(application, problem.path.split(".")), problem.message)


def _changes(
    applications: Sequence[_Application], tree: WorkTree, reasons: list[Reason], *, overwrite: bool
) -> list[FileChange]:
    changes = []
    for application in applications:
        try:
            before = tree.read_text(application.path)
        except FileNotFoundError:
            before = None
        if before == application.text:
            continue
        if before is not None and not overwrite:
            message = "exists with other content; --overwrite replaces it"
            reasons.append(Reason(Location(application.path), message))
        changes.append(FileChange(application.path, before, application.text))
    return changes
