"""Rules about Argo CD's Applications, AppProjects and ApplicationSets."""

from sealock.rules.argocd import (
    application_namespace,
    application_path_missing,
    invented_field,
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
    invented_field,
    application_namespace,
    production_auto_prune,
)
