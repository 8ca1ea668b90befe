"""Which values of a generated object come from files that Git ignores."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING, Any

from sealock.domain.yaml_document import to_plain
from sealock.rules.kubernetes.pods import mappings

if TYPE_CHECKING:
    from sealock.domain.rendered import Origin
    from sealock.rules.view import RepositoryView


def is_ignored(view: RepositoryView, origin: Origin, key: str) -> bool:
    """Say whether a generator read the value of `key` from a file that is not in the repository.

    Source: `files`, `envs` and `literals` of KvPairSources in sigs.k8s.io/kustomize/api v0.21.1, types.
    """
    entry = _entry(view, origin)
    if not entry or any(_split(each)[0] == key for each in _texts(entry.get("literals"))):
        return False
    known = frozenset(view.files)
    folder = posixpath.dirname(origin.file)
    for each in _texts(entry.get("files")):
        name, file = _split(each)
        if (name if file else posixpath.basename(name)) == key:
            return _at(folder, file or name) not in known
    files = [*_texts(entry.get("envs")), *_texts([entry.get("env")])]
    return any(_at(folder, file) not in known for file in files)


def _entry(view: RepositoryView, origin: Origin) -> dict[str, Any]:
    if origin.generator:
        for root in view.sources.documents(origin.file):
            document = to_plain(root)
            entries = document.get(origin.generator) if isinstance(document, dict) else None
            for each in mappings(entries):
                if each.get("name") == origin.name:
                    return each
    return {}


def _texts(value: object) -> list[str]:
    return [each for each in value if isinstance(each, str)] if isinstance(value, list) else []


def _split(text: str) -> tuple[str, str]:
    key, _, value = text.partition("=")
    return key, value


def _at(folder: str, file: str) -> str:
    return posixpath.normpath(posixpath.join(folder, file))
