"""The Argo CD Application of one service in one environment."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sealock.app.manifests.text import scalar

if TYPE_CHECKING:
    from sealock.domain.catalog import Deployment, Service


def application(service: Service, deployment: Deployment) -> str:
    """Return `applications/<service>-<environment>.yaml`."""
    environment, sync, target = deployment.environment, deployment.sync, deployment.destination
    wave = (
        "  annotations:\n"
        f"    # After {', '.join(service.needs)}.\n"
        f'    argocd.argoproj.io/sync-wave: "{service.wave}"\n'
        if service.needs
        else ""
    )
    finalizer = (
        f"  # Deleting this Application deletes what it deployed.\n  finalizers:\n    - {sync.finalizer}\n"
        if sync.finalizer
        else ""
    )
    automated = (
        "    automated:\n"
        f"      prune: {str(sync.prune).lower()}\n"
        f"      selfHeal: {str(sync.self_heal).lower()}\n"
        if sync.mode == "automated"
        else "    # No `automated`: somebody starts each sync.\n"
    )
    cluster = f"name: {scalar(target.name)}" if target.name else f"server: {scalar(target.server)}"
    return f"""\
apiVersion: argoproj.io/v1alpha1
kind: Application
metadata:
  name: {scalar(f"{service.name}-{environment}")}
  namespace: argocd
  labels:
    app.kubernetes.io/part-of: {scalar(service.part_of)}
    environment: {scalar(environment)}
{wave}{finalizer}spec:
  project: {scalar(service.project)}
  source:
    repoURL: {scalar(service.repository)}
    targetRevision: {scalar(service.revision)}
    path: {scalar(f"{service.path}/overlays/{environment}")}
  destination:
    {cluster}
    namespace: {scalar(service.namespace)}
  syncPolicy:
{automated}    syncOptions:
      - CreateNamespace=true
      - ServerSideApply=true
    retry:
      limit: 5
      backoff:
        duration: 5s
        factor: 2
        maxDuration: 3m
"""
