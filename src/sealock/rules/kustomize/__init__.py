"""Rules about overlays, bases and what Kustomize makes of them."""

from sealock.rules.kustomize import (
    duplicated_base_resource,
    missing_namespace_transformer,
    render_failed,
)

RULES = (
    render_failed,
    missing_namespace_transformer,
    duplicated_base_resource,
)
