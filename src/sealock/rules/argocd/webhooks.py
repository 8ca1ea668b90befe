"""Which webhooks of an overlay must admit custom resources, and which workload of it answers them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from sealock.rules.view import text_of, value_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sealock.rules.view import JudgedObject, OverlayView, RepositoryView

_CONFIGURATIONS = frozenset({"ValidatingWebhookConfiguration", "MutatingWebhookConfiguration"})
_WORKLOADS = frozenset({"Deployment", "StatefulSet", "DaemonSet"})
_CONDITIONS = ("namespaceSelector", "objectSelector", "matchConditions")


class Admitting(NamedTuple):
    """A webhook that must admit each new object of a kind."""

    group: str
    kind: str
    configuration: JudgedObject
    workload: JudgedObject


def admitting(view: RepositoryView, overlay: OverlayView) -> Iterator[Admitting]:
    """Yield each webhook that refuses what it cannot judge, for each custom kind that it judges."""
    configurations = [each for each in overlay.objects if each.manifest.get("kind") in _CONFIGURATIONS]
    if not configurations:
        return
    kinds = _kinds(view)
    for configuration in configurations:
        for webhook in _listed(configuration.manifest.get("webhooks")):
            workload = _answering(overlay, value_of(webhook, "clientConfig", "service"))
            if workload is None or not _is_strict(webhook):
                continue
            for group, plural, kind in kinds:
                if any(_judges(rule, group, plural) for rule in _listed(webhook.get("rules"))):
                    yield Admitting(group, kind, configuration, workload)


def _kinds(view: RepositoryView) -> list[tuple[str, str, str]]:
    """Return group, plural and kind of each custom kind that an overlay defines."""
    found = {
        (
            text_of(each.manifest, "spec", "group"),
            text_of(each.manifest, "spec", "names", "plural"),
            text_of(each.manifest, "spec", "names", "kind"),
        )
        for overlay in view.overlays
        for each in overlay.of_kinds("CustomResourceDefinition")
    }
    return sorted(found)


def _is_strict(webhook: dict[str, Any]) -> bool:
    """Say whether every object must be admitted: failures refuse, and nothing exempts any."""
    return webhook.get("failurePolicy") != "Ignore" and not any(webhook.get(name) for name in _CONDITIONS)


def _judges(rule: object, group: str, plural: str) -> bool:
    groups, resources, operations = (
        _listed(value_of(rule, name)) for name in ("apiGroups", "resources", "operations")
    )
    return (
        bool({group, "*"}.intersection(groups))
        and bool({plural, "*", "*/*"}.intersection(resources))
        and bool({"CREATE", "*"}.intersection(operations))
    )


def _answering(overlay: OverlayView, service: object) -> JudgedObject | None:
    """Return the workload behind a service of the overlay."""
    name, namespace = value_of(service, "name"), value_of(service, "namespace")
    behind = (
        each
        for each in overlay.objects
        if each.key.kind == "Service" and each.key.name == name and each.key.namespace in {namespace, ""}
    )
    selector = next((value_of(each.manifest, "spec", "selector") for each in behind), None)
    if not isinstance(selector, dict) or not selector:
        return None
    for each in overlay.objects:
        if each.key.kind in _WORKLOADS:
            labels = value_of(each.manifest, "spec", "template", "metadata", "labels")
            if isinstance(labels, dict) and selector.items() <= labels.items():
                return each
    return None


def _listed(value: object) -> list[Any]:
    return value if isinstance(value, list) else []
