"""Rules about the objects that overlays render."""

from sealock.rules.kubernetes import (
    api_server_refuses,
    api_server_refuses_update,
    api_server_warns,
    autoscaler_target_missing,
    deprecated_api_version,
    disruption_budget_blocks_evictions,
    pod_security_violation,
    quota_exceeded,
    reference_missing,
    removed_api_version,
    schema_violation,
    service_account_missing,
    service_port_unknown,
    service_selects_nothing,
    unknown_kind,
)

RULES = (
    api_server_refuses,
    api_server_refuses_update,
    pod_security_violation,
    quota_exceeded,
    schema_violation,
    unknown_kind,
    api_server_warns,
    removed_api_version,
    deprecated_api_version,
    service_selects_nothing,
    service_port_unknown,
    reference_missing,
    autoscaler_target_missing,
    service_account_missing,
    disruption_budget_blocks_evictions,
)
