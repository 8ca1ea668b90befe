"""An Application's value file is not there.

## What it does
Looks up each entry of `helm.valueFiles`: `$name/…` needs a source with `ref: name` among `spec.sources`, and
a file of this repository has to exist. A path of a chart in this repository is relative to the chart, one
with a leading `/` or `$name/` to the repository. URLs, patterns, variables of Argo CD, sources that are fixed
to a tag or commit, and those with `ignoreMissingValueFiles: true` are left out.

## Why is this bad
Argo CD cannot make the manifests: `ComparisonError`, "no such file or directory". Nothing is deployed until
somebody looks.

## Bad
```yaml
sources:
  - repoURL: https://charts.acme.example
    chart: metrics
    targetRevision: 1.4.2
    helm:
      valueFiles: [$vals/charts/metrics.yaml]
  - repoURL: https://github.com/acme/platform.git
    ref: values
```

## Good
```yaml
sources:
  - repoURL: https://charts.acme.example
    chart: metrics
    targetRevision: 1.4.2
    helm:
      valueFiles: [$values/charts/metrics.yaml]
  - repoURL: https://github.com/acme/platform.git
    ref: values
```

## How to fix
Correct the path or the name after `$`. Where the file may be missing, write `ignoreMissingValueFiles: true`.
"""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING, Any

from sealock.domain.finding import Severity
from sealock.domain.printable import printable
from sealock.domain.suggest import closest
from sealock.rules.argocd.spec import found, sources
from sealock.rules.meta import Meta
from sealock.rules.view import text_of, value_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sealock.domain.finding import Finding
    from sealock.domain.yaml_document import Path
    from sealock.rules.view import ApplicationView, RepositoryView

META = Meta("value-file-missing", "an Application's value file is not there", Severity.ERROR)

# What the repository server replaces in a path, or expands.
_OPEN = re.compile(r"[*?\[]|\$|\{\{")
_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")
_FIXED = re.compile(r"[0-9a-f]{7,40}|v?[0-9]+(\.[0-9]+)+.*|refs/tags/.*")


def check(view: RepositoryView) -> Iterator[Finding]:
    """Yield each value file without a source, or that is not in this repository."""
    # Source: reposerver/repository/repository.go (getResolvedValueFiles), util/io/path/resolved.go, 3.5.7.
    files: frozenset[str] = frozenset()
    for application in view.scoped(view.applications):
        declared = list(sources(application.manifest))
        for path, source in declared:
            names = value_of(source, "helm", "valueFiles")
            if not isinstance(names, list) or value_of(source, "helm", "ignoreMissingValueFiles") is True:
                continue
            files = files or frozenset(view.files)
            for index, name in enumerate(names):
                wrong = _wrong(application, declared, (path, source), name, files)
                if wrong:
                    place = (*path, "helm", "valueFiles", index)
                    yield found(META, view, application, place, *wrong)


def _wrong(
    application: ApplicationView,
    declared: list[tuple[Path, dict[str, Any]]],
    lent: tuple[Path, dict[str, Any]],
    name: object,
    files: frozenset[str],
) -> tuple[str, str] | None:
    """Return what is wrong with an entry, and the fix."""
    if not isinstance(name, str) or not name or _URL.match(name):
        return None
    path, source = lent
    if name.startswith("$"):
        first, _, rest = name.partition("/")
        if first.startswith(("$ARGOCD_", "$KUBE_", "${")):
            return None
        several = {text_of(each, "ref"): (where, each) for where, each in declared if text_of(each, "ref")}
        if path[:2] != ("spec", "sources") or first[1:] not in several:
            near = closest(first[1:], several)
            fix = (
                f"Did you mean `${printable(near)}`?"
                if near
                else f"Give a source `ref: {printable(first[1:])}`."
            )
            return f"no source has `ref: {printable(first[1:])}`", fix
        path, source = several[first[1:]]
        target = posixpath.normpath(rest.lstrip("/"))
    else:
        if text_of(source, "chart"):
            return None
        target = _below(text_of(source, "path"), name)
    if path not in application.own or _is_open(target, source, files) or target in files:
        return None
    near = closest(target, (each for each in files if each.endswith((".yaml", ".yml", ".json"))))
    fix = f"Did you mean `{printable(near)}`?" if near else "Correct the path, or add the file."
    return f"there is no file `{printable(target)}` in this repository", fix


def _below(folder: str, name: str) -> str:
    """Return a value file's path in the repository; a leading slash is its root."""
    return posixpath.normpath(name.lstrip("/") if name.startswith("/") else posixpath.join(folder, name))


def _is_open(target: str, source: dict[str, Any], files: frozenset[str]) -> bool:
    """Say whether nobody can tell here: a pattern, a variable, a link on the way, another revision."""
    revision = source.get("targetRevision")
    steps = target.split("/")
    return (
        bool(_OPEN.search(target))
        or bool(_FIXED.fullmatch(str(revision or "")))
        or any("/".join(steps[:length]) in files for length in range(1, len(steps)))
    )
