"""Rules about overlays, bases and what Kustomize makes of them."""

from sealock.rules.kustomize import (
    deprecated_field,
    duplicated_base_resource,
    image_matches_nothing,
    image_name_not_a_regex,
    missing_namespace_transformer,
    patch_matches_nothing,
    render_failed,
    resource_listed_twice,
    tag_beside_digest,
    unused_file,
)

RULES = (
    render_failed,
    resource_listed_twice,
    image_name_not_a_regex,
    missing_namespace_transformer,
    duplicated_base_resource,
    image_matches_nothing,
    patch_matches_nothing,
    deprecated_field,
    tag_beside_digest,
    unused_file,
)
