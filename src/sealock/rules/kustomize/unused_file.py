"""A manifest beside a kustomization is used by nothing.

## What it does
Reports YAML files with Kubernetes objects that stand beside a kustomization, or in a folder below it of
which it uses other files, and that no overlay reads. It has a say only when the whole repository is
checked, and passes over files that a comment, a script, a pipeline or a page of the repository names.

## Why is this bad
It looks as if it were deployed. A reviewer approves a NetworkPolicy or a patch that never reaches a cluster.

## Bad
```yaml
# base/ holds deployment.yaml and network-policy.yaml
resources:
  - deployment.yaml
```

## Good
```yaml
resources:
  - deployment.yaml
  - network-policy.yaml
```

## How to fix
List the file in the kustomization, or delete it. A comment in the kustomization that names the file says
that it is left out on purpose.
"""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING

from sealock.domain.finding import Confidence, Finding, Severity
from sealock.domain.location import Location
from sealock.domain.manifest_folder import path_of
from sealock.domain.overlays import KUSTOMIZATION_NAMES
from sealock.domain.printable import printable
from sealock.domain.yaml_document import Mapping, Scalar, resolved
from sealock.errors import SealockError
from sealock.rules.meta import Meta

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from sealock.domain.yaml_document import Node
    from sealock.rules.view import RepositoryView

META = Meta(
    "unused-file",
    "a manifest beside a kustomization is used by nothing",
    Severity.WARNING,
    Confidence.MEDIUM,
)

_NOT_DEPLOYED = re.compile(
    r"(?:^|[-_./])(?:examples?|samples?|templates?|tests?|disabled|values|schemas?)(?:[-_./]|$)"
)
_ELSEWHERE = frozenset(
    {
        "Application", "ApplicationSet", "AppProject", "CustomResourceDefinition", "Kustomization",
        "Component", "ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding",
    }
)  # fmt: skip
_TOOLS = ("kustomize.config.k8s.io/", "config.kubernetes.io/", "builtin", "skaffold/", "kind.x-k8s.io/")
_ACTING = re.compile(
    r"(?i)(?:\.(?:sh|py|tf|mk|cue|jsonnet)|(?:^|/)(?:makefile|jenkinsfile|justfile|tiltfile|"
    r"taskfile\.ya?ml|skaffold\.ya?ml|\.gitlab-ci\.yml|azure-pipelines\.yml|helmfile\.ya?ml|"
    r"\.argocd-source[^/]*))$|(?:^|/)\.(?:github|gitlab|circleci|buildkite|tekton)/"
)
"""Files that do something with what they name; its own name is enough."""
_TELLING = re.compile(r"(?i)(?:\.(?:md|json|toml)|(?:^|/)(?:sealock|services)\.yaml)$")
"""Files that tell of many others; they mean one where they name its folder too, or stand around it."""


def check(view: RepositoryView) -> Iterator[Finding]:
    """Yield each manifest that stands where an overlay would use it, and none does."""
    if not view.everything:
        return
    found = [file for file in _candidates(view) if _is_manifest(view, file)]
    for file in sorted(_unnamed(view, found)):
        yield META.finding(
            Location(file, 1, 1),
            f"no overlay reads {printable(file)}",
            fix="List it in the kustomization, or delete it.",
        )


def _candidates(view: RepositoryView) -> Iterator[str]:
    """Yield the YAML files where an overlay would look, and which none reads."""
    by_folder: dict[str, list[str]] = {}
    for file in view.files:
        by_folder.setdefault(posixpath.dirname(file), []).append(file)
    kustomized = {folder for folder, files in by_folder.items() if _has(files, KUSTOMIZATION_NAMES)}
    read = frozenset().union(*(each.read for each in view.overlays))
    used = {posixpath.dirname(file) for file in read}
    # What an overlay that does not build would have read, nobody knows.
    unknown = {
        posixpath.dirname(root.file)
        for each in view.overlays
        if each.failure
        for root in view.sources.reached(each.path)
    }
    reached = {posixpath.dirname(file) for each in view.overlays for file in each.kustomizations} - unknown
    sources = {path_of(source.path) for each in view.applications for source in each.sources}
    deployed = sources - kustomized
    for folder, files in sorted(by_folder.items()):
        below = posixpath.dirname(folder)
        beside = folder in reached or (folder not in kustomized and folder in used and below in reached)
        if beside and not _in_chart(folder, by_folder) and not _is_below(folder, deployed):
            yield from (file for file in files if file not in read and _is_candidate(file))


def _is_candidate(file: str) -> bool:
    name = posixpath.basename(file)
    return (
        name.endswith((".yaml", ".yml"))
        and name not in KUSTOMIZATION_NAMES
        and not name.startswith((".", "_"))
        and not _NOT_DEPLOYED.search(file.lower().removesuffix(".yaml").removesuffix(".yml"))
    )


def _has(files: Iterable[str], names: Iterable[str]) -> bool:
    wanted = set(names)
    return any(posixpath.basename(file) in wanted for file in files)


def _in_chart(folder: str, by_folder: dict[str, list[str]]) -> bool:
    parts = folder.split("/")
    above = ("/".join(parts[:length]) for length in range(len(parts) + 1))
    return any(_has(by_folder.get(each, ()), ("Chart.yaml",)) for each in above)


def _is_below(folder: str, paths: Iterable[str]) -> bool:
    return any(path in {".", folder} or folder.startswith(f"{path}/") for path in paths)


def _is_manifest(view: RepositoryView, file: str) -> bool:
    """Say whether every document of a file is an object that an overlay could hold."""
    documents = view.sources.documents(file)
    return bool(documents) and all(map(_is_object, documents))


def _is_object(node: Node) -> bool:
    root = resolved(node)
    found = [root.at(path) for path in (("apiVersion",), ("kind",), ("metadata", "name"))]
    version, kind, name = (each.text if isinstance(each, Scalar) else "" for each in found)
    fits = isinstance(root, Mapping) and bool(version and kind and name)
    return fits and kind not in _ELSEWHERE and not version.startswith(_TOOLS)


def _unnamed(view: RepositoryView, files: Iterable[str]) -> set[str]:
    """Return those files that no kustomization, script, pipeline or page of the repository mentions."""
    left = set(files)
    for naming in view.files if left else ():
        around = posixpath.dirname(naming)
        kustomization = posixpath.basename(naming) in KUSTOMIZATION_NAMES
        if naming.startswith(".sealock/") or not (
            kustomization or _ACTING.search(naming) or _TELLING.search(naming)
        ):
            continue
        near = {file for file in left if around and file.startswith(f"{around}/")}
        if kustomization and not near:
            continue
        try:
            text = view.sources.text(naming)
        except (FileNotFoundError, SealockError):
            continue
        meant = near if kustomization else left
        acting = bool(_ACTING.search(naming))
        left -= {file for file in meant if _shown(file, brief=acting or file in near) in text}
    return left


def _shown(file: str, *, brief: bool) -> str:
    """Return a file's name; unless `brief`, with the folder that it is in."""
    return "/".join(file.split("/")[-1 if brief else -2 :])
