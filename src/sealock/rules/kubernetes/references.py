"""What objects refer to by name in their own namespace."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from sealock.rules.kubernetes.backends import backends
from sealock.rules.kubernetes.pods import Pods, mappings, pods
from sealock.rules.view import containers, text_of, value_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sealock.domain.yaml_document import Path
    from sealock.rules.view import JudgedObject, Manifest


class Reference(NamedTuple):
    """A `kind` and `name` in `namespace`, and the key of it that is read, if any, with their paths."""

    kind: str
    name: str
    namespace: str
    path: Path
    key: str = ""
    key_path: Path = ()


def references(each: JudgedObject) -> Iterator[Reference]:
    """Yield what an object needs; what it marks `optional` it does not."""
    kind = each.manifest.get("kind")
    made = pods(each)
    if made:
        yield from _of_environment(made)
        yield from _of_volumes(made)
        yield from _of_pull_secrets(made.spec, made.namespace, made.path)
    for backend in backends(each.manifest):
        yield Reference("Service", backend.service, backend.namespace, backend.path)
    if kind == "ServiceAccount":
        yield from _of_pull_secrets(each.manifest, each.key.namespace, ())
    elif kind == "StatefulSet":
        name = text_of(each.manifest, "spec", "serviceName")
        if name:
            yield Reference("Service", name, each.key.namespace, ("spec", "serviceName"))
    elif kind == "RoleBinding" and text_of(each.manifest, "roleRef", "kind") == "Role":
        name = text_of(each.manifest, "roleRef", "name")
        yield Reference("Role", name, each.key.namespace, ("roleRef", "name"))
    elif kind == "Ingress" and not _is_issued(each.manifest):
        for index, entry in enumerate(mappings(value_of(each.manifest, "spec", "tls"))):
            if entry.get("secretName"):
                path = ("spec", "tls", index, "secretName")
                yield Reference("Secret", str(entry["secretName"]), each.key.namespace, path)


def _of_environment(made: Pods) -> Iterator[Reference]:
    for path, container in containers(made.each.manifest):
        for index, variable in enumerate(mappings(container.get("env"))):
            for field, kind in (("configMapKeyRef", "ConfigMap"), ("secretKeyRef", "Secret")):
                found = value_of(variable, "valueFrom", field)
                place = (*path, "env", index, "valueFrom", field)
                if isinstance(found, dict) and found.get("name") and not found.get("optional"):
                    name, key = str(found["name"]), str(found.get("key", ""))
                    yield Reference(kind, name, made.namespace, (*place, "name"), key, (*place, "key"))
        for index, source in enumerate(mappings(container.get("envFrom"))):
            for field, kind in (("configMapRef", "ConfigMap"), ("secretRef", "Secret")):
                found = source.get(field)
                if isinstance(found, dict) and found.get("name") and not found.get("optional"):
                    place = (*path, "envFrom", index, field, "name")
                    yield Reference(kind, str(found["name"]), made.namespace, place)


def _of_volumes(made: Pods) -> Iterator[Reference]:
    for index, volume in enumerate(mappings(made.spec.get("volumes"))):
        place = (*made.path, "volumes", index)
        claim = text_of(volume, "persistentVolumeClaim", "claimName")
        if claim:
            path = (*place, "persistentVolumeClaim", "claimName")
            yield Reference("PersistentVolumeClaim", claim, made.namespace, path)
        yield from _of_mounts(made, volume)
        yield from _of_files(made, volume, place, "secretName")
        for number, source in enumerate(mappings(value_of(volume, "projected", "sources"))):
            yield from _of_files(made, source, (*place, "projected", "sources", number), "name")


def _of_files(made: Pods, source: Manifest, place: Path, secret_name: str) -> Iterator[Reference]:
    for field, kind, name_field in (("configMap", "ConfigMap", "name"), ("secret", "Secret", secret_name)):
        found = source.get(field)
        if not isinstance(found, dict) or found.get("optional") or not found.get(name_field):
            continue
        name = str(found[name_field])
        yield Reference(kind, name, made.namespace, (*place, field, name_field))
        for index, item in enumerate(mappings(found.get("items"))):
            path: Path = (*place, field, "items", index, "key")
            if item.get("key"):
                yield Reference(kind, name, made.namespace, (), str(item["key"]), path)


def _of_mounts(made: Pods, volume: Manifest) -> Iterator[Reference]:
    """Yield the files of a volume that are mounted alone; one that is not there becomes a folder."""
    for field, kind, name in (("configMap", "ConfigMap", "name"), ("secret", "Secret", "secretName")):
        found = volume.get(field)
        if not isinstance(found, dict) or found.get("optional") or found.get("items"):
            continue
        for path, container in containers(made.each.manifest):
            for index, mount in enumerate(mappings(container.get("volumeMounts"))):
                key = str(mount.get("subPath") or "")
                if key and "/" not in key and mount.get("name") == volume.get("name"):
                    place = (*path, "volumeMounts", index, "subPath")
                    yield Reference(kind, str(found.get(name)), made.namespace, (), key, place)


def _of_pull_secrets(holder: Manifest, namespace: str, place: Path) -> Iterator[Reference]:
    for index, each in enumerate(mappings(holder.get("imagePullSecrets"))):
        if each.get("name"):
            path = (*place, "imagePullSecrets", index, "name")
            yield Reference("Secret", str(each["name"]), namespace, path)


def _is_issued(ingress: Manifest) -> bool:
    """Say whether cert-manager makes the certificate of an Ingress.

    Source: pkg/controller/certificate-shim of cert-manager 1.18.
    """
    annotations = value_of(ingress, "metadata", "annotations")
    return isinstance(annotations, dict) and any(
        key.startswith("cert-manager.io/") or key == "kubernetes.io/tls-acme" for key in annotations
    )
