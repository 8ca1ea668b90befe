"""Rules about Argo CD's Applications, AppProjects and ApplicationSets."""

from sealock.rules.argocd import (
    application_namespace,
    application_path_missing,
    production_auto_prune,
    project_not_permitted,
    unknown_sync_option,
    unreadable_application,
)

RULES = (
    unreadable_application,
    application_path_missing,
    project_not_permitted,
    unknown_sync_option,
    application_namespace,
    production_auto_prune,
)
