"""Rules about the objects that overlays render."""

from sealock.rules.kubernetes import (
    api_server_refuses,
    api_server_warns,
    schema_violation,
    unknown_kind,
)

RULES = (
    api_server_refuses,
    schema_violation,
    unknown_kind,
    api_server_warns,
)
