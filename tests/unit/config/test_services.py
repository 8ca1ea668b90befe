import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from inline_snapshot import snapshot

from sealock.config import services, settings
from sealock.domain.catalog import Autoscale, Catalog, Deployment, Destination, Resources, Service
from sealock.domain.image import Digest, ImageRef
from sealock.errors import ConfigurationError, UsageError

DIGEST = "sha256:" + "a" * 64
TOP = "repository: https://github.com/acme/platform-manifests.git\nservices:\n"


def load(text: str, configured: str = "") -> Catalog:
    return services.load(text, "services.yaml", settings.load(configured))


def one(body: str, configured: str = "") -> Service:
    return next(iter(load(TOP + body, configured).services.values()))


def production(body: str, configured: str = "") -> Deployment:
    return one(body, configured).deployments["production"]


def faults(text: str, configured: str = "") -> list[str]:
    with pytest.raises(ConfigurationError) as caught:
        load(text, configured)
    found = caught.value.problems or (caught.value,)
    return [f"{each.where}: {each.message} | {each.hint}" for each in found]


def test_the_articles_entry_suffices() -> None:
    text = """services:
  payment-service:
    repository: https://github.com/acme/platform-manifests.git
    path: services/payment-service
    namespace: payments
    cluster: in-cluster
"""
    found = load(text).services["payment-service"]
    assert (found.namespace, found.path, found.project, found.part_of, found.revision) == (
        "payments",
        "services/payment-service",
        "default",
        "platform",
        "HEAD",
    )
    assert (found.image_name, found.ports, found.wave) == ("acme/payment-service", {"http": 8080}, 0)
    dev, staging, live = found.deployments.values()
    assert dev.destination == Destination(server="https://kubernetes.default.svc")
    assert (dev.replicas, staging.replicas, live.replicas) == (1, 2, 2)
    assert [each.image.tag for each in found.deployments.values()] == ["latest", None, None]


def test_a_name_alone_is_a_service() -> None:
    found = one("  ledger:\n")
    assert (found.name, found.namespace, found.path) == ("ledger", "ledger", "services/ledger")


def test_a_list_of_services_is_read_as_well() -> None:
    text = "repo: git@github.com:Acme/x.git\nservices:\n- name: a\n  needs: [b]\n- name: b\n"
    found = load(text).services
    assert [(each.name, each.wave, each.image_name) for each in found.values()] == [
        ("a", 1, "acme/a"),
        ("b", 0, "acme/b"),
    ]


@pytest.mark.parametrize(
    ("cluster", "destination"),
    [
        ("in-cluster", Destination(server="https://kubernetes.default.svc")),
        ("prod-eu", Destination(name="prod-eu")),
        ("https://10.0.0.1:6443", Destination(server="https://10.0.0.1:6443")),
        ("arn:aws:eks:eu-west-1:1:cluster/x", Destination(name="arn:aws:eks:eu-west-1:1:cluster/x")),
    ],
)
def test_a_cluster_is_a_name_or_a_server(cluster: str, destination: Destination) -> None:
    assert production(f"  a: {{cluster: '{cluster}'}}\n").destination == destination


def test_the_more_specific_layer_wins() -> None:
    text = """repository: https://github.com/acme/x.git
defaults:
  namespace: shared
  replicas: 3
  production: {replicas: 7, cluster: eu}
services:
  plain: {}
  own: {namespace: mine, replicas: 4}
  over: {replicas: 4, production: {replicas: 9, cluster: us}}
"""
    found = load(text, "environments: {dev: {cluster: lab}, production: {after: dev}}\n").services
    assert [(each.namespace, each.deployments["production"].replicas) for each in found.values()] == [
        ("shared", 7),
        ("mine", 4),
        ("shared", 9),
    ]
    assert [each.deployments["production"].destination.name for each in found.values()] == ["eu", "eu", "us"]
    assert found["over"].deployments["dev"].destination.name == "lab"


def test_staging_has_the_replicas_and_autoscaling_of_production() -> None:
    body = "  a:\n    replicas: 2\n    production: {replicas: 5, autoscale: {min: 5, max: 9}}\n"
    found = one(body).deployments
    assert {name: each.replicas for name, each in found.items()} == {"dev": 2, "staging": 5, "production": 5}
    assert found["staging"].autoscale == Autoscale(5, 9, 80)
    assert found["dev"].autoscale is None


def test_staging_may_say_its_own_replicas() -> None:
    body = "  a:\n    staging: {replicas: 1}\n    production: {replicas: 5}\n"
    assert one(body).deployments["staging"].replicas == 1


def test_null_switches_autoscaling_off() -> None:
    body = "  a:\n    autoscale: {min: 1, max: 3, cpu: 60}\n    dev: {autoscale: null}\n"
    found = one(body).deployments
    assert (found["dev"].autoscale, found["production"].autoscale) == (None, Autoscale(1, 3, 60))


def test_resources_merge_amount_by_amount() -> None:
    body = "  a:\n    resources: {requests: {cpu: 500m, memory: 1Gi}}\n"
    body += "    production: {resources: {limits: {cpu: 2}}}\n"
    assert production(body).resources == Resources("500m", "1Gi", "2", "1Gi")


def test_a_missing_request_is_as_its_limit() -> None:
    assert production("  a: {resources: {limits: {memory: 64Mi}}}\n").resources == Resources(
        "100m", "64Mi", "500m", "64Mi"
    )


def test_config_merges_key_by_key_and_keeps_its_text() -> None:
    body = "  a:\n    config: {A: 1.10, B: on, C: true}\n    production: {config: {B: 'off', D: 0777}}\n"
    found = one(body)
    assert found.config == {"A": "1.10", "B": "on", "C": "true"}
    assert found.deployments["production"].config == {"A": "1.10", "B": "off", "C": "true", "D": "0777"}


def test_tag_and_digest_come_from_one_layer() -> None:
    body = "  a:\n    image: ghcr.io/acme/a:1.10\n    dev: {tag: 2.10}\n"
    body += f"    production: {{digest: '{DIGEST}'}}\n"
    found = {name: str(each.image) for name, each in one(body).deployments.items()}
    assert found == {
        "dev": "ghcr.io/acme/a:2.10",
        "staging": "ghcr.io/acme/a:1.10",
        "production": f"ghcr.io/acme/a@{DIGEST}",
    }
    both = production(f"  a: {{production: {{image: 'b:1@{DIGEST}'}}}}\n").image
    assert both == ImageRef("b", "1", Digest(DIGEST))


def test_a_service_can_choose_its_sync() -> None:
    found = production("  a: {production: {sync: manual, finalizer: background}}\n").sync
    assert (found.mode, found.prune, found.self_heal) == ("manual", False, False)
    assert found.finalizer == "resources-finalizer.argocd.argoproj.io/background"


def test_a_service_that_syncs_by_itself_where_others_do_not_gets_the_usual_options() -> None:
    configured = (
        "environments: {dev: {sync: manual}, production: {after: dev, sync: manual, selfHeal: false}}\n"
    )
    found = one("  a: {dev: {sync: auto}, production: {sync: auto}}\n", configured).deployments
    assert [(each.sync.prune, each.sync.self_heal) for each in found.values()] == [
        (True, True),
        (False, False),
    ]


def test_manual_sync_of_a_service_overrules_pruning_by_default() -> None:
    text = TOP.replace("services:", "defaults: {dev: {prune: true}}\nservices:")
    found = load(text + "  a: {dev: {sync: manual}}\n  b: {}\n").services
    assert [each.deployments["dev"].sync.prune for each in found.values()] == [False, True]


def test_explain_says_that_manual_sync_neither_prunes_nor_heals() -> None:
    text = TOP + "  a: {dev: {sync: manual}}\n"
    explained = services.explain(services.read(text, "services.yaml", settings.load("")), "a")
    found = {each.field: (each.value, each.source) for each in explained if each.environment == "dev"}
    assert (found["sync"], found["prune"], found["selfHeal"]) == (
        ("manual", "services.yaml:3:19"),
        ("false", "default: not production, manual sync"),
        ("false", "default: not production, manual sync"),
    )


def test_foreign_text_in_a_message_cannot_steer_the_terminal() -> None:
    text = TOP + '  a: {needs: ["b\\e[2J"], "x\\e[31m": 1}\n'
    found = "\n".join(faults(text))
    assert "\x1b" not in found
    assert found.count("\\x1b") == 3


def test_waves_follow_needs() -> None:
    body = "  web: {needs: [api, ledger]}\n  api: {needs: [ledger]}\n  ledger: {}\n"
    assert {name: each.wave for name, each in load(TOP + body).services.items()} == {
        "web": 2,
        "api": 1,
        "ledger": 0,
    }


def test_every_fault_of_the_file_is_reported_at_once() -> None:
    text = """repository: https://github.com/acme/x.git
default: {}
services:
  a: {path: ../x, namspace: y, prodction: {replicas: 3}, needs: [b, ledgr], tag: 1.0, image: "x:1"}
  b: {needs: [ledger], ports: {http: 0, x: 70000}, production: {resources: {requests: {memory: 5X}}}}
  ledger: {needs: [b, b], replicas: many, production: {sync: manual, prune: true}}
  b: !mine {}
"""
    assert faults(text) == snapshot(
        [
            "services.yaml:2:1: unknown key `default` | Did you mean `defaults`?",
            (
                "services.yaml:4:13: expected a path inside the repository "
                '(relative, with /, without .. or .git), found "../x" | '
            ),
            "services.yaml:4:19: unknown key `namspace` | Did you mean `namespace`?",
            "services.yaml:4:32: unknown key `prodction` | Did you mean `production`?",
            "services.yaml:4:69: unknown service `ledgr` | Did you mean `ledger`?",
            "services.yaml:4:77: `image` already has a tag | Write the tag once.",
            "services.yaml:5:14: services need each other: b → ledger → b | Remove one of these needs.",
            "services.yaml:5:38: expected a whole number from 1 to 65535, found the number 0 | ",
            "services.yaml:5:44: expected a whole number from 1 to 65535, found the number 70000 | ",
            'services.yaml:5:96: expected a memory quantity such as 512Mi or 2Gi, found "5X" | ',
            "services.yaml:6:20: `b` is needed twice | Keep one.",
            'services.yaml:6:37: expected a whole number from 0 to 100000, found "many" | ',
            "services.yaml:6:70: `prune` has no effect with `sync: manual` | Remove one of the two.",
            "services.yaml:7:3: key 'b' stands twice, first at line 5, column 3 | Keep one of the two.",
            (
                "services.yaml:7:6: tag !mine is not allowed | "
                "Remove the tag; quote the value if it must be text."
            ),
        ]
    )


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", "services.yaml:1:1: the file is empty"),
        ("repository: https://x.org/a/b\n", "services.yaml:1:1: `services` is missing"),
        ("services: {a: {}, b: {}}\n", "services.yaml:1:12: no repository is known for a, b"),
        (TOP + "- name: a\n- name: a\n", "services.yaml:4:9: service `a` stands twice, first at line 3"),
        (TOP + "- needs: []\n", "services.yaml:3:3: `name` is missing"),
        (TOP + "  a: {}\n  a: {}\n", "services.yaml:4:3: key 'a' stands twice, first at line 3"),
        (TOP + "  Pay: {}\n", "services.yaml:3:3: expected a DNS label"),
        (TOP + "  7up: {}\n", "services.yaml:3:3: expected a DNS label"),
        (TOP + f"  {'a' * 53}: {{}}\n", "services.yaml:3:3: the Application's name 'aaa"),
        (TOP + "  a: {namespace: Pay}\n", "services.yaml:3:18: expected a DNS-1123 label"),
        (TOP + '  a: {namespace: "x\\n"}\n', "services.yaml:3:18: expected a DNS-1123 label"),
        (
            TOP + "  a: {path: x}\n  b: {path: ./X/}\n",
            "services.yaml:4:13: path 'X' is also the path of service `a`",
        ),
        (
            TOP + "  a: {path: x/y/z}\n  b: {path: x}\n",
            "services.yaml:3:13: path 'x/y/z' lies inside the path of",
        ),
        (TOP + "  a: {needs: [a]}\n", "services.yaml:3:14: services need each other: a → a"),
        (TOP + "  a: {ports: {}}\n", "services.yaml:3:14: expected a mapping that is not empty"),
        (TOP + "  a: {ports: {x: 80, y: 80}}\n", "services.yaml:3:25: ports `x` and `y` are both 80"),
        (TOP + "  a: {ports: {HTTP: 80}}\n", "services.yaml:3:15: expected a port name"),
        (TOP + "  a: {user: 0}\n", "services.yaml:3:13: expected a whole number from 1"),
        (TOP + "  a: {autoscale: {min: 3, max: 2}}\n", "services.yaml:3:18: autoscale min 3 is over max 2"),
        (TOP + "  a: {image: 'x@sha256:12'}\n", "services.yaml:3:14: expected an image"),
        (
            TOP + f"  a: {{image: 'x@{DIGEST}', digest: '{DIGEST}'}}\n",
            "services.yaml:3:91: `image` already has a digest",
        ),
        (
            TOP + "  a: {repo: https://x.org/a/b, repository: https://x.org/a/b}\n",
            "services.yaml:3:7: `repo` and `repo",
        ),
        (
            TOP + "  a: {resources: {requests: {cpu: 2}, limits: {cpu: 500m}}}\n",
            "services.yaml:3:53: cpu request 2 (services.yaml:3:35) is over its limit 500m",
        ),
        (
            TOP + "  a: {resources: {requests: {memory: 500m}}}\n",
            "services.yaml:3:38: expected a memory quantity",
        ),
        (TOP + "  a: {cluster: {name: x, server: 'https://y'}}\n", "services.yaml:3:16: expected a cluster"),
        (TOP + "  a: {cluster: 'x=https://y'}\n", "services.yaml:3:16: expected a cluster"),
        (TOP + "  a: {config: {A: [1]}}\n", "services.yaml:3:19: expected text, found a list"),
        (TOP + "  a: !ruby/object {}\n", "services.yaml:3:6: tag !ruby/object is not allowed"),
    ],
)
def test_a_fault_names_its_place(text: str, fault: str) -> None:
    (found,) = faults(text)
    assert found.startswith(fault)


def test_a_wrong_path_is_one_fault_and_not_a_clash_of_its_default_too() -> None:
    assert len(faults(TOP + "  a: {path: ../x}\n  b: {path: services/a}\n")) == 1


@pytest.mark.parametrize(
    "path",
    ["/etc", "../x", "a/../b", "a/..", ".", "a//b", "a\\b", ".git", "a/.git/hooks", "", "a b", "~/x", "a\n"],
)
def test_a_path_outside_the_repository_is_refused(path: str) -> None:
    (found,) = faults(TOP + f"  a: {{path: {_quoted(path)}}}\n")
    assert "expected a path inside the repository" in found


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace("\n", "\\n") + '"'


def test_two_services_must_not_share_an_application() -> None:
    configured = "environments: {prod: {}, eu-prod: {}}\n"
    assert faults(TOP + "  pay: {}\n  pay-eu: {}\n", configured) == snapshot(
        [
            (
                "services.yaml:4:3: services `pay` and `pay-eu` would both have an Application "
                "'pay-eu-prod' | Rename one of them."
            )
        ]
    )


def test_a_password_in_a_url_is_refused_and_not_shown() -> None:
    (found,) = faults("repository: https://me:s3cret@x.org/a/b\nservices: {}\n")
    assert "without a password" in found
    assert "s3cret" not in found


def test_explain_names_the_source_of_every_value() -> None:
    text = """repository: https://github.com/acme/x.git
defaults: {config: {LOG: info}}
services:
  pay:
    image: ghcr.io/acme/pay:1.4
    production:
      replicas: 5
      resources: {limits: {cpu: 2}}
"""
    found = services.explain(services.read(text, "services.yaml", settings.load("")), "pay")
    shown = {f"{each.environment}/{each.field}": f"{each.value} <- {each.source}" for each in found}
    picked = (
        "/namespace",
        "/repository",
        "/config.LOG",
        "dev/replicas",
        "staging/replicas",
        "production/replicas",
        "production/resources.requests.cpu",
        "production/resources.limits.cpu",
        "production/tag",
        "production/cluster",
        "production/prune",
    )
    assert {key: shown[key] for key in picked} == snapshot(
        {
            "/namespace": "pay <- default: the service's name",
            "/repository": "https://github.com/acme/x.git <- services.yaml:1:13",
            "/config.LOG": "info <- services.yaml:2:26",
            "dev/replicas": "1 <- default: not production",
            "staging/replicas": "5 <- services.yaml:7:17 (as production)",
            "production/replicas": "5 <- services.yaml:7:17",
            "production/resources.requests.cpu": "2 <- default: as its limit",
            "production/resources.limits.cpu": "2 <- services.yaml:8:33",
            "production/tag": "1.4 <- services.yaml:5:12",
            "production/cluster": "in-cluster <- default: the cluster that Argo CD runs in",
            "production/prune": "false <- default: production, auto sync",
        }
    )


def test_explaining_an_unknown_service_suggests_a_known_one() -> None:
    inputs = services.read(TOP + "  payments: {}\n", "services.yaml", settings.load(""))
    with pytest.raises(UsageError) as caught:
        services.explain(inputs, "payment")
    assert caught.value.hint == "Did you mean `payments`?"


_REPLICAS = st.none() | st.integers(0, 9)


@given(_REPLICAS, _REPLICAS, _REPLICAS, _REPLICAS)
def test_explain_and_catalog_never_disagree(
    defaults: int | None, own: int | None, staging: int | None, live: int | None
) -> None:
    def says(value: int | None) -> str:
        return "{}" if value is None else f"{{replicas: {value}}}"

    text = f"""repository: https://github.com/acme/x.git
defaults: {says(defaults)}
services:
  a:
    {"" if own is None else f"replicas: {own}"}
    staging: {says(staging)}
    production: {says(live)}
"""
    inputs = services.read(text, "services.yaml", settings.load(""))
    deployments = services.resolve(inputs).services["a"].deployments
    explained = {each.environment: each for each in services.explain(inputs, "a") if each.field == "replicas"}
    assert {name: str(each.replicas) for name, each in deployments.items()} == {
        name: each.value for name, each in explained.items()
    }
    lines = text.splitlines()
    for each in explained.values():
        if each.source.startswith("services.yaml"):
            _, line, column = each.source.split(" ")[0].split(":")
            assert lines[int(line) - 1][int(column) - 1 :].startswith(each.value)


def test_five_hundred_services_load_fast() -> None:
    entry = (
        "    image: ghcr.io/acme/svc-{0}:1.2\n    ports: {{http: 8080}}\n    config: {{A: b}}\n"
        "    production: {{cluster: eu, replicas: 5, resources: {{requests: {{cpu: 500m}}}}}}\n"
    )
    text = TOP + "".join(f"  svc-{n}:\n{entry.format(n)}" for n in range(500))
    configured = settings.load("")
    start = time.process_time()
    found = services.load(text, "services.yaml", configured)
    spent = time.process_time() - start
    assert (len(found.services), found.services["svc-9"].deployments["staging"].replicas) == (500, 5)
    # 0.18 s where it was measured; the bound is for a slower machine, and still fails what is quadratic.
    assert spent < 1.0
