"""What the rules about Kubernetes objects leave alone, and other shapes of what they find."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import yaml
from msgspec.structs import replace
from tests.fakes.argocd_views import application, overlay, repository

from sealock.domain.finding import Severity
from sealock.domain.rendered import Origin, RenderFailure
from sealock.rules.kubernetes import (
    autoscaler_target_missing,
    deprecated_api_version,
    disruption_budget_blocks_evictions,
    literal_secret,
    missing_probes,
    missing_resources,
    reference_missing,
    service_account_missing,
    service_port_unknown,
    service_selects_nothing,
)
from sealock.rules.kubernetes.credentials import has_token, is_named_credential, is_secret
from sealock.rules.kubernetes.generated import is_ignored

if TYPE_CHECKING:
    from types import ModuleType

    from sealock.domain.finding import Finding
    from sealock.rules.view import ApplicationView, OverlayView

PORTS = "[{name: http, containerPort: 8080}]"


def made(kind: str, name: str, spec: str, api_version: str = "v1", metadata: str = "{}") -> dict[str, Any]:
    named = {"name": name, "namespace": "payments", **yaml.safe_load(metadata)}
    return {"apiVersion": api_version, "kind": kind, "metadata": named, "spec": yaml.safe_load(spec)}


def workload(  # noqa: PLR0913 - each test sets another one
    name: str = "ledger",
    *,
    kind: str = "Deployment",
    labels: str = "{app: ledger}",
    ports: str = PORTS,
    pod: str = "{}",
    container: str = "{}",
    annotations: str = "{}",
    replicas: int | None = None,
) -> dict[str, Any]:
    first = {"name": "it", "ports": yaml.safe_load(ports), **yaml.safe_load(container)}
    template = {
        "metadata": {"labels": yaml.safe_load(labels), "annotations": yaml.safe_load(annotations)},
        "spec": {"containers": [first], **yaml.safe_load(pod)},
    }
    spec = {"template": template} | ({} if replicas is None else {"replicas": replicas})
    return made(kind, name, "{}", "apps/v1") | {"spec": spec}


def service(
    selector: str = "{app: ledger}", ports: str = "[{port: 80, targetPort: http}]", more: str = ""
) -> dict[str, Any]:
    return made("Service", "ledger", f"{{selector: {selector}, ports: {ports}{more}}}")


def findings(rule: ModuleType, *things: ApplicationView | OverlayView, whole: bool = True) -> list[Finding]:
    return list(rule.check(replace(repository(*things), whole=whole)))


def found(rule: ModuleType, *objects: dict[str, Any]) -> list[str]:
    """Return the messages about the objects of one overlay."""
    return [each.message for each in findings(rule, overlay("ledger/overlays/dev", *objects))]


# --- services


@pytest.mark.parametrize(
    "selector",
    [
        "{app: ledger}",
        "{app: ledger, role: master}",
        "{app: ledger, vault-active: 'true'}",
        "{app: ledger, statefulset.kubernetes.io/pod-name: ledger-0}",
        "{app: ledger, rollouts-pod-template-hash: abc}",
        "{}",
    ],
)
def test_a_service_may_select_by_labels_that_pods_get_when_they_run(selector: str) -> None:
    assert found(service_selects_nothing, workload(), service(selector)) == []


@pytest.mark.parametrize(
    ("selector", "message"),
    [
        ("{app: ledgr}", "have app=ledger, not app=ledgr"),
        ("{app: ledger, tier: back}", "have no label tier, not tier=back"),
        ("{role: master}", "have no label role, not role=master"),
    ],
)
def test_a_selector_that_fits_no_pods_is_reported(selector: str, message: str) -> None:
    assert found(service_selects_nothing, workload(), service(selector)) == [
        f"Service ledger selects no Pods of this overlay: those of Deployment ledger {message}"
    ]


def test_an_overlay_without_workloads_says_nothing_about_services() -> None:
    assert found(service_selects_nothing, service()) == []


def test_a_workload_of_another_namespace_is_no_target() -> None:
    there = workload(labels="{app: other}")
    there["metadata"]["namespace"] = "shop"
    assert found(service_selects_nothing, there, service()) == []


@pytest.mark.parametrize(
    ("selector", "count"),
    [
        ("{cnpg.io/cluster: other}", 0),
        ("{app: orders-1}", 0),
        ("{app: cluster}", 0),
        ("{app: ledgr}", 1),
    ],
)
def test_an_operator_may_make_the_pods_that_a_selector_speaks_of(selector: str, count: int) -> None:
    cluster = made("Cluster", "orders", "{}", "postgresql.cnpg.io/v1")
    assert len(found(service_selects_nothing, workload(), service(selector), cluster)) == count
    secret = made("ExternalSecret", "orders", "{}", "external-secrets.io/v1")
    assert len(found(service_selects_nothing, workload(), service(selector), secret)) == 1


def test_pods_of_another_overlay_of_the_same_environment_and_namespace_count() -> None:
    here = overlay("ledger/overlays/dev", workload(), service("{app: search}"))
    beside = overlay("search/overlays/dev", workload("search", labels="{app: search}"))
    elsewhere = overlay("search/overlays/production", workload("search", labels="{app: search}"))
    assert findings(service_selects_nothing, here, beside) == []
    assert len(findings(service_selects_nothing, here, elsewhere)) == 1


@pytest.mark.parametrize(
    ("kind", "api_version", "field"),
    [
        ("PodDisruptionBudget", "policy/v1", "selector"),
        ("NetworkPolicy", "networking.k8s.io/v1", "podSelector"),
    ],
)
def test_a_budget_or_policy_of_no_pods_is_reported(kind: str, api_version: str, field: str) -> None:
    def selecting(selector: str) -> list[str]:
        return found(
            service_selects_nothing, workload(), made(kind, "it", f"{{{field}: {selector}}}", api_version)
        )

    assert selecting("{matchLabels: {app: ledgr}}") == [
        (
            f"{kind} it selects no Pods of this overlay: "
            "those of Deployment ledger have app=ledger, not app=ledgr"
        )
    ]
    assert selecting("{matchLabels: {app: ledger}}") == []
    assert selecting("{}") == []
    assert selecting("{matchLabels: {app: x}, matchExpressions: [{key: a, operator: Exists}]}") == []


# --- ports


def test_a_probe_of_a_port_that_its_container_does_not_name_is_reported() -> None:
    probed = "{readinessProbe: {httpGet: {path: /, port: web}}, livenessProbe: {tcpSocket: {port: http}}}"
    assert found(service_port_unknown, workload(container=probed)) == ["container it has no port called web"]
    by_number = "{readinessProbe: {httpGet: {path: /, port: 9999}}, livenessProbe: {exec: {command: [it]}}}"
    assert found(service_port_unknown, workload(container=by_number)) == []


def test_a_port_is_known_by_name_and_protocol() -> None:
    udp = service(ports="[{port: 53, protocol: UDP, targetPort: http}]")
    assert found(service_port_unknown, workload(), udp) == [
        "no container of Deployment ledger has a port called http for UDP"
    ]


def test_the_port_of_a_sidecar_counts_and_that_of_an_init_container_does_not() -> None:
    sidecar = (
        "{initContainers: [{name: proxy, restartPolicy: Always, ports: [{name: web, containerPort: 1}]}]}"
    )
    init = sidecar.replace("restartPolicy: Always, ", "")
    wanted = service(ports="[{port: 80, targetPort: web}]")
    assert found(service_port_unknown, workload(pod=sidecar), wanted) == []
    assert len(found(service_port_unknown, workload(pod=init), wanted)) == 1


def test_injected_containers_may_have_any_port() -> None:
    injected = workload(annotations="{sidecar.istio.io/inject: 'true'}")
    assert found(service_port_unknown, injected, service(ports="[{port: 80, targetPort: envoy}]")) == []


@pytest.mark.parametrize(
    ("declared", "ports"),
    [
        (PORTS, "[{port: 80, targetPort: http}, {port: 81, targetPort: 9999}]"),
        ("[{name: metrics, containerPort: 9090}]", "[{port: 80, targetPort: 8080}]"),
        ("[]", "[{port: 80, targetPort: 8080}]"),
        (PORTS, "[{port: 8080}]"),
        (PORTS, "[{port: 80, targetPort: 8080}]"),
    ],
)
def test_a_number_that_may_be_right_is_left_alone(declared: str, ports: str) -> None:
    assert found(service_port_unknown, workload(ports=declared), service(ports=ports)) == []


def test_a_number_beside_the_only_declared_port_is_doubted() -> None:
    doubted = findings(service_port_unknown, overlay("ledger", workload(), service(ports="[{port: 80}]")))
    assert [(each.severity, each.message) for each in doubted] == [
        (Severity.WARNING, "Deployment ledger declares no port 80, but 8080 (http), which no Service uses")
    ]


def route(port: str) -> dict[str, Any]:
    spec = f"{{rules: [{{backendRefs: [{{name: ledger{port}}}]}}]}}"
    return made("HTTPRoute", "ledger", spec, "gateway.networking.k8s.io/v1")


def test_a_route_leads_to_a_port_of_its_service() -> None:
    assert found(service_port_unknown, workload(), service(), route(", port: 80")) == []
    assert found(service_port_unknown, workload(), service(), route(", port: 8080")) == [
        "Service ledger has no port 8080"
    ]


def test_the_backend_of_another_kind_or_namespace_is_no_service_of_the_overlay() -> None:
    assert found(service_port_unknown, service(), route(", port: 1, kind: Bucket, group: x.io")) == []
    assert found(service_port_unknown, service(), route(", port: 1, namespace: shop")) == []


def test_an_action_of_the_aws_controller_is_no_service() -> None:
    backend = "{service: {name: ssl-redirect, port: {name: use-annotation}}}"
    ingress = made("Ingress", "it", f"{{defaultBackend: {backend}}}", "networking.k8s.io/v1")
    assert found(reference_missing, ingress) == []


def test_a_headless_service_leaves_the_port_to_the_client() -> None:
    headless = service(ports="[{port: 80}]", more=", clusterIP: None")
    assert found(service_port_unknown, workload(), headless) == []


# --- autoscalers


def scaler(target: str, more: str = "", kind: str = "HorizontalPodAutoscaler") -> dict[str, Any]:
    version, field = {
        "HorizontalPodAutoscaler": ("autoscaling/v2", "scaleTargetRef"),
        "VerticalPodAutoscaler": ("autoscaling.k8s.io/v1", "targetRef"),
        "ScaledObject": ("keda.sh/v1alpha1", "scaleTargetRef"),
    }[kind]
    return made(kind, "ledger", f"{{{field}: {target}{more}}}", version)


@pytest.mark.parametrize("kind", ["HorizontalPodAutoscaler", "VerticalPodAutoscaler"])
def test_an_autoscaler_of_nothing_is_reported(kind: str) -> None:
    target = "{apiVersion: apps/v1, kind: Deployment, name: ledgr}"
    assert found(autoscaler_target_missing, workload(), scaler(target, kind=kind)) == [
        "there is no Deployment ledgr to scale"
    ]


def test_keda_scales_a_deployment_where_it_says_no_kind() -> None:
    assert found(autoscaler_target_missing, workload(), scaler("{name: ledger}", kind="ScaledObject")) == []
    assert len(found(autoscaler_target_missing, scaler("{name: ledger}", kind="ScaledObject"))) == 1


def test_a_custom_resource_that_names_the_target_may_make_it() -> None:
    cluster = made("Cluster", "db", "{deployment: ledger}", "example.com/v1")
    target = "{apiVersion: apps/v1, kind: Deployment, name: ledger}"
    assert found(autoscaler_target_missing, scaler(target), cluster) == []


# --- budgets


def budget(spec: str, selector: str = "{matchLabels: {app: ledger}}") -> dict[str, Any]:
    return made("PodDisruptionBudget", "ledger", f"{{selector: {selector}, {spec}}}", "policy/v1")


@pytest.mark.parametrize(
    ("spec", "replicas", "blocks"),
    [
        ("minAvailable: 1", None, True),
        ("minAvailable: 1", 2, False),
        ("minAvailable: 2", 2, True),
        ("minAvailable: 51%", 2, True),
        ("minAvailable: 50%", 2, False),
        ("minAvailable: 100%", 9, True),
        ("minAvailable: 0", 1, False),
        ("minAvailable: 1", 0, False),
        ("maxUnavailable: 0", 9, True),
        ("maxUnavailable: 0%", 9, True),
        ("maxUnavailable: 1%", 9, False),
    ],
)
def test_a_budget_blocks_what_it_leaves_no_pod_to(spec: str, replicas: int | None, blocks: bool) -> None:  # noqa: FBT001
    told = found(disruption_budget_blocks_evictions, workload(replicas=replicas), budget(spec))
    assert bool(told) == blocks


def test_the_least_that_an_autoscaler_keeps_counts() -> None:
    target = "{apiVersion: apps/v1, kind: Deployment, name: ledger}"
    things = (workload(), scaler(target, ", minReplicas: 3"))
    assert found(disruption_budget_blocks_evictions, *things, budget("minAvailable: 2")) == []
    assert found(disruption_budget_blocks_evictions, *things, budget("minAvailable: 3")) == [
        "minAvailable 3 lets no Pod be evicted: Deployment ledger keeps 3 replicas at least"
    ]


def test_the_pods_of_a_daemonset_are_not_counted() -> None:
    things = (workload(kind="DaemonSet"), budget("minAvailable: 1"))
    assert found(disruption_budget_blocks_evictions, *things) == []


@pytest.mark.parametrize(
    ("selector", "chosen"),
    [
        ("{matchExpressions: [{key: app, operator: In, values: [ledger]}]}", True),
        ("{matchExpressions: [{key: app, operator: NotIn, values: [ledger]}]}", False),
        ("{matchExpressions: [{key: tier, operator: Exists}]}", False),
        ("{matchExpressions: [{key: tier, operator: DoesNotExist}]}", True),
        ("{}", True),
    ],
)
def test_a_budget_selects_as_kubernetes_does(selector: str, chosen: bool) -> None:  # noqa: FBT001
    told = found(
        disruption_budget_blocks_evictions, workload(replicas=1), budget("minAvailable: 1", selector)
    )
    assert bool(told) == chosen


# --- references

FROM_CONFIG = "{envFrom: [{configMapRef: {name: settings}}]}"


def config(name: str, data: str = "{a: b}", metadata: str = "{}", kind: str = "ConfigMap") -> dict[str, Any]:
    return made(kind, name, "{}", metadata=metadata) | {"data": yaml.safe_load(data)}


def test_a_config_map_that_nobody_brings_is_reported() -> None:
    assert found(reference_missing, workload(container=FROM_CONFIG), config("setting")) == [
        "no ConfigMap settings in this overlay, nor elsewhere for its namespace"
    ]


def test_a_run_that_does_not_see_every_overlay_misses_nothing() -> None:
    here = overlay("ledger/overlays/dev", workload(container=FROM_CONFIG))
    assert findings(reference_missing, here, whole=False) == []


def test_an_overlay_that_does_not_render_may_have_it() -> None:
    here = overlay("ledger/overlays/dev", workload(container=FROM_CONFIG))
    broken = replace(overlay("shared/overlays/dev"), failure=RenderFailure("render", "no"))
    assert findings(reference_missing, here, broken) == []


@pytest.mark.parametrize(("namespace", "count"), [("payments", 0), ("shop", 1)])
def test_what_a_chart_brings_to_the_namespace_is_not_known(namespace: str, count: int) -> None:
    here = overlay("ledger/overlays/dev", workload(container=FROM_CONFIG))
    chart = application(
        "redis", f"{{source: {{chart: redis}}, destination: {{namespace: {namespace}}}}}", path="x"
    )
    unseen = replace(chart, sources=(replace(chart.sources[0], path="", state="not-checked"),))
    assert len(findings(reference_missing, here, unseen)) == count


def test_an_object_without_a_namespace_goes_where_its_application_says() -> None:
    here = overlay("ledger/overlays/dev", workload(container=FROM_CONFIG))
    loose = config("settings")
    del loose["metadata"]["namespace"]
    shared = overlay("shared/overlays/dev", loose)
    assert findings(reference_missing, here, shared) == []
    assert len(findings(reference_missing, here, replace(shared, namespace="shop"))) == 1


def test_a_script_that_makes_the_object_is_believed() -> None:
    job = workload("make", kind="Job", container="{command: [sh, -c, kubectl create configmap settings]}")
    assert found(reference_missing, workload(container=FROM_CONFIG), job) == []


KEY = "{env: [{name: A, valueFrom: {configMapKeyRef: {name: settings, key: x}}}]}"


@pytest.mark.parametrize(
    ("data", "metadata", "count"),
    [
        ("{y: b}", "{}", 1),
        ("{x: b}", "{}", 0),
        ("{}", "{}", 0),
        ("{y: b}", "{labels: {config.openshift.io/inject-trusted-cabundle: 'true'}}", 0),
        ("{y: b}", "{annotations: {argocd.argoproj.io/sync-options: ServerSideApply=true}}", 0),
    ],
)
def test_a_key_must_be_there_unless_it_comes_in_the_cluster(data: str, metadata: str, count: int) -> None:
    told = found(reference_missing, workload(container=KEY), config("settings", data, metadata))
    assert told == ["ConfigMap settings has no key x"] * count


FROM_SECRET = "{envFrom: [{secretRef: {name: ledger-database}}]}"  # noqa: S105 - a reference


def test_a_secret_that_nothing_of_the_repository_makes_is_made_by_hand() -> None:
    assert found(reference_missing, workload(container=FROM_SECRET)) == []


@pytest.mark.parametrize(
    ("name", "severity"),
    [("ledger-databse", Severity.WARNING), ("bank", Severity.NOTE), ("ledger-database", None)],
)
def test_a_secret_that_is_nearly_called_so_is_a_slip(name: str, severity: Severity | None) -> None:
    secret = made("SealedSecret", name, "{}", "bitnami.com/v1alpha1")
    told = findings(reference_missing, overlay("dev", workload(container=FROM_SECRET), secret))
    assert [each.severity for each in told] == ([severity] if severity else [])


def test_an_empty_secret_declares_nothing() -> None:
    secret = made("Secret", "filled", "{}")
    assert found(reference_missing, workload(container=FROM_SECRET), secret) == []
    assert len(found(reference_missing, workload(container=FROM_SECRET), secret | {"data": {"a": ""}})) == 1


def test_two_secrets_that_differ_by_a_number_are_two() -> None:
    numbered = "{envFrom: [{secretRef: {name: database-2}}]}"
    secret = made("SealedSecret", "database-1", "{}", "bitnami.com/v1alpha1")
    told = findings(reference_missing, overlay("dev", workload(container=numbered), secret))
    assert [each.severity for each in told] == [Severity.NOTE]


@pytest.mark.parametrize("mark", ["cert-manager.io/issuer: letsencrypt", "kubernetes.io/tls-acme: 'true'"])
def test_cert_manager_makes_the_certificate_of_an_ingress_that_asks_for_it(mark: str) -> None:
    tls = "{tls: [{secretName: ledger-tls}]}"
    asked = made("Ingress", "it", tls, "networking.k8s.io/v1", f"{{annotations: {{{mark}}}}}")
    plain = made("Ingress", "it", tls, "networking.k8s.io/v1")
    near = made("Certificate", "x", "{secretName: ledger-tsl}", "cert-manager.io/v1")
    assert found(reference_missing, asked, near) == []
    assert len(found(reference_missing, plain, near)) == 1


def test_a_binding_needs_its_role_unless_it_is_the_clusters() -> None:
    binding = made("RoleBinding", "it", "{}", "rbac.authorization.k8s.io/v1")
    binding["roleRef"] = {"kind": "Role", "name": "reader"}
    assert found(reference_missing, binding) == [
        "no Role reader in this overlay, nor elsewhere for its namespace"
    ]
    assert found(reference_missing, binding, made("Role", "reader", "{}")) == []
    binding["roleRef"] = {"kind": "ClusterRole", "name": "view"}
    assert found(reference_missing, binding) == []


# --- accounts


@pytest.mark.parametrize(
    ("subject", "count"),
    [
        ("{kind: ServiceAccount, name: ledger, namespace: payments}", 1),
        ("{kind: ServiceAccount, name: default, namespace: payments}", 0),
        ("{kind: ServiceAccount, name: argocd, namespace: argocd}", 0),
        ("{kind: Group, name: admins}", 0),
        ("{kind: ServiceAccount, name: ledger}", 1),
    ],
)
def test_a_role_is_bound_to_accounts_that_are_there(subject: str, count: int) -> None:
    binding = made("RoleBinding", "it", "{}", "rbac.authorization.k8s.io/v1")
    binding["subjects"] = [yaml.safe_load(subject)]
    assert len(found(service_account_missing, binding)) == count
    assert found(service_account_missing, binding, made("ServiceAccount", "ledger", "{}")) == []


@pytest.mark.parametrize(
    ("pod", "count"),
    [
        ("{serviceAccountName: default}", 0),
        ("{serviceAccountName: ledger}", 1),
        ("{serviceAccount: ledger}", 1),
        ("{}", 0),
    ],
)
def test_pods_need_their_service_account(pod: str, count: int) -> None:
    assert len(found(service_account_missing, workload(pod=pod))) == count
    account = made("ServiceAccount", "ledger", "{}")
    assert found(service_account_missing, workload(pod=pod), account) == []


# --- resources


@pytest.mark.parametrize(
    ("pod", "container", "messages"),
    [
        ("{}", "{}", ["container it has no requests.cpu, requests.memory and limits.memory"]),
        ("{}", "{resources: {limits: {cpu: 1, memory: 1Gi}}}", []),
        ("{resources: {requests: {cpu: 1}, limits: {memory: 1Gi}}}", "{}", []),
        ("{}", "{resources: {requests: {cpu: 1, memory: 1Gi}}}", ["container it has no limits.memory"]),
    ],
)
def test_a_limit_is_a_request_and_a_pods_is_its_containers(
    pod: str, container: str, messages: list[str]
) -> None:
    assert found(missing_resources, workload(pod=pod, container=container)) == messages


def test_a_limit_range_gives_what_a_container_does_not_say() -> None:
    limits = "{limits: [{type: Container, defaultRequest: {cpu: 100m}}]}"
    assert found(missing_resources, workload(), made("LimitRange", "it", limits)) == []


@pytest.mark.parametrize(
    ("kind", "count"), [("Deployment", 1), ("StatefulSet", 1), ("DaemonSet", 0), ("Job", 0)]
)
def test_what_is_rolled_out_behind_a_service_needs_a_probe(kind: str, count: int) -> None:
    assert len(found(missing_probes, workload(kind=kind), service())) == count
    assert found(missing_probes, workload(kind=kind)) == []
    probed = workload(kind=kind, container="{readinessProbe: {tcpSocket: {port: http}}}")
    assert found(missing_probes, probed, service()) == []


# --- versions


@pytest.mark.parametrize(
    ("api_version", "kind", "message"),
    [
        (
            "resource.k8s.io/v1beta1",
            "DeviceClass",
            "resource.k8s.io/v1beta1 DeviceClass is deprecated since Kubernetes 1.35 and gone in 1.38",
        ),
        (
            "scheduling.k8s.io/v1alpha2",
            "Workload",
            "scheduling.k8s.io/v1alpha2 Workload is gone in 1.37, your next release",
        ),
    ],
)
def test_a_version_that_ends_is_reported_with_its_end(api_version: str, kind: str, message: str) -> None:
    assert found(deprecated_api_version, made(kind, "it", "{}", api_version)) == [message]


# --- credentials


@pytest.mark.parametrize(
    "text",
    [
        "AKIAIOSFODNN7ABCDEFG",
        "ghp_" + "a1B2" * 9,
        "-----BEGIN RSA PRIVATE KEY-----\nMII",
        "postgres://ledger:correct9horse@db/ledger",
        "redis://:correct9horse@cache:6379",
    ],
)
def test_a_token_is_known_by_its_form(text: str) -> None:
    assert has_token(text)


@pytest.mark.parametrize(
    "text",
    [
        "AKIAIOSFODNN7EXAMPLE",
        "postgres://ledger:${PASSWORD}@db/ledger",
        "postgres://ledger@db/ledger",
        "https://example.com/a:b@c",
        "-----BEGIN CERTIFICATE-----",
        "-----BEGIN PUBLIC KEY-----",
    ],
)
def test_what_only_looks_like_a_token_is_none(text: str) -> None:
    assert not has_token(text)


@pytest.mark.parametrize(
    ("key", "text"),
    [
        ("password", "hunter2"),
        ("anything", "x9Kq"),
        (".dockerconfigjson", '{"auths": {"ghcr.io": {"auth": "YWRhOmh1bnRlcjI="}}}'),
        ("config.yaml", "log: info\ndatabase:\n  password: hunter2\n"),
        ("tls.key", "-----BEGIN PRIVATE KEY-----\nMII"),
    ],
)
def test_what_a_secret_holds_is_secret(key: str, text: str) -> None:
    assert is_secret(key, text)


@pytest.mark.parametrize(
    ("key", "text"),
    [
        ("password", ""),
        ("password", "<path:secret/data/ledger#password>"),
        ("password", "${PASSWORD}"),
        ("password", "REPLACE_ME"),
        ("password", "changeme"),
        ("password", "ENC[AES256_GCM,data:abc=,type:str]"),
        ("password", "vault:secret/data/ledger#password"),
        ("password", "ref+awsssm://ledger"),
        ("token", "{{ .Values.token }}"),
        ("tls.crt", "-----BEGIN CERTIFICATE-----\nMII"),
        ("username", "ledger"),
        ("DB_HOST", "db.example.com"),
        ("config.yaml", "log: info\ndatabase:\n  password: ${PASSWORD}\n  secretName: ledger\n"),
        ("enabled", "true"),
    ],
)
def test_what_stands_for_a_secret_or_is_open_is_none(key: str, text: str) -> None:
    assert not is_secret(key, text)


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("DB_PASSWORD", "correct9horse", True),
        ("GITHUB_API_TOKEN", "0a1b2c3d4e5f", True),
        ("DB_PASSWORD_FILE", "/run/secrets/db", False),
        ("PASSWORD", "/run/secrets/db", False),
        ("MYSQL_ALLOW_EMPTY_PASSWORD", "yes", False),
        ("MYSQL_RANDOM_ROOT_PASSWORD", "1", False),
        ("API_KEY", "ledger-api-key", False),
        ("CSRF_TOKEN_NAME", "x-csrf", False),
        ("PASSWORD", "$(FROM_VAULT)", False),
        ("PASSWORD", "Enter your password", False),
        ("ACCESS_TOKEN", "https://auth.example.com/token", False),
    ],
)
def test_a_setting_is_a_credential_by_its_name_and_its_value(name: str, text: str, expected: bool) -> None:  # noqa: FBT001
    assert is_named_credential(name, text) == expected


def test_a_cluster_of_argo_cd_without_a_token_is_no_secret() -> None:
    label = "{labels: {argocd.argoproj.io/secret-type: cluster}}"
    cluster = made("Secret", "prod", "{}", metadata=label)
    cluster["stringData"] = {
        "server": "https://prod.example.com",
        "namespaces": "payments,shop",
        "config": '{"tlsClientConfig": {"insecure": false}}',
    }
    assert found(literal_secret, cluster) == []
    cluster["stringData"]["config"] = '{"bearerToken": "abcdefgh"}'
    assert found(literal_secret, cluster) == ["Secret prod has config in plain text"]


def test_what_git_ignores_does_not_stand_in_git() -> None:
    text = "secretGenerator: [{name: it, literals: [a=b], files: [c.pem, d=here.txt], envs: [.env]}]"
    origin = Origin("ledger/kustomization.yaml", "Secret", "it", "secretGenerator")

    def ignored(*files: str) -> list[bool]:
        texts = dict.fromkeys((f"ledger/{each}" for each in files), "") | {origin.file: text}
        return [is_ignored(repository(texts=texts), origin, key) for key in ("a", "c.pem", "d", "PASSWORD")]

    assert ignored() == [False, True, True, True]
    assert ignored(".env", "c.pem", "here.txt") == [False, False, False, False]


def test_no_message_has_the_value() -> None:
    secret = made("Secret", "it", "{}") | {"stringData": {"password": "correct9horse"}}
    variable = workload(container="{env: [{name: PASSWORD, value: correct9horse}]}")
    settings = config("it", "{PASSWORD: correct9horse}")
    told = findings(literal_secret, overlay("ledger", secret, variable, settings))
    assert len(told) == len({"secret", "variable", "settings"})
    assert not any("correct9horse" in str(each) for each in told)
