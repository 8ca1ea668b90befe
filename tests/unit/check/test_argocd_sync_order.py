"""Sync waves, hooks, and what has to come first."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from msgspec.structs import replace
from tests.fakes.argocd_views import SETTINGS, WAVE, application, config, messages, overlay

from sealock.rules.argocd import (
    missing_sync_wave,
    sync_wave_not_integer,
    unknown_compare_option,
    unknown_hook,
    wave_cannot_wait,
)
from sealock.rules.argocd.sync_order import Moment, moments, wave

if TYPE_CHECKING:
    from sealock.rules.view import ApplicationView, OverlayView


def waved(name: str, number: str, folder: str = "apps") -> ApplicationView:
    return application(name, "{}", folder=folder, metadata=f'annotations: {{{WAVE}: "{number}"}}')


def parent(path: str, *, recurse: bool = False) -> ApplicationView:
    spec = f"source: {{path: {path}, directory: {{recurse: {str(recurse).lower()}}}}}"
    return application("root", spec, path=path, folder="bootstrap")


def test_waves_of_applications_that_nothing_deploys_are_left_alone() -> None:
    assert messages(wave_cannot_wait, waved("a", "0"), waved("b", "1")) == []


def test_one_wave_for_all_is_left_alone() -> None:
    assert messages(wave_cannot_wait, parent("apps"), waved("a", "1"), waved("b", "1")) == []


def test_each_wave_but_the_last_is_reported() -> None:
    found = messages(wave_cannot_wait, parent("apps"), waved("a", "1"), waved("b", "2"), waved("c", "3"))
    assert [each.split(":")[0] for each in found] == [
        "nothing waits for Application a of wave 1",
        "nothing waits for Application b of wave 2",
    ]


def test_folders_below_count_where_the_source_says_so() -> None:
    inside = (waved("a", "1", "apps/eu"), waved("b", "2", "apps/eu"))
    assert messages(wave_cannot_wait, parent("apps"), *inside) == []
    assert len(messages(wave_cannot_wait, parent("apps", recurse=True), *inside)) == 1
    assert len(messages(wave_cannot_wait, parent(".", recurse=True), *inside)) == 1


@pytest.mark.parametrize(
    "text",
    [
        "data:\n  resource.customizations.health.argoproj.io_Application: |\n    return hs\n",
        "data:\n  resource.customizations: |\n    argoproj.io/Application:\n      health.lua: |\n",
        "configs:\n  cm:\n    resource.customizations.health.argoproj.io_*: |\n",
    ],
)
def test_a_health_check_in_any_file_is_enough(text: str) -> None:
    things = (parent("apps"), waved("a", "1"), waved("b", "2"))
    assert messages(wave_cannot_wait, *things, texts={"argocd/values.yaml": text}) == []


def test_a_health_check_of_another_kind_is_not() -> None:
    text = "data:\n  resource.customizations.health.argoproj.io_Rollout: |\n"
    things = (parent("apps"), waved("a", "1"), waved("b", "2"))
    assert len(messages(wave_cannot_wait, *things, texts={"argocd/cm.yaml": text})) == 1


@pytest.mark.parametrize("pattern", ["argoproj.io/Application", "argoproj.io/*", "*/*"])
def test_the_settings_may_name_the_health_check(pattern: str) -> None:
    settings = replace(SETTINGS, health_overrides=(pattern,))
    things = (parent("apps"), waved("a", "1"), waved("b", "2"))
    assert messages(wave_cannot_wait, *things, settings=settings) == []


@pytest.mark.parametrize("value", ["0", "-1", "+3", "007"])
def test_integers_as_go_reads_them_are_waves(value: str) -> None:
    assert messages(sync_wave_not_integer, waved("a", value)) == []


@pytest.mark.parametrize("value", ["1.0", " 1", "one", "", "1_000", "0x1", "\u0661"])
def test_what_go_does_not_read_is_no_wave(value: str) -> None:
    assert len(messages(sync_wave_not_integer, waved("a", value))) == 1


def annotated(**annotations: str) -> dict[str, Any]:
    names = {
        "wave": WAVE,
        "hook": "argocd.argoproj.io/hook",
        "helm": "helm.sh/hook",
        "weight": "helm.sh/hook-weight",
    }
    return {"metadata": {"annotations": {names[key]: value for key, value in annotations.items()}}}


@pytest.mark.parametrize(
    ("manifest", "expected"),
    [
        ({}, [Moment(1, 0)]),
        (annotated(wave="-2"), [Moment(1, -2)]),
        (annotated(hook="PostSync,PreSync"), [Moment(0, 0), Moment(2, 0)]),
        (annotated(helm="pre-install,pre-upgrade", weight="3"), [Moment(0, 3)]),
        (annotated(hook="Skip"), []),
        (annotated(hook="PostDelete"), []),
        (annotated(helm="test"), []),
    ],
)
def test_hooks_and_waves_say_when_an_object_is_applied(
    manifest: dict[str, Any], expected: list[Moment]
) -> None:
    assert expected == moments(manifest)


def test_a_wave_that_cannot_be_read_is_helms_weight() -> None:
    assert wave(annotated(wave="first", weight="7")) == 7


def job(annotations: str, pod: str) -> str:
    return f"""
apiVersion: batch/v1
kind: Job
metadata: {{name: migrate, annotations: {annotations}}}
spec: {{template: {{spec: {pod}}}}}
"""


PRE_SYNC = "{argocd.argoproj.io/hook: PreSync}"


@pytest.mark.parametrize(
    ("kind", "pod"),
    [
        ("ConfigMap", "{containers: [{envFrom: [{configMapRef: {name: c}}]}]}"),
        ("ConfigMap", "{containers: [{env: [{valueFrom: {configMapKeyRef: {name: c}}}]}]}"),
        ("ConfigMap", "{volumes: [{configMap: {name: c}}]}"),
        ("ConfigMap", "{volumes: [{projected: {sources: [{configMap: {name: c}}]}}]}"),
        ("Secret", "{volumes: [{secret: {secretName: c}}]}"),
        ("Secret", "{initContainers: [{env: [{valueFrom: {secretKeyRef: {name: c}}}]}]}"),
        ("ServiceAccount", "{serviceAccountName: c}"),
        ("PersistentVolumeClaim", "{volumes: [{persistentVolumeClaim: {claimName: c}}]}"),
    ],
)
def test_a_hook_that_needs_what_comes_after_it_is_reported(kind: str, pod: str) -> None:
    found = messages(missing_sync_wave, overlay("a", job(PRE_SYNC, pod), config(kind=kind)))
    assert found == [
        f"Job migrate (PreSync, wave 0) waits for {kind} c (Sync, wave 0), which is applied only after it"
    ]


@pytest.mark.parametrize(
    ("hook", "pod", "needed"),
    [
        # Not needed to start.
        (PRE_SYNC, "{containers: [{envFrom: [{configMapRef: {name: c, optional: true}}]}]}", config()),
        # From elsewhere.
        (PRE_SYNC, "{containers: [{envFrom: [{configMapRef: {name: other}}]}]}", config()),
        # At the same time, or before.
        (PRE_SYNC, "{volumes: [{configMap: {name: c}}]}", config(PRE_SYNC)),
        ("{argocd.argoproj.io/hook: PostSync}", "{volumes: [{configMap: {name: c}}]}", config()),
        (f'{{{WAVE}: "2"}}', "{volumes: [{configMap: {name: c}}]}", config(f'{{{WAVE}: "1"}}')),
    ],
)
def test_a_hook_whose_needs_are_there_is_left_alone(hook: str, pod: str, needed: str) -> None:
    assert messages(missing_sync_wave, overlay("a", job(hook, pod), needed)) == []


def test_a_workload_that_runs_no_pods_waits_for_nothing() -> None:
    idle = job(PRE_SYNC, "{volumes: [{configMap: {name: c}}]}").replace(
        "spec: {template", "spec: {suspend: true, template"
    )
    assert messages(missing_sync_wave, overlay("a", idle, config())) == []


CRD = """
kind: CustomResourceDefinition
metadata: {name: issuers.example.com}
spec: {group: example.com, names: {kind: Issuer, plural: issuers}}
"""
SERVICE = "{apiVersion: v1, kind: Service, metadata: {name: s, namespace: n}, spec: {selector: {app: s}}}"
CONTROLLER = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: controller, namespace: n}
spec: {template: {metadata: {labels: {app: s}}}}
"""


def webhook(more: str = "", name: str = "issuers") -> str:
    return f"""
kind: ValidatingWebhookConfiguration
metadata: {{name: {name}}}
webhooks:
  - name: w
    clientConfig: {{service: {{name: s, namespace: n}}}}
    rules: [{{apiGroups: [example.com], resources: [issuers], operations: ["*"]}}]
    {more}
"""


def issuer(annotations: str = "{}") -> str:
    metadata = f"{{name: letters, annotations: {annotations}}}"
    return f"{{apiVersion: example.com/v1, kind: Issuer, metadata: {metadata}}}"


def test_a_definition_and_its_resource_may_share_a_wave() -> None:
    assert messages(missing_sync_wave, overlay("a", CRD, issuer(), SERVICE, CONTROLLER)) == []


def test_a_resource_that_a_webhook_admits_comes_after_its_workload() -> None:
    objects = (CRD, SERVICE, CONTROLLER, webhook())
    assert len(messages(missing_sync_wave, overlay("a", *objects, issuer()))) == 1
    assert messages(missing_sync_wave, overlay("a", *objects, issuer(f'{{{WAVE}: "1"}}'))) == []


@pytest.mark.parametrize(
    "hook",
    [
        webhook("failurePolicy: Ignore"),
        webhook("namespaceSelector: {matchLabels: {a: b}}"),
        webhook("matchConditions: [{name: x, expression: 'true'}]"),
        # Applied after the resource, by its name: the resource is admitted without it.
        webhook(name="zebra"),
    ],
)
def test_a_webhook_that_may_let_the_resource_pass_is_left_alone(hook: str) -> None:
    assert messages(missing_sync_wave, overlay("a", CRD, SERVICE, CONTROLLER, hook, issuer())) == []


def test_a_webhook_that_another_overlay_answers_is_left_alone() -> None:
    assert messages(missing_sync_wave, overlay("a", CRD, webhook(), issuer()), overlay("b", CONTROLLER)) == []


def hooked(hook: str) -> OverlayView:
    return overlay("a", config(f"{{argocd.argoproj.io/hook: {hook}}}"))


def test_hooks_of_a_deletion_are_known() -> None:
    assert messages(unknown_hook, hooked("'PreDelete,PostDelete'"), hooked("Skip")) == []


def test_an_unknown_hook_beside_a_known_one_is_only_ignored() -> None:
    assert messages(unknown_hook, hooked("'PreSync,Before'")) == [
        "Argo CD knows no hook `Before`, and ignores it"
    ]


def test_an_empty_hook_is_no_hook() -> None:
    assert messages(unknown_hook, hooked("''")) == ["Argo CD knows no hook ``, and never applies the object"]


def test_an_applications_compare_options_are_not_an_objects() -> None:
    options = "annotations: {argocd.argoproj.io/compare-options: 'ServerSideDiff=true, IgnoreExtraneous'}"
    assert messages(unknown_compare_option, application("one", "{}", metadata=options)) == []
    made = overlay("a", config("{argocd.argoproj.io/compare-options: ServerSideDiff=true}"))
    assert messages(unknown_compare_option, made) == [
        "Argo CD ignores the compare option `ServerSideDiff=true` of an object"
    ]
