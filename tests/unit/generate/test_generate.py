"""Planning: what is created, merged, left alone, and kept in mind for the next time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from inline_snapshot import snapshot

from sealock.app import generate
from sealock.app.generate import Choices
from sealock.app.manifests.conventions import Conventions
from sealock.config import repository
from sealock.domain.plan import FileChange, Plan
from sealock.domain.yaml_document import parse_one, to_plain
from sealock.errors import ConfigurationError, UsageError

if TYPE_CHECKING:
    from sealock.domain.catalog import Catalog

SERVICES = """\
repository: https://github.com/acme/platform-manifests.git
services:
  ledger:
    namespace: payments
    project: payments
  payment-service:
    namespace: payments
    project: payments
    needs: [ledger]
    config: {LOG: info}
    production: {cluster: prod-eu, replicas: 5, config: {LOG: warn}}
"""
CONVENTIONS = Conventions(frozenset({"production"}), frozenset({"dev"}))
PATCH = "services/payment-service/overlays/production/replica-patch.yaml"
STATE = ".sealock/generated/payment-service.json"


def _catalog(text: str) -> Catalog:
    found = repository.load(None, text).catalog
    assert found is not None
    return found


class MemoryTree:
    """A work tree in memory: paths to texts."""

    def __init__(self) -> None:
        self.texts: dict[str, str] = {}

    def read_text(self, path: str) -> str:
        try:
            return self.texts[path]
        except KeyError:
            raise FileNotFoundError(path) from None

    def exists(self, path: str) -> bool:
        return path in self.texts

    def names(self, folder: str) -> list[str]:
        return sorted(path.rpartition("/")[2] for path in self.texts if path.rpartition("/")[0] == folder)

    def write(self, changes: Any) -> None:  # noqa: ANN401 - the port's own
        for change in changes:
            assert self.texts.get(change.path) == change.before
            self.texts.pop(change.path, None)
            if change.after is not None:
                self.texts[change.path] = change.after


def _plan(tree: MemoryTree, services: str = SERVICES, choices: Choices | None = None) -> Plan:
    return generate.plan(_catalog(services), CONVENTIONS, tree, choices or Choices())


def _generate(tree: MemoryTree, services: str = SERVICES, choices: Choices | None = None) -> Plan:
    found = _plan(tree, services, choices)
    tree.write([*found.changes, *found.bookkeeping])
    return found


@pytest.fixture
def tree() -> MemoryTree:
    """Return a repository where everything was generated once."""
    made = MemoryTree()
    _generate(made)
    return made


def test_the_application_is_the_one_of_the_article(tree: MemoryTree) -> None:
    assert tree.texts["applications/payment-service-dev.yaml"] == snapshot("""\
apiVersion: argoproj.io/v1alpha1
kind: Application
metadata:
  name: payment-service-dev
  namespace: argocd
  labels:
    app.kubernetes.io/part-of: platform
    environment: dev
  annotations:
    # After ledger.
    argocd.argoproj.io/sync-wave: "1"
  # Deleting this Application deletes what it deployed.
  finalizers:
    - resources-finalizer.argocd.argoproj.io
spec:
  project: payments
  source:
    repoURL: https://github.com/acme/platform-manifests.git
    targetRevision: HEAD
    path: services/payment-service/overlays/dev
  destination:
    server: https://kubernetes.default.svc
    namespace: payments
  syncPolicy:
    automated:
      prune: true
      selfHeal: true
    syncOptions:
      - CreateNamespace=true
      - ServerSideApply=true
    retry:
      limit: 5
      backoff:
        duration: 5s
        factor: 2
        maxDuration: 3m
""")


def test_production_does_not_prune_and_waits_for_what_it_needs(tree: MemoryTree) -> None:
    assert tree.texts["applications/payment-service-production.yaml"] == snapshot("""\
apiVersion: argoproj.io/v1alpha1
kind: Application
metadata:
  name: payment-service-production
  namespace: argocd
  labels:
    app.kubernetes.io/part-of: platform
    environment: production
  annotations:
    # After ledger.
    argocd.argoproj.io/sync-wave: "1"
spec:
  project: payments
  source:
    repoURL: https://github.com/acme/platform-manifests.git
    targetRevision: HEAD
    path: services/payment-service/overlays/production
  destination:
    name: prod-eu
    namespace: payments
  syncPolicy:
    automated:
      prune: false
      selfHeal: true
    syncOptions:
      - CreateNamespace=true
      - ServerSideApply=true
    retry:
      limit: 5
      backoff:
        duration: 5s
        factor: 2
        maxDuration: 3m
""")


def test_the_project_permits_what_its_services_use(tree: MemoryTree) -> None:
    assert tree.texts["projects/payments.yaml"] == snapshot("""\
apiVersion: argoproj.io/v1alpha1
kind: AppProject
metadata:
  name: payments
  namespace: argocd
spec:
  description: What the services of payments in services.yaml use
  sourceRepos:
    - https://github.com/acme/platform-manifests.git
  destinations:
    - server: https://kubernetes.default.svc
      namespace: payments
    - name: prod-eu
      namespace: payments
  # CreateNamespace=true syncs the namespace as a resource, so it must be permitted.
  clusterResourceWhitelist:
    - group: ""
      kind: Namespace
      name: payments
  namespaceResourceWhitelist:
    - group: ""
      kind: ConfigMap
    - group: ""
      kind: Service
    - group: ""
      kind: ServiceAccount
    - group: apps
      kind: Deployment
    - group: networking.k8s.io
      kind: NetworkPolicy
    - group: policy
      kind: PodDisruptionBudget
""")


def test_every_file_is_one_yaml_document_with_keys_in_conventional_order(tree: MemoryTree) -> None:
    orders = {
        path: list(to_plain(node))[:2]
        for path, text in tree.texts.items()
        if path.endswith(".yaml") and (node := parse_one(text, path)) is not None
    }

    assert {path: ["apiVersion", "kind"] for path in orders} == orders
    assert len(orders) == len([path for path in tree.texts if path.endswith(".yaml")])


def test_production_without_a_digest_says_how_to_set_one(tree: MemoryTree) -> None:
    text = tree.texts["services/payment-service/overlays/production/kustomization.yaml"]

    assert text.splitlines()[-2:] == snapshot(
        [
            "  # No digest yet: add `digest: sha256:…` here, or under production in services.yaml.",
            "  - name: acme/payment-service",
        ]
    )


def test_staging_runs_as_many_replicas_as_production(tree: MemoryTree) -> None:
    staging = tree.texts[PATCH.replace("production", "staging")]

    assert staging == tree.texts[PATCH]
    assert "replicas: 5" in staging


def test_latest_is_written_only_where_nothing_comes_before(tree: MemoryTree) -> None:
    tagged = {path for path, text in tree.texts.items() if path.endswith(".yaml") and "latest" in text}

    expected = {f"services/{name}/overlays/dev/kustomization.yaml" for name in ("ledger", "payment-service")}
    assert tagged == expected


def test_a_second_run_has_nothing_to_do(tree: MemoryTree) -> None:
    found = _plan(tree)

    assert (found.changes, found.bookkeeping, found.unresolved, found.notes) == ((), (), (), ())


def test_a_hand_edit_survives_and_the_catalog_s_change_arrives(tree: MemoryTree) -> None:
    base = "services/payment-service/base/deployment.yaml"
    tree.texts[base] = tree.texts[base].replace("failureThreshold: 30", "failureThreshold: 90  # slow start")

    _generate(tree, SERVICES.replace("config:", "ports: {http: 9090}\n    config:", 1))

    assert "failureThreshold: 90  # slow start" in tree.texts[base]
    assert "containerPort: 9090" in tree.texts[base]


def test_a_conflict_leaves_the_file_alone_and_others_proceed(tree: MemoryTree) -> None:
    tree.texts[PATCH] = edited = tree.texts[PATCH].replace("replicas: 5", "replicas: 7")

    found = _generate(tree, SERVICES.replace("replicas: 5", "replicas: 6"))

    assert [(str(each.where), each.message, each.ours, each.theirs) for each in found.unresolved] == snapshot(
        [
            (
                "services/payment-service/overlays/production/replica-patch.yaml:6:13",
                "spec.replicas: changed on both sides",
                "7",
                "6",
            )
        ]
    )
    assert tree.texts[PATCH] == edited
    assert [change.path for change in found.changes] == [PATCH.replace("production", "staging")]


def test_a_conflict_is_reported_until_it_is_decided(tree: MemoryTree) -> None:
    tree.texts[PATCH] = tree.texts[PATCH].replace("replicas: 5", "replicas: 7")
    services = SERVICES.replace("replicas: 5", "replicas: 6")
    _generate(tree, services)

    assert len(_generate(tree, services).unresolved) == 1
    _generate(tree, services, Choices(keep=frozenset({PATCH})))
    after = _plan(tree, services)
    assert (after.unresolved, after.changes) == ((), ())
    assert "replicas: 7" in tree.texts[PATCH]


def test_replace_takes_the_generated_file(tree: MemoryTree) -> None:
    tree.texts[PATCH] = tree.texts[PATCH].replace("replicas: 5", "replicas: 7")

    _generate(tree, choices=Choices(replace=frozenset({PATCH})))

    assert "replicas: 5" in tree.texts[PATCH]


def test_a_file_that_was_never_generated_is_left_alone() -> None:
    tree = MemoryTree()
    tree.texts[PATCH] = "mine: true\n"

    found = _generate(tree)

    assert [(each.where.file, each.message) for each in found.unresolved] == [
        (PATCH, "exists and was not generated")
    ]
    assert tree.texts[PATCH] == "mine: true\n"


def test_adopting_keeps_such_files_and_merges_from_then_on() -> None:
    tree = MemoryTree()
    _generate(tree)
    del tree.texts[STATE]
    tree.texts[PATCH] = tree.texts[PATCH].replace("spec:", "# by hand\nspec:")

    _generate(tree, choices=Choices(adopt=True))
    _generate(tree, SERVICES.replace("replicas: 5", "replicas: 6"))

    assert "# by hand\nspec:\n  replicas: 6\n" in tree.texts[PATCH]


def test_an_identical_file_is_taken_over_without_a_question(tree: MemoryTree) -> None:
    before = dict(tree.texts)
    del tree.texts[STATE]

    assert _generate(tree).unresolved == ()
    assert tree.texts == before


def test_a_deleted_file_stays_deleted_until_it_is_asked_for(tree: MemoryTree) -> None:
    del tree.texts[PATCH]

    found = _generate(tree)
    assert [(note.path, note.message) for note in found.notes] == [
        (PATCH, "was deleted by hand and stays so; --recreate writes it again")
    ]
    assert PATCH not in tree.texts
    _generate(tree, choices=Choices(recreate=True))
    assert PATCH in tree.texts


def test_windows_line_breaks_count_as_no_edit(tree: MemoryTree) -> None:
    tree.texts[PATCH] = tree.texts[PATCH].replace("\n", "\r\n")

    _generate(tree, SERVICES.replace("replicas: 5", "replicas: 6"))

    assert "  replicas: 6\r\n" in tree.texts[PATCH]


LEDGER_ONLY = SERVICES[: SERVICES.index("  payment-service")]


def test_a_service_that_left_is_listed_with_what_its_removal_means(tree: MemoryTree) -> None:
    found = _plan(tree, LEDGER_ONLY)

    kinds = "ConfigMap, Deployment, NetworkPolicy, PodDisruptionBudget, Service, ServiceAccount"
    assert [(each.service, each.environment) for each in found.retired] == [
        ("payment-service", "dev"),
        ("payment-service", "production"),
        ("payment-service", "staging"),
    ]
    assert found.retired[0].warning == (
        f"Deleting Application payment-service-dev makes Argo CD delete {kinds} in namespace payments on "
        "https://kubernetes.default.svc: it has the finalizer resources-finalizer.argocd.argoproj.io."
    )
    assert found.retired[1].warning == (
        f"Deleting Application payment-service-production leaves {kinds} running in namespace payments on "
        "prod-eu, managed by nobody: it has no finalizer."
    )
    assert [change for change in found.changes if change.action == "delete"] == []


def test_prune_removes_a_service_that_left(tree: MemoryTree) -> None:
    _generate(tree, LEDGER_ONLY, Choices(prune=True))

    assert [path for path in tree.texts if "payment-service" in path] == []


def test_prune_leaves_what_was_edited_by_hand_unless_forced(tree: MemoryTree) -> None:
    tree.texts[PATCH] += "# why five: see the load test\n"

    found = _generate(tree, LEDGER_ONLY, Choices(prune=True))
    assert [each.where.file for each in found.unresolved] == [PATCH]
    assert PATCH in tree.texts
    _generate(tree, LEDGER_ONLY, Choices(prune=True, force=True))
    assert [path for path in tree.texts if "payment-service" in path] == []


def test_a_file_that_is_no_longer_needed_goes(tree: MemoryTree) -> None:
    path = "services/payment-service/overlays/production/config-patch.yaml"

    _generate(tree, SERVICES.replace(", config: {LOG: warn}", ""))

    assert path not in tree.texts


def test_one_environment_can_be_generated_without_touching_the_others(tree: MemoryTree) -> None:
    services = SERVICES.replace("replicas: 5", "replicas: 6").replace("LOG: info", "LOG: debug")

    found = _plan(tree, services, Choices(environments=frozenset({"production"})))

    assert [change.path for change in found.changes] == [PATCH]
    assert [note.path for note in found.notes] == ["services/payment-service/base/"]


def test_one_service_can_be_generated_without_touching_the_others() -> None:
    tree = MemoryTree()

    _generate(tree, choices=Choices(services=frozenset({"ledger"})))

    assert [path for path in tree.texts if "payment-service" in path] == []
    assert "services/ledger/base/deployment.yaml" in tree.texts


def test_an_unknown_service_is_named_with_the_nearest_one(tree: MemoryTree) -> None:
    with pytest.raises(UsageError) as wrong:
        _plan(tree, choices=Choices(services=frozenset({"ledgre"})))

    assert (wrong.value.message, wrong.value.hint) == (
        "no service is called 'ledgre'",
        "Did you mean `ledger`?",
    )


def test_deciding_for_a_file_that_is_not_generated_is_a_usage_error(tree: MemoryTree) -> None:
    with pytest.raises(UsageError, match="no file that is generated here"):
        _plan(tree, choices=Choices(keep=frozenset({"services.yaml"})))


@pytest.mark.parametrize(
    "text",
    [
        "{",
        "[]",
        '{"schema":"sealock/generated/v1","shared":{"a":1}}',
        '{"schema":"sealock/generated/v1","shared":{"../../etc/base/x.yaml":""}}',
        '{"schema":"sealock/generated/v1","shared":{"services.yaml":""}}',
        '{"schema":"sealock/generated/v1","shared":{"applications/../../x.yaml":""}}',
        '{"schema":"sealock/generated/v1","extra":true}',
        '{"schema":"sealock/generated/v9"}',
    ],
)
def test_a_corrupt_or_hostile_record_is_refused_by_name(tree: MemoryTree, text: str) -> None:
    tree.texts[STATE] = text

    with pytest.raises(ConfigurationError) as wrong:
        _plan(tree)

    assert (str(wrong.value.where), wrong.value.exit_code) == (STATE, 2)


def test_the_contract_holds_each_application_as_it_will_be(tree: MemoryTree) -> None:
    found = _plan(tree, SERVICES.replace("prod-eu", "prod-us"))

    text = generate.contract(found, tree)

    assert '"schema": "sealock/generate/v1"' in text
    assert "name: prod-us" in text
    assert text.count('"filename": "applications/') == 6


def test_an_autoscaled_environment_sets_no_replicas_and_another_removes_the_autoscaler() -> None:
    tree = MemoryTree()
    scaled = "  ledger:\n    autoscale: {min: 2, max: 6, cpu: 70}\n    dev: {autoscale: null}\n"

    _generate(tree, SERVICES.replace("  ledger:\n", scaled))

    production = tree.texts["services/ledger/overlays/production/replica-patch.yaml"]
    assert ("minReplicas: 2" in production, "\n  replicas:" in production) == (True, False)
    removal = tree.texts["services/ledger/overlays/dev/remove-autoscaler-patch.yaml"]
    assert removal.endswith("$patch: delete\n")


def test_names_that_yaml_would_read_as_something_else_are_quoted() -> None:
    tree = MemoryTree()

    _generate(tree, SERVICES.replace("namespace: payments", "namespace: 'on'"))

    text = tree.texts["services/ledger/overlays/dev/kustomization.yaml"]
    assert 'namespace: "on"\n' in text


def test_a_change_has_its_action() -> None:
    changes = [FileChange("a", None, ""), FileChange("a", "", None), FileChange("a", "", "x")]

    assert [change.action for change in changes] == ["create", "delete", "update"]
