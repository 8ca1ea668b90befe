"""What several rules read in an Application: its sources, its sync options, whether it syncs by itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sealock.domain.source_map import show_path
from sealock.domain.yaml_document import to_plain
from sealock.rules.view import text_of, value_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sealock.domain.finding import Finding
    from sealock.domain.yaml_document import Path
    from sealock.rules.meta import Meta
    from sealock.rules.view import ApplicationView, Manifest, RepositoryView

OPTIONS: Path = ("spec", "syncPolicy", "syncOptions")
AUTOMATED: Path = ("spec", "syncPolicy", "automated")
IN_CLUSTER = "https://kubernetes.default.svc"
_CATALOG = "services.yaml"


def found(  # noqa: PLR0913, PLR0917 - as META.finding, with the place looked up
    meta: Meta, view: RepositoryView, thing: ApplicationView, path: Path, message: str, fix: str
) -> Finding:
    """Return a finding about a field of an Application, AppProject or ApplicationSet."""
    return meta.finding(
        view.where(thing, path),
        message,
        fix=fix,
        resource=f"{thing.kind} {thing.name}",
        overlay=thing.overlay,
    )


def sync_options(manifest: Manifest) -> list[str]:
    """Return an Application's sync options; a place in the list that holds no text is empty."""
    options = value_of(manifest, "spec", "syncPolicy", "syncOptions")
    return [each if isinstance(each, str) else "" for each in (options if isinstance(options, list) else ())]


def automated(manifest: Manifest) -> dict[str, Any] | None:
    """Return how an Application syncs by itself; None for one that somebody syncs.

    Source: SyncPolicy.IsAutomatedSyncEnabled in pkg/apis/application/v1alpha1/types.go.
    """
    given = value_of(manifest, "spec", "syncPolicy", "automated")
    return given if isinstance(given, dict) and given.get("enabled") is not False else None


def sources(manifest: Manifest) -> Iterator[tuple[Path, dict[str, Any]]]:
    """Yield the sources that count: a hydrator's before `sources`, and those before `source`."""
    spec = manifest.get("spec")
    dry = value_of(spec, "sourceHydrator", "drySource")
    several = value_of(spec, "sources")
    if isinstance(dry, dict):
        yield ("spec", "sourceHydrator", "drySource"), dry
    elif isinstance(several, list) and several:
        for index, each in enumerate(several):
            if isinstance(each, dict):
                yield ("spec", "sources", index), each
    elif isinstance(value_of(spec, "source"), dict):
        yield ("spec", "source"), value_of(spec, "source")


def cluster_of(view: RepositoryView, manifest: Manifest) -> str:
    """Return what tells a destination's cluster from others: its URL where that is known, else its name."""
    name = text_of(manifest, "spec", "destination", "name")
    server = text_of(manifest, "spec", "destination", "server").rstrip("/")
    if name == "in-cluster":
        return IN_CLUSTER
    known = {each.name: each.server.rstrip("/") for each in view.settings.clusters}
    return server or known.get(name, name)


def catalog_sets(view: RepositoryView, application: ApplicationView, environment: str, key: str) -> bool:
    """Say whether services.yaml sets a key of the sync policy for the service that an Application deploys."""
    if _CATALOG not in view.files:
        return False
    documents = view.sources.documents(_CATALOG)
    root = to_plain(documents[0]) if documents else None
    services = value_of(root, "services")
    named = services.items() if isinstance(services, dict) else _by_name(services)
    sections = [value_of(root, "defaults", environment)]
    sections += [
        value_of(service, environment)
        for name, service in named
        if application.name == f"{name}-{environment}"
    ]
    return any(isinstance(each, dict) and key in each for each in sections)


def _by_name(services: object) -> list[tuple[str, object]]:
    listed = services if isinstance(services, list) else ()
    return [(text_of(each, "name"), each) for each in listed]


def shown(path: Path) -> str:
    """Return a path as a message shows it."""
    return f"`{show_path(path)}`"
