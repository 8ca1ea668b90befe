"""What to write instead of a field that Argo CD does not have, or of a value of the wrong shape."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from sealock.domain.suggest import closest
from sealock.rules.argocd.fields import fields_of, parent_of, plain
from sealock.rules.argocd.inventions import METADATA, MISSPELT_METADATA, SHAPES, UNKNOWN

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sealock.domain.yaml_document import Path
    from sealock.ports import SchemaProblem
    from sealock.rules.meta import Version
    from sealock.rules.view import Manifest

# How the schemas' adapter words its problems.
UNKNOWN_PROBLEM = "unknown field "
SHAPE_PROBLEM = "expected "
_REQUIRED_PROBLEM = "required field "

_ANY_VERSION = (99, 0)
_KINDS = frozenset({"Application", "AppProject", "ApplicationSet"})


def about_unknown(kind: str, path: Path, version: Version) -> str:
    """Return what to write instead of a field that `kind` does not have in this version of Argo CD."""
    inside, text = plain(kind, path)
    name = str(path[-1])
    known = fields_of(inside).get(parent_of(text), {})
    if name in known:
        major, minor = known[name]
        if version < known[name]:
            return f"`{name}` came with Argo CD {major}.{minor}: upgrade, or remove it."
        return "Remove it."
    listed = UNKNOWN[inside].get(text) or UNKNOWN[inside].get(f"*.{name}")
    return listed or _by_name(inside, name, text, version) or "Remove it: Argo CD ignores it or refuses it."


def _by_name(kind: str, name: str, text: str, version: Version) -> str:
    """Return advice from the fields that there are: another case, another place, or a near spelling."""
    siblings = [each for each, since in fields_of(kind).get(parent_of(text), {}).items() if since <= version]
    folded = next((each for each in siblings if _folded(each) == _folded(name)), None)
    if folded is not None:
        return f"Write `{folded}`."
    near = closest(name, siblings)
    places = _places(kind).get(name, ())
    if len(places) == 1 and not (near and len(near) > 3 and places[0] == "."):  # noqa: PLR2004
        where = "the object itself, beside `spec`" if places[0] == "." else f"`{places[0]}`"
        return f"Move `{name}`: it belongs under {where}."
    return f"Did you mean `{near}`?" if near else ""


def _folded(name: str) -> str:
    return name.replace("-", "").replace("_", "").casefold()


@cache
def _places(kind: str) -> dict[str, list[str]]:
    """Return the parents of each field's name."""
    found: dict[str, list[str]] = {}
    for parent, names in fields_of(kind).items():
        for name in names:
            found.setdefault(name, []).append(parent)
    return found


def about_shape(kind: str, path: Path) -> str:
    """Return how a field is written whose value is of the wrong type; empty where nothing more is known."""
    inside, text = plain(kind, path)
    return SHAPES[inside].get(text, "")


def about_metadata(name: str) -> str:
    """Return what to write instead of a field that no object's metadata has."""
    near = closest(name, METADATA)
    return MISSPELT_METADATA.get(name) or (f"Did you mean `{near}`?" if near else "Remove it.")


def belongs_under(kind: str, parent: Path, name: str) -> bool:
    """Say whether `name` is a field of the parent at a path."""
    inside, text = plain(kind, parent)
    return name in fields_of(inside).get(text or ".", {})


def is_explained(manifest: Manifest, problem: SchemaProblem, problems: Sequence[SchemaProblem]) -> bool:
    """Say whether `invented-field` reports one of the problems that a schema has."""
    kind = manifest.get("kind")
    if kind not in _KINDS or not str(manifest.get("apiVersion", "")).startswith("argoproj.io/"):
        return False
    if problem.message.startswith(UNKNOWN_PROBLEM):
        return True
    if problem.message.startswith(_REQUIRED_PROBLEM):
        # The field is there under another name or in another place: one finding tells both.
        name = problem.message.removeprefix(_REQUIRED_PROBLEM).partition("`")[2].partition("`")[0]
        unknown = [each.path for each in problems if each.message.startswith(UNKNOWN_PROBLEM)]
        return any(_stands_for(str(kind), path, name, problem.path) for path in unknown)
    return problem.message.startswith(SHAPE_PROBLEM) and bool(about_shape(str(kind), problem.path))


def _stands_for(kind: str, path: Path, name: str, parent: Path) -> bool:
    """Say whether an unknown field is what should have been `name` under a parent."""
    moved = path[-1] == name and belongs_under(kind, parent, name)
    return moved or (path[:-1] == parent and f"`{name}`" in about_unknown(kind, path, _ANY_VERSION))
