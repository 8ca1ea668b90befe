"""The Argo CD AppProject of a group of services: permits what they use, nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sealock.app.manifests.text import scalar

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sealock.app.manifests.conventions import Conventions
    from sealock.domain.catalog import Destination, Service


def app_project(
    name: str, services: Sequence[Service], kinds: Iterable[tuple[str, str]], conventions: Conventions
) -> str:
    """Return `projects/<name>.yaml` for the services in it; `kinds` are the (group, kind) they generate."""
    repositories = sorted({service.repository for service in services})
    targets: set[tuple[Destination, str]] = {
        (deployment.destination, service.namespace)
        for service in services
        for deployment in service.deployments.values()
    }
    namespaces = sorted({service.namespace for service in services})
    cluster_rules = "".join(
        f'    - group: ""\n      kind: Namespace\n      name: {scalar(namespace)}\n'
        for namespace in namespaces
    )
    if not conventions.named_cluster_rules:
        cluster_rules = '    - group: ""\n      kind: Namespace\n'
    permitted = "".join(
        f"    - group: {scalar(group)}\n      kind: {kind}\n" for group, kind in sorted(kinds)
    )
    return f"""\
apiVersion: argoproj.io/v1alpha1
kind: AppProject
metadata:
  name: {scalar(name)}
  namespace: argocd
spec:
  description: What the services of {name} in services.yaml use
  sourceRepos:
{"".join(f"    - {scalar(each)}{chr(10)}" for each in repositories)}\
  destinations:
{"".join(_destination(*each) for each in sorted(targets))}\
  # CreateNamespace=true syncs the namespace as a resource, so it must be permitted.
  clusterResourceWhitelist:
{cluster_rules}\
  namespaceResourceWhitelist:
{permitted}"""


def _destination(cluster: Destination, namespace: str) -> str:
    where = f"name: {scalar(cluster.name)}" if cluster.name else f"server: {scalar(cluster.server)}"
    return f"    - {where}\n      namespace: {scalar(namespace)}\n"
