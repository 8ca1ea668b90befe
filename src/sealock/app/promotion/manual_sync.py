"""Which Argo CD operations a person must start after the commit, where nothing syncs by itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sealock.domain.overlays import KUSTOMIZATION_NAMES
from sealock.domain.yaml_document import MANIFEST, parse, to_plain
from sealock.errors import SealockError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from sealock.domain.settings import Environment
    from sealock.ports import FileTree

COMMIT = "<commit>"


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
        for each in its:
            if not _is_automated(each):
                metadata = each.get("metadata") or {}
                found.append(_command(str(metadata.get("name")), str(metadata.get("namespace") or "argocd")))
        if not its and environment.sync.mode == "manual":
            found.append(f"argocd app sync --revision {COMMIT}  # the Application that deploys {overlay}")
    return tuple(dict.fromkeys(found))


def _command(name: str, namespace: str) -> str:
    return f"argocd app sync {namespace}/{name} --revision {COMMIT}"


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
    sources = [spec.get("source"), *(spec.get("sources") or ())]
    return any(isinstance(each, dict) and str(each.get("path", "")).strip("/") == overlay for each in sources)


def _is_automated(manifest: dict[str, Any]) -> bool:
    policy = manifest["spec"].get("syncPolicy")
    automated = policy.get("automated") if isinstance(policy, dict) else None
    return isinstance(automated, dict) and automated.get("enabled") is not False
