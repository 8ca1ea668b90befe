"""Which Argo CD operations a person must start after the commit, where nothing syncs by itself."""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING, Any

from sealock.domain.overlays import KUSTOMIZATION_NAMES
from sealock.domain.printable import printable
from sealock.domain.yaml_document import MANIFEST, parse, to_plain
from sealock.errors import SealockError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from sealock.domain.settings import Environment
    from sealock.ports import FileTree

COMMIT = "<commit>"
_NAME = re.compile(r"[a-z0-9](?:[-.a-z0-9]{0,251}[a-z0-9])?")


def operations(
    files: FileTree, environment: Environment, overlays: Sequence[str], mentioned_in: Iterable[str]
) -> tuple[str, ...]:
    """Return one command for each Application of `overlays` that is not synced automatically.

    `mentioned_in` are the files that may hold an overlay's path. An Application that an ApplicationSet
    makes is judged by what the environment says; `<commit>` stands for the commit that is not there yet.
    """
    applications = list(_applications(files, overlays, mentioned_in))
    found: list[str] = []
    for overlay in overlays:
        its = [each for each in applications if _deploys(each, overlay)]
        found += [_command(each, overlay) for each in its if not _is_automated(each)]
        if not its and environment.sync.mode == "manual":
            found.append(_unnamed(overlay))
    return tuple(dict.fromkeys(found))


def _command(manifest: dict[str, Any], overlay: str) -> str:
    metadata = manifest.get("metadata")
    found = metadata if isinstance(metadata, dict) else {}
    name, namespace = str(found.get("name") or ""), str(found.get("namespace") or "argocd")
    # It is there to be pasted into a shell: nothing but a name may be in it.
    if not (_NAME.fullmatch(name) and _NAME.fullmatch(namespace)):
        return _unnamed(overlay)
    return f"argocd app sync {namespace}/{name} --revision {COMMIT}"


def _unnamed(overlay: str) -> str:
    return f"argocd app sync --revision {COMMIT}  # the Application that deploys {printable(overlay, 200)}"


def _applications(
    files: FileTree, overlays: Sequence[str], mentioned_in: Iterable[str]
) -> Iterator[dict[str, Any]]:
    for file in sorted(mentioned_in):
        name = file.rpartition("/")[2]
        if not name.endswith((".yaml", ".yml")) or name in KUSTOMIZATION_NAMES:
            continue
        try:
            text = files.read_text(file)
            if "Application" not in text or not any(overlay in text for overlay in overlays):
                continue
            documents = parse(text, file, MANIFEST)
        except (SealockError, FileNotFoundError):
            continue
        for document in documents:
            manifest = to_plain(document)
            if isinstance(manifest, dict) and manifest.get("kind") == "Application":
                yield manifest


def _deploys(manifest: dict[str, Any], overlay: str) -> bool:
    spec = manifest.get("spec")
    if not isinstance(spec, dict):
        return False
    several = spec.get("sources")
    sources = [spec.get("source"), *(several if isinstance(several, list) else ())]
    return any(isinstance(each, dict) and _path(each) == overlay for each in sources)


def _path(source: dict[str, Any]) -> str:
    return posixpath.normpath(str(source.get("path") or "").strip("/") or ".")


def _is_automated(manifest: dict[str, Any]) -> bool:
    policy = manifest["spec"].get("syncPolicy")
    automated = policy.get("automated") if isinstance(policy, dict) else None
    return isinstance(automated, dict) and automated.get("enabled") is not False
