"""What may stand in an overlay's namespace beside its own objects, as far as the repository tells.

Every doubt counts as yes: an overlay whose namespace or environment nobody knows may be the neighbour.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from sealock.rules.kubernetes.pods import is_near
from sealock.rules.view import pod_path, text_of, value_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sealock.rules.view import JudgedObject, Manifest, OverlayView, RepositoryView

# Groups of the API server itself that look like those of custom resources.
_BUILT_IN = frozenset(
    f"{each}.k8s.io"
    for each in (
        "admissionregistration", "apiextensions", "apiregistration", "certificates", "coordination",
        "discovery", "events", "flowcontrol.apiserver", "lifecycle", "networking", "node",
        "rbac.authorization", "resource", "scheduling", "storage", "storagemigration",
    )
)  # fmt: skip
# Custom resources that name other objects and make none by these names.
_REFERRING = frozenset(
    {
        "argoproj.io", "autoscaling.k8s.io", "cilium.io", "gateway.envoyproxy.io",
        "gateway.networking.k8s.io", "keda.sh", "monitoring.coreos.com", "networking.gke.io",
        "networking.istio.io", "policies.kyverno.io", "projectcontour.io", "security.istio.io",
        "telemetry.istio.io", "traefik.containo.us", "traefik.io",
    }
)  # fmt: skip
# Custom resources that make one object, by a name that they say, and no Pods.
_PLAIN = (
    "bitnami.com", "cert-manager.io", "cloud.google.com", "configuration.konghq.com", "crd.projectcalico.org",
    "elbv2.k8s.aws", "external-secrets.io", "isindir.github.com", "k8s.nginx.org", "kyverno.io",
    "linkerd.io", "policy.networking.k8s.io", "secrets-store.csi.x-k8s.io",
)  # fmt: skip
_MAKING = ("kubectl", "oc create", "configmap", "secret")


def is_custom(manifest: Manifest) -> bool:
    """Say whether an operator may make further objects from an object."""
    group = _group(manifest)
    return "." in group and group not in _BUILT_IN and group not in _REFERRING


def may_run(manifest: Manifest) -> bool:
    """Say whether an operator may make Pods, and whatever else it likes, from an object."""
    group = _group(manifest)
    return is_custom(manifest) and not any(group == each or group.endswith(f".{each}") for each in _PLAIN)


def _group(manifest: Manifest) -> str:
    return text_of(manifest, "apiVersion").rpartition("/")[0]


class Surroundings:
    """Answers about one repository; nothing is gathered before something seems to be missing."""

    def __init__(self, view: RepositoryView) -> None:
        """Look around in `view`."""
        self._view = view
        self._mentioned: dict[str, frozenset[str]] = {}

    def may_have(self, overlay: OverlayView, namespace: str, kind: str, name: str) -> bool:
        """Say whether an object that `overlay` does not render may stand in its namespace all the same.

        Another overlay renders it, a custom resource or a script speaks of it, or something deploys there
        that nobody can see from here.
        """
        if self.is_blind(overlay, namespace):
            return True
        space = namespace or overlay.namespace
        for other, its in self._named.get((kind, name), ()):
            if _share(other, overlay) and is_near(space, its or other.namespace):
                return True
        return any(self._speaks_of(other, name) for other in self._view.overlays if _share(other, overlay))

    def neighbours(self, overlay: OverlayView, namespace: str) -> Iterator[JudgedObject]:
        """Yield what other overlays may render to the namespace."""
        space = namespace or overlay.namespace
        for other in self._view.overlays:
            if other is not overlay and _share(other, overlay):
                for each in other.objects:
                    if is_near(space, each.key.namespace or other.namespace):
                        yield each

    def is_blind(self, overlay: OverlayView, namespace: str) -> bool:
        """Say whether something deploys to the namespace that nobody can see from here."""
        if not self._view.whole:
            return True
        if any(other.failure and _share(other, overlay) for other in self._view.overlays):
            return True
        space = namespace or overlay.namespace
        return bool(self._unseen) and (not space or space in self._unseen)

    @cached_property
    def _unseen(self) -> frozenset[str]:
        """Return the namespaces to which Applications deploy charts, plain files and other repositories."""
        return frozenset(
            text_of(application.manifest, "spec", "destination", "namespace")
            for application in self._view.applications
            if any(source.state in {"elsewhere", "not-checked"} for source in application.sources)
        ) - {""}

    @cached_property
    def _named(self) -> dict[tuple[str, str], list[tuple[OverlayView, str]]]:
        """Return who renders objects of each kind and name, and the namespace that they say."""
        found: dict[tuple[str, str], list[tuple[OverlayView, str]]] = {}
        for overlay in self._view.overlays:
            for key in overlay.keys:
                found.setdefault((key.kind, key.name), []).append((overlay, key.namespace))
        return found

    def _speaks_of(self, overlay: OverlayView, name: str) -> bool:
        if overlay.path not in self._mentioned:
            self._mentioned[overlay.path] = frozenset(_spoken(overlay))
        for each in self._mentioned[overlay.path]:
            if each == name or (each.endswith("-") and name.startswith(each)):
                return True
            if " " in each and name in each:
                return True
        return False


def _share(one: OverlayView, other: OverlayView) -> bool:
    return one.environment is None or other.environment is None or one.environment == other.environment


def _spoken(overlay: OverlayView) -> Iterator[str]:
    """Yield the texts of custom resources, their names with a dash, and the scripts that make objects."""
    for each in overlay.objects:
        manifest = each.manifest
        if is_custom(manifest):
            yield from _strings(manifest)
            if may_run(manifest):
                yield f"{each.key.name}-"
        elif pod_path(manifest):
            for text in _strings(value_of(manifest, *map(str, pod_path(manifest)))):
                if " " in text and any(word in text for word in _MAKING):
                    yield text


def _strings(node: object) -> Iterator[str]:
    if isinstance(node, str):
        yield node
    elif isinstance(node, dict):
        for value in node.values():
            yield from _strings(value)
    elif isinstance(node, list):
        for value in node:
            yield from _strings(value)
