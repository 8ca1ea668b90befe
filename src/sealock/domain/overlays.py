"""Which kustomizations of a repository are overlays, and which environment each is for."""

from __future__ import annotations

import posixpath
import re
from functools import cache
from typing import TYPE_CHECKING

import msgspec

from sealock.domain.manifest_folder import path_of
from sealock.domain.yaml_document import MANIFEST, Mapping, Scalar, Sequence, parse_one, resolved
from sealock.errors import SealockError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

KUSTOMIZATION_NAMES = ("kustomization.yaml", "kustomization.yml", "Kustomization")
"""In the order in which kustomize itself looks for them."""

_REFERENCES = frozenset(
    {"resources", "bases", "components", "generators", "transformers", "validators", "configurations"}
)
_ENVIRONMENTS = {
    "dev": "dev",
    "develop": "dev",
    "development": "dev",
    "test": "test",
    "testing": "test",
    "qa": "qa",
    "uat": "uat",
    "sandbox": "sandbox",
    "preview": "preview",
    "stage": "staging",
    "staging": "staging",
    "stg": "staging",
    "preprod": "preprod",
    "prod": "production",
    "production": "production",
    "prd": "production",
    "live": "production",
}
_PARENTS = frozenset({"overlays", "overlay", "envs", "env", "environments"})
_KEY = re.compile(r"([A-Za-z]+):(?:[ \t]+(.*))?$")
_ITEM = re.compile(r" *-[ \t]+([A-Za-z0-9_./][^#'\"{}\[\]&*!|>%@`:]*?)(?:[ \t]+#.*)?[ \t]*$")


class Overlay(msgspec.Struct, frozen=True, order=True):
    """A folder to render: `path` relative with `/` (`.` for the root), and the `file` that declares it.

    `environment` is inferred from folder names (`prod` and `live` are `production`), or None.
    """

    path: str
    environment: str | None
    file: str


Read = tuple[str, list[str]]
"""The kind of a kustomization, and the paths of the files and folders that it refers to."""


class _Unusual(Exception):
    """The text is more than plain lists; a real parser must read it."""


def discover(
    files: Iterable[str], read_text: Callable[[str], str], read: Callable[[str], Read] | None = None
) -> tuple[Overlay, ...]:
    """Return the overlays among `files`, sorted by path.

    `read` does what reading a file's text and `read_targets` do, perhaps from memory.

    An overlay is a kustomization that no other one of the repository refers to, and every one that
    stands in `overlays/<name>`; a Component never is. Files in hidden folders are passed over.
    A kustomization that cannot be read or does not parse counts as one: its render reports the fault.
    """
    declared = _declared(files)
    referenced: set[str] = set()
    components: set[str] = set()
    for path, file in list(declared.items()):
        try:
            kind, targets = read(file) if read else read_targets(read_text(file), file)
        except FileNotFoundError:
            del declared[path]
            continue
        except (SealockError, OSError):
            continue
        if kind == "Component":
            components.add(path)
        referenced.update(targets)
    return tuple(
        Overlay(path, environment_of(path), file)
        for path, file in sorted(declared.items())
        if path not in components and (path not in referenced or _is_overlay_folder(path))
    )


def read_targets(text: str, file: str) -> Read:
    """Return the kind of a kustomization, and where its references lead. Raises ConfigurationError."""
    kind, references = read_kustomization(text, file)
    folder = posixpath.dirname(file)
    return kind, [posixpath.normpath(posixpath.join(folder, each)) for each in references]


def _declared(files: Iterable[str]) -> dict[str, str]:
    """Return the kustomization file of each folder, the first by kustomize's own order."""
    found: dict[str, str] = {}
    for file in files:
        folder, _, name = file.rpartition("/")
        if name not in KUSTOMIZATION_NAMES or folder.startswith(".") or "/." in folder:
            continue
        path = folder or "."
        known = found.get(path)
        if known is None or KUSTOMIZATION_NAMES.index(name) < KUSTOMIZATION_NAMES.index(
            known.rpartition("/")[2]
        ):
            found[path] = file
    return found


def _is_overlay_folder(path: str) -> bool:
    return path.rpartition("/")[0].rpartition("/")[2] in {"overlays", "overlay"}


@cache
def environment_of(path: str) -> str | None:
    """Return the environment that the folder names of `path` tell, the innermost first.

    A known word anywhere counts, also as a part (`prod-eu`); below `overlays`, `envs` or
    `environments` any other name is itself an environment.
    """
    folders = path_of(path).split("/")
    for folder in reversed(folders):
        known = _known_environment(folder.lower())
        if known:
            return known
    for parent, folder in zip(folders[-2::-1], folders[:0:-1], strict=False):
        if parent in _PARENTS:
            return folder
    return None


@cache
def _known_environment(folder: str) -> str | None:
    if folder in _ENVIRONMENTS:
        return _ENVIRONMENTS[folder]
    if folder in {"non-prod", "nonprod", "non-production"}:
        return None
    parts = re.split(r"[-_.]", folder)
    if parts[0] in {"non", "pre"}:
        return None
    for part in (parts[0], parts[-1]):
        if len(parts) > 1 and part in _ENVIRONMENTS:
            return _ENVIRONMENTS[part]
    return None


def read_kustomization(text: str, file: str) -> tuple[str, list[str]]:
    """Return a kustomization's kind and what it refers to, as written. Raises SealockError."""
    try:
        return _read_plainly(text)
    except _Unusual:
        return _read_nodes(text, file)


def _read_plainly(text: str) -> tuple[str, list[str]]:
    """Read block lists of plain scalars line by line: most files, 20 times faster than a parser."""
    kind = ""
    found: list[str] = []
    reading = False
    for line in text.splitlines():
        if not line or line[0] == "#" or line.isspace():
            continue
        if line[0] not in " -\t":
            reading, kind = _top_level(line, kind)
        elif line.startswith("---"):
            continue
        elif reading:
            item = _ITEM.match(line)
            if item:
                found.append(item[1])
            elif not line.lstrip(" ").startswith("#"):
                raise _Unusual
    return kind, found


def _top_level(line: str, kind: str) -> tuple[bool, str]:
    """Return whether a list of references begins here, and the kind as known now."""
    key = _KEY.match(line)
    if not key:
        raise _Unusual
    name, value = key[1], (key[2] or "").partition("#")[0].strip()
    if name == "kind":
        if not value.isalpha():
            raise _Unusual
        return False, value
    if name in _REFERENCES and value not in {"", "[]"}:
        raise _Unusual
    return name in _REFERENCES, kind


def _read_nodes(text: str, file: str) -> tuple[str, list[str]]:
    root = parse_one(text, file, MANIFEST)
    if not isinstance(root, Mapping):
        return "", []
    pairs = {name: resolved(pair.value) for name, pair in root.pairs.items()}
    kind = pairs.get("kind")
    references = (pairs[name] for name in pairs if name in _REFERENCES)
    return kind.text if isinstance(kind, Scalar) else "", [
        each for node in references for each in _texts(node)
    ]


def _texts(node: object) -> Iterator[str]:
    if isinstance(node, Sequence):
        for item in node.items:
            scalar = resolved(item)
            if isinstance(scalar, Scalar) and "\n" not in scalar.text:
                yield scalar.text
