"""Sync policies, sources, and the generators of ApplicationSets."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import pytest
from msgspec.structs import replace
from tests.fakes.argocd_views import SETTINGS, application, config, declared, messages, overlay, repository

from sealock.domain.catalog import SyncPolicy
from sealock.domain.settings import Environment
from sealock.rules.argocd import (
    chart_without_target_revision,
    matrix_without_need,
    production_cascade_finalizer,
    prune_off_with_hashed_generators,
    replace_with_server_side_apply,
    rolling_sync_with_automation,
    source_beside_sources,
    sync_policy_contradicts_environment,
    unknown_sync_option,
)

if TYPE_CHECKING:
    from sealock.domain.settings import Settings
    from sealock.rules.view import OverlayView

HASHED = "{apiVersion: v1, kind: ConfigMap, metadata: {name: c-2748f727mg, annotations: ANNOTATIONS}}"


def generated(annotations: str = "{}", generator: str = "configMapGenerator") -> OverlayView:
    return overlay("a", HASHED.replace("ANNOTATIONS", annotations), generator=generator)


@pytest.mark.parametrize(
    ("policy", "made"),
    [
        ("{}", generated()),
        ("{automated: {enabled: false}}", generated()),
        ("{automated: {prune: true}}", generated()),
        ("{automated: {}}", generated("{argocd.argoproj.io/compare-options: IgnoreExtraneous}")),
        ("{automated: {}}", generated(generator="")),
        (
            "{automated: {prune: true}, syncOptions: [Prune=false]}",
            generated("{argocd.argoproj.io/sync-options: Prune=true}"),
        ),
    ],
)
def test_generated_objects_that_are_pruned_or_ignored_or_synced_by_hand_are_fine(
    policy: str, made: OverlayView
) -> None:
    one = application("one", f"{{syncPolicy: {policy}}}", path="a")
    assert messages(prune_off_with_hashed_generators, one, made) == []


@pytest.mark.parametrize(
    ("policy", "made"),
    [
        ("{automated: {}}", generated()),
        ("{automated: {prune: true}, syncOptions: [Prune=false]}", generated()),
        ("{automated: {prune: true}}", generated("{argocd.argoproj.io/sync-options: Prune=false}")),
        ("{automated: {}}", generated("{argocd.argoproj.io/compare-options: IgnoreExtraneous=true}")),
    ],
)
def test_generated_objects_that_stay_are_reported(policy: str, made: OverlayView) -> None:
    one = application("one", f"{{syncPolicy: {policy}}}", path="a")
    assert len(messages(prune_off_with_hashed_generators, one, made)) == 1


def settings_with(name: str, *, production: bool = False, **origins: str) -> Settings:
    """Return settings that say something about one environment; automated sync, healing, no pruning."""
    cascade = "resources-finalizer.argocd.argoproj.io"
    policy = SyncPolicy("automated", prune=False, self_heal=True, finalizer=cascade)
    known = {"sync": "default: x", "cluster": "default: x", "finalizer": "default: x", **origins}
    return replace(
        SETTINGS, environments={name: Environment(name, (), production, "", "", policy, (), known)}
    )


def test_defaults_contradict_nobody() -> None:
    one = application("one", "{syncPolicy: {automated: {prune: true}}}", path="x/overlays/dev")
    assert messages(sync_policy_contradicts_environment, one, settings=settings_with("dev")) == []


def test_what_the_settings_say_counts_in_both_directions() -> None:
    one = application("one", "{syncPolicy: {automated: {prune: true}}}", path="x/overlays/dev")
    said = settings_with("dev", prune="sealock.yaml:3:9", selfHeal="sealock.yaml:4:9")
    assert messages(sync_policy_contradicts_environment, one, settings=said) == [
        "the Application has no `selfHeal`; sealock.yaml says for dev `selfHeal: true`",
        "the Application has `prune: true`; sealock.yaml says for dev `prune: false`",
    ]


def test_pruning_in_production_has_its_own_rule() -> None:
    one = application("one", "{syncPolicy: {automated: {prune: true}}}", path="x/overlays/production")
    said = settings_with("production", production=True, prune="sealock.yaml:3:9")
    assert messages(sync_policy_contradicts_environment, one, settings=said) == []


def test_an_application_synced_by_hand_contradicts_automatic_sync() -> None:
    one = application("one", "{syncPolicy: {}}", path="x/overlays/dev")
    said = settings_with("dev", sync="sealock.yaml:3:9")
    assert messages(sync_policy_contradicts_environment, one, settings=said) == [
        "the Application is synced by hand; sealock.yaml says for dev `sync: auto`"
    ]


@pytest.mark.parametrize(
    "catalog",
    [
        "services: {one: {dev: {prune: true}}}",
        "services: [{name: one, dev: {prune: true}}]",
        "services: {one: }\ndefaults: {dev: {prune: true}}",
    ],
)
def test_what_the_catalog_says_for_the_service_goes_first(catalog: str) -> None:
    one = application(
        "one-dev", "{syncPolicy: {automated: {prune: true, selfHeal: true}}}", path="x/overlays/dev"
    )
    said = settings_with("dev", prune="sealock.yaml:3:9")
    texts = {"services.yaml": catalog}
    assert len(messages(sync_policy_contradicts_environment, one, settings=said)) == 1
    assert messages(sync_policy_contradicts_environment, one, settings=said, texts=texts) == []


FINALIZER = "finalizers: [resources-finalizer.argocd.argoproj.io/foreground]"


def test_a_finalizer_in_production_is_fine_where_somebody_asked_for_it() -> None:
    one = application("one", "{}", path="x/overlays/production", metadata=FINALIZER)
    chosen = settings_with("production", production=True, finalizer="sealock.yaml:3:9")
    texts = {"services.yaml": "services: {one: {production: {finalizer: foreground}}}"}
    named = application("one-production", "{}", path="x/overlays/production", metadata=FINALIZER)
    assert len(messages(production_cascade_finalizer, one)) == 1
    assert messages(production_cascade_finalizer, one, settings=chosen) == []
    assert messages(production_cascade_finalizer, named, texts=texts) == []


def test_replacing_one_object_of_an_application_that_applies_on_the_server_is_fine() -> None:
    one = application("one", "{syncPolicy: {syncOptions: [ServerSideApply=true]}}")
    made = overlay("a", config("{argocd.argoproj.io/sync-options: Replace=true}"))
    assert messages(replace_with_server_side_apply, one, made) == []


def test_the_hydrator_hides_every_other_source() -> None:
    one = application(
        "one", "{sourceHydrator: {drySource: {path: a}}, sources: [{path: b}], source: {path: c}}"
    )
    assert messages(source_beside_sources, one) == [
        "Argo CD ignores `sources`, because there is `sourceHydrator`",
        "Argo CD ignores `source`, because there is `sourceHydrator`",
    ]


def test_each_chart_of_several_sources_needs_a_version() -> None:
    one = application("one", "{sources: [{chart: a}, {chart: b, targetRevision: 1.0.0}, {path: c}]}")
    assert messages(chart_without_target_revision, one) == ["the chart `a` has no `targetRevision`"]


def lists(*sizes: int) -> str:
    elements = ({"list": {"elements": [{"n": each} for each in range(size)]}} for size in sizes)
    return msgspec.json.encode(list(elements)).decode()


@pytest.mark.parametrize(
    "generators",
    [
        # Too many to write out.
        f"[{{matrix: {{generators: {lists(4, 5)}}}}}]",
        # Something is looked up.
        "[{matrix: {generators: [{git: {}}, {list: {elements: [{a: 1}, {a: 2}]}}]}}]",
        "[{matrix: {generators: [{git: {}}, {clusters: {}}]}}]",
        "[{matrix: {generators: [{git: {}}, {list: {elementsYaml: '{{.x}}', elements: []}}]}}]",
        "[{merge: {mergeKeys: [a], generators: [{clusters: {}}, {list: {elements: [{a: 1}]}}]}}]",
        "[{list: {elements: [{a: 1}]}}]",
    ],
)
def test_generators_with_a_need_are_left_alone(generators: str) -> None:
    assert messages(matrix_without_need, declared("ApplicationSet", f"generators: {generators}")) == []


@pytest.mark.parametrize(
    ("generators", "expected"),
    [
        (
            f"[{{matrix: {{generators: {lists(3, 4)}}}}}]",
            "this matrix of lists makes 12 Applications, known beforehand",
        ),
        (
            f"[{{merge: {{mergeKeys: [n], generators: {lists(3, 2)}}}}}]",
            "this merge of lists makes 3 Applications, known beforehand",
        ),
        (
            "[{matrix: {generators: [{git: {}}, {list: {elements: [{a: 1}]}}]}}]",
            "one side of this matrix is a list of one element: its values belong into the template",
        ),
        (
            f"[{{matrix: {{generators: [{{matrix: {{generators: {lists(2, 2)}}}}}, {lists(2)[1:-1]}]}}}}]",
            "this matrix of lists makes 8 Applications, known beforehand",
        ),
    ],
)
def test_generators_of_what_is_known_are_reported(generators: str, expected: str) -> None:
    found = messages(matrix_without_need, declared("ApplicationSet", f"generators: {generators}"))
    assert found == [expected]


@pytest.mark.parametrize(
    ("automated", "expected"),
    [
        ("{}", ["`automated` does nothing: RollingSync switches automatic sync off in every Application"]),
        ("{prune: true}", []),
        ("{enabled: false, selfHeal: true}", []),
        (
            "{prune: true, selfHeal: true}",
            ["`selfHeal: true` does nothing: RollingSync switches automatic sync off in every Application"],
        ),
    ],
)
def test_a_rolling_sync_takes_over_pruning_only(automated: str, expected: list[str]) -> None:
    template = f"{{spec: {{syncPolicy: {{automated: {automated}}}}}}}"
    rolling = declared("ApplicationSet", f"strategy: {{type: RollingSync}}\ntemplate: {template}")
    assert messages(rolling_sync_with_automation, rolling) == expected
    at_once = declared("ApplicationSet", f"template: {template}")
    assert messages(rolling_sync_with_automation, at_once) == []


@pytest.mark.parametrize(("version", "expected"), [((3, 3), 1), ((3, 4), 0), ((3, 5), 0)])
def test_pruning_options_of_a_whole_application_came_with_argo_cd_3_4(
    version: tuple[int, int], expected: int
) -> None:
    one = application("one", "{syncPolicy: {syncOptions: [Prune=confirm]}}")
    view = replace(repository(one), argocd=version)
    assert len(list(unknown_sync_option.check(view))) == expected


@pytest.mark.parametrize(
    ("option", "expected"),
    [
        ("IgnoreExtraneous", "It is a compare option: annotate with"),
        ("CreateNamespace=true", "It is for Applications: write it under"),
        ("Prune=True", "Did you mean `Prune=true`?"),
    ],
)
def test_a_misplaced_sync_option_is_told_its_place(option: str, expected: str) -> None:
    made = overlay("a", config(f"{{argocd.argoproj.io/sync-options: {option}}}"))
    (found,) = unknown_sync_option.check(repository(made))
    assert found.fix is not None
    assert found.fix.title.startswith(expected)
