"""Applications have sync waves, and Argo CD does not wait for one.

## What it does
Reports Applications of one app-of-apps (one overlay, or one folder that an Application deploys) in several
sync waves, where no health check for `argoproj.io/Application` is known: neither `healthOverrides` in
`sealock.yaml`, nor `resource.customizations` for it in a file of the repository.

## Why is this bad
Since Argo CD 1.8 an Application has no health of its own for the Application above it. The wave counts as
done as soon as the Application object is written, and the next one starts at once: what it needs is not
there yet.

## Bad
```yaml
kind: Application
metadata:
  name: database
  annotations: {argocd.argoproj.io/sync-wave: "-1"}
```

## Good
```yaml
kind: ConfigMap
metadata: {name: argocd-cm}
data:
  resource.customizations.health.argoproj.io_Application: |
    hs = {}
    hs.status = "Progressing"
    hs.message = ""
    if obj.status ~= nil and obj.status.health ~= nil then
      hs.status = obj.status.health.status
    end
    return hs
```

## How to fix
Give Argo CD the health check. Where it has one that is not in this repository, say so in `sealock.yaml`:
`healthOverrides: [argoproj.io/Application]`.
"""

from __future__ import annotations

import posixpath
import re
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from sealock.domain.finding import Confidence, Severity
from sealock.domain.manifest_folder import path_of
from sealock.domain.printable import printable
from sealock.errors import SealockError
from sealock.rules.argocd.spec import found, sources
from sealock.rules.argocd.sync_order import WAVE, annotation, wave
from sealock.rules.meta import Meta
from sealock.rules.view import text_of, value_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sealock.domain.finding import Finding
    from sealock.rules.view import ApplicationView, RepositoryView

META = Meta(
    "wave-cannot-wait",
    "Applications have sync waves, and Argo CD does not wait for one",
    Severity.WARNING,
    Confidence.MEDIUM,
)

_KIND = "argoproj.io/Application"
# Source: docs/operator-manual/health.md and util/settings, getResourceOverrides: `_` stands for `/` in a key.
_OVERRIDE = re.compile(
    r"resource\.customizations\.health\.(?:argoproj\.io|\*)_(?:Application|\*)[\"']?:"
    r"|^[ \t]*[\"']?(?:argoproj\.io|\*)/(?:Application|\*)[\"']?:",
    re.MULTILINE,
)
_YAML = (".yaml", ".yml", ".json")


def check(view: RepositoryView) -> Iterator[Finding]:
    """Yield each Application whose wave the next one does not wait for."""
    if not any(annotation(each.manifest, WAVE) for each in view.applications):
        return
    folders = _deployed(view)
    groups: dict[str, list[ApplicationView]] = {}
    for application in view.applications:
        # What an ApplicationSet generates is applied by its controller, without waves.
        if application.generated is None:
            groups.setdefault(_group(application, folders), []).append(application)
    waiting = [each for group, members in groups.items() if group for each in _awaited(members)]
    if not any(each.in_scope for each in waiting) or _is_overridden(view):
        return
    for application in waiting:
        if application.in_scope:
            name, number = printable(application.name), wave(application.manifest)
            message = f"nothing waits for Application {name} of wave {number}: Argo CD knows no health for it"
            fix = "Add a health check for `argoproj.io/Application`, or `healthOverrides` in sealock.yaml."
            yield found(META, view, application, ("metadata", "annotations", WAVE), message, fix)


def _awaited(members: list[ApplicationView]) -> list[ApplicationView]:
    """Return the members with a wave of their own that is not the last one."""
    waves = {wave(each.manifest) for each in members}
    last = max(waves)
    early = [each for each in members if wave(each.manifest) < last]
    named = [each for each in early if annotation(each.manifest, WAVE)]
    # Only the later ones may say a wave; then the last of them stand for the fault.
    later = [each for each in members if wave(each.manifest) == last and annotation(each.manifest, WAVE)]
    return named or (later if early else [])


def _deployed(view: RepositoryView) -> dict[str, bool]:
    """Return the folders that Applications deploy, and whether with all that is below them."""
    found: dict[str, bool] = {}
    for parent in view.applications:
        here = {path_of(each.path) for each in parent.sources if each.path}
        for _, source in sources(parent.manifest):
            path = posixpath.normpath(text_of(source, "path") or ".")
            if path in here:
                deep = value_of(source, "directory", "recurse") is True
                found[path] = deep or found.get(path, False)
    return found


def _group(application: ApplicationView, folders: dict[str, bool]) -> str:
    """Return what syncs an Application: its overlay, or the folder that another Application deploys."""
    if application.overlay:
        return application.overlay
    folder = application.file.rpartition("/")[0] or "."
    if folder in folders:
        return folder
    while folder and not folders.get(folder, False):
        folder = folder.rpartition("/")[0]
    return folder or ("." if folders.get(".", False) else "")


def _is_overridden(view: RepositoryView) -> bool:
    """Say whether a health check for Applications is known."""
    if any(fnmatchcase(_KIND, pattern) for pattern in view.settings.health_overrides):
        return True
    return any(_OVERRIDE.search(text) for text in _texts(view) if "resource.customizations" in text)


def _texts(view: RepositoryView) -> Iterator[str]:
    """Yield what may configure Argo CD: values of charts, patches, ConfigMaps in any file."""
    for file in view.files:
        if file.endswith(_YAML):
            try:
                yield view.sources.text(file)
            except (FileNotFoundError, SealockError):
                continue
