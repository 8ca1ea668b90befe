"""Small repository views for tests of Argo CD's rules, from YAML."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import yaml

from sealock.domain.overlays import environment_of
from sealock.domain.rendered import Origin
from sealock.domain.settings import Kustomize, Settings, Versions
from sealock.domain.source_map import SourceMap
from sealock.rules.view import ApplicationSource, ApplicationView, JudgedObject, OverlayView, RepositoryView

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import ModuleType

WAVE = "argocd.argoproj.io/sync-wave"
IN_CLUSTER = "https://kubernetes.default.svc"
SETTINGS = Settings(Versions(), {}, {}, (), Kustomize(), {})


def application(
    name: str, spec: str, *, path: str = "", folder: str = "apps", metadata: str = ""
) -> ApplicationView:
    """Return an Application of a file of its own; `path` is an overlay that it deploys."""
    manifest = {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Application",
        "metadata": {"name": name, "namespace": "argocd", **yaml.safe_load(metadata or "{}")},
        "spec": yaml.safe_load(spec),
    }
    sources = (ApplicationSource(("spec", "source", "path"), path, "fine"),) if path else ()
    return ApplicationView(manifest, f"{folder}/{name}.yaml", 0, in_scope=True, sources=sources)


def declared(kind: str, spec: str) -> ApplicationView:
    """Return an AppProject or ApplicationSet of a file of its own."""
    manifest = {"kind": kind, "metadata": {"name": "it"}, "spec": yaml.safe_load(spec)}
    return ApplicationView(manifest, "it.yaml", 0, in_scope=True)


def overlay(path: str, *objects: dict[str, Any] | str, generator: str = "") -> OverlayView:
    manifests = [yaml.safe_load(each) if isinstance(each, str) else each for each in objects]
    judged = [JudgedObject(path, each, Origin("x.yaml", generator=generator)) for each in manifests]
    return OverlayView(
        path,
        f"{path}/kustomization.yaml",
        environment_of(path),
        production=False,
        in_scope=True,
        objects=tuple(judged),
    )


def repository(
    *things: ApplicationView | OverlayView,
    settings: Settings = SETTINGS,
    texts: Mapping[str, str] | None = None,
) -> RepositoryView:
    files = texts or {}

    def of_kind(kind: str) -> tuple[ApplicationView, ...]:
        return tuple(each for each in things if isinstance(each, ApplicationView) and each.kind == kind)

    def read_text(path: str) -> str:
        if path not in files:
            raise FileNotFoundError(path)
        return files[path]

    return RepositoryView(
        overlays=tuple(each for each in things if isinstance(each, OverlayView)),
        applications=of_kind("Application"),
        projects=of_kind("AppProject"),
        sets=of_kind("ApplicationSet"),
        unreadable=(),
        sources=SourceMap(read_text),
        settings=settings,
        versions="",
        files=tuple(files),
        argocd=(3, 5),
        kubernetes=(1, 36),
    )


def messages(
    rule: ModuleType,
    *things: ApplicationView | OverlayView,
    settings: Settings = SETTINGS,
    texts: Mapping[str, str] | None = None,
) -> list[str]:
    view = repository(*things, settings=settings, texts=texts)
    return [each.message for each in rule.check(view)]


def deploys(name: str, path: str, destination: str, folder: str = "apps", more: str = "") -> ApplicationView:
    spec = f"{{source: {{path: {path}{more}}}, destination: {destination}}}"
    return application(name, spec, path=path, folder=folder)


DEPLOYMENT = """
kind: Deployment
apiVersion: apps/v1
metadata: {name: ledger, namespace: payments}
"""


def config(annotations: str = "{}", kind: str = "ConfigMap") -> str:
    """Return an object called `c` without a namespace."""
    return f"{{apiVersion: v1, kind: {kind}, metadata: {{name: c, annotations: {annotations}}}}}"
