"""What is planned: where images come from, in which order, what is edited, what is proven."""

from __future__ import annotations

import pytest
from msgspec.structs import replace
from tests.fakes.promotion_session import IMAGE, ORDER, Lab, digest, overlay, path, platform
from tests.fakes.renderer import FakeRenderer

from sealock.app.promotion.plan import PlanPromotion
from sealock.app.promotion.proof import Proof, prove
from sealock.app.promotion.request import CatalogFacts, Request
from sealock.domain.promotion import Car, GateResult, ImageMove, ImagePin, Override, PromotionPlan, SeenTag
from sealock.domain.rendered import Origin, Rendered, RenderedObject
from sealock.errors import ConfigurationError, Refused, Undecided, UsageError

A, B, C = digest("a"), digest("b"), digest("c")
TO_STAGING = Request("promote", ("app",), "staging")
TWO = (
    f"resources: [../../base]\nimages:\n  - name: {IMAGE}\n    digest: {A}\n  - name: side\n    digest: {B}\n"
)
DIAMOND = (
    "environments:\n  dev: {}\n  staging: {after: dev}\n  preview: {after: dev}\n"
    "  production: {after: [staging, preview]}\n"
)


def _lab(**pins: str) -> Lab:
    return Lab(platform(**pins))


def _plan(lab: Lab, request: Request = TO_STAGING) -> PromotionPlan:
    return PlanPromotion(lab.now(), request).run()


def _order(plan: PromotionPlan) -> list[tuple[str, str]]:
    return [(each.verdict, each.message) for each in plan.gates if each.gate == "order"]


def _train(*services: str) -> Lab:
    """Return a lab of services that all have B in dev and A in staging."""
    files = {}
    for each in services:
        files[path("dev", each)] = overlay(f"digest: {B}", f"registry.invalid/{each}")
        files[path("staging", each)] = overlay(f"digest: {A}", f"registry.invalid/{each}")
    return Lab(files)


# Where


def test_one_line_changes_in_one_overlay() -> None:
    plan = _plan(_lab(dev=f"digest: {A}", staging=f"digest: {B}"))
    (change,) = plan.changes
    assert (path("staging"), overlay(f"digest: {A}")) == (change.path, change.after)
    assert not plan.blocked


def test_what_is_there_already_is_no_change() -> None:
    plan = _plan(_lab(dev=f"digest: {A}", staging=f"digest: {A}"))
    assert (plan.cars, plan.changes) == ((), ())


def test_clusters_that_disagree_are_refused_as_a_source() -> None:
    lab = _lab(**{"dev": f"digest: {A}", "dev-us": f"digest: {B}", "staging": f"digest: {C}"})
    with pytest.raises(Refused, match="the overlays of dev do not agree about"):
        _plan(lab)


def test_clusters_of_the_target_move_together_and_each_tells_what_it_had() -> None:
    files = platform(dev=f"digest: {A}", staging=f"digest: {B}\n    newName: eu.invalid/app")
    files[path("staging-us")] = overlay(f"digest: {C}\n    newName: us.invalid/app")
    plan = _plan(Lab(files))
    (car,) = plan.cars
    assert [f"eu.invalid/app@{B}", f"us.invalid/app@{C}"] == [str(each.before) for each in car.images]
    assert [f"eu.invalid/app@{A}", f"us.invalid/app@{A}"] == [str(each.after) for each in car.images]
    assert car.digests == (A,)


def test_a_name_that_is_an_expression_is_proven_too() -> None:
    files = {
        path("dev"): overlay(f"digest: {A}", "registry.invalid/a.*"),
        path("staging"): overlay(f"digest: {B}", "registry.invalid/a.*"),
        "services/app/base/kustomization.yaml": f"images: [{{name: {IMAGE}, digest: {C}}}]\n",
    }
    (change,) = _plan(Lab(files)).rendered
    assert (change.before, change.after) == (f"{IMAGE}@{B}", f"{IMAGE}@{A}")


def test_an_unknown_service_is_told_with_the_known_ones() -> None:
    with pytest.raises(UsageError, match="there is no service 'ap'"):
        _plan(_lab(dev=f"digest: {A}", staging=f"digest: {B}"), replace(TO_STAGING, services=("ap",)))


@pytest.mark.parametrize("name", ["a b", "a\nPromotion-Gate: forged", "a\x1b[31m"])
def test_a_name_that_a_commit_message_cannot_hold_is_refused_and_left_out_of_trains(name: str) -> None:
    lab = _train(name, "app")
    with pytest.raises(Refused, match="would not fit a commit message"):
        _plan(lab, replace(TO_STAGING, services=(name,)))
    plan = _plan(lab, Request("promote", (), "staging", everything=True))
    assert [each.service for each in plan.cars] == ["app"]
    (left,) = plan.left_out
    assert left.service.isprintable()


def test_a_broken_catalog_stops_a_promotion_and_no_rollback() -> None:
    lab = _lab(dev=f"digest: {A}", staging=f"digest: {B}")
    lab.before = {path("staging"): [overlay(f"digest: {C}")]}

    def broken() -> CatalogFacts:
        message = "this is no YAML"
        raise ConfigurationError(message)

    session = lab.now()._replace(catalog=broken)
    with pytest.raises(ConfigurationError):
        PlanPromotion(session, TO_STAGING).run()
    (car,) = PlanPromotion(session, Request("rollback", ("app",), "staging")).run().cars
    assert car.digests == (C,)


# Drafts


def test_a_tag_is_resolved_and_what_the_registry_said_is_kept() -> None:
    lab = _lab(dev="newTag: '2'", staging=f"digest: {B}")
    lab.registry.push(IMAGE, "2", A)
    plan = _plan(lab)
    assert (SeenTag(f"{IMAGE}:2", A),) == plan.tags
    assert plan.cars[0].digests == (A,)


def test_a_registry_that_is_down_is_undecided() -> None:
    lab = _lab(dev="newTag: '2'", staging=f"digest: {B}")
    lab.registry.down = True
    with pytest.raises(Undecided):
        _plan(lab)


def test_a_hotfix_by_tag_asks_the_registry_that_the_target_pulls_from() -> None:
    lab = _lab(production=f"digest: {B}\n    newName: mirror.invalid/app")
    lab.registry.push("mirror.invalid/app", "9", A)
    plan = _plan(lab, Request("hotfix", ("app",), "production", tag="9", override=Override("CVE", "bob")))
    assert plan.cars[0].digests == (A,)


def test_several_images_need_a_name_with_a_digest() -> None:
    lab = Lab({path("dev"): TWO, path("staging"): TWO.replace(A, C)})
    with pytest.raises(UsageError, match="app has 2 images"):
        _plan(lab, replace(TO_STAGING, digest=B))
    assert _plan(lab).cars[0].digests == (A,)
    assert _plan(lab).cars[0].runs == (A, B)


def test_what_moves_is_seen_with_the_files_that_say_it() -> None:
    """The image of dev is in a patch: who edits that has moved what the plan took."""
    patch = (
        "kind: Deployment\nmetadata: {name: app}\nspec:\n  template:\n    spec:\n      containers:\n"
        f"        - name: app\n          image: {IMAGE}@{A}\n"
    )
    lab = _lab(staging=f"digest: {B}")
    lab.branch.push(
        {path("dev"): "patches:\n  - path: image.yaml\n", "services/app/overlays/dev/image.yaml": patch}
    )
    seen = {each.path for each in _plan(lab).seen}
    assert {"services/app/overlays/dev/image.yaml", path("dev"), path("staging"), "sealock.yaml"} <= seen


# Order


def test_a_digest_that_never_ran_is_refused_and_one_that_ran_passes() -> None:
    lab = _lab(dev=f"digest: {A}", staging=f"digest: {B}")
    request = replace(TO_STAGING, digest=C)
    assert _order(_plan(lab, request)) == [("refuse", "dev never ran sha256:cccccccccccc")]
    lab.before = {path("dev"): [overlay(f"digest: {C}")]}
    message = "dev ran sha256:cccccccccccc, and has another digest now"
    assert [("pass", message)] == _order(_plan(lab, request))


def test_a_history_that_was_cut_off_is_no_proof_of_either() -> None:
    lab = _lab(dev=f"digest: {A}", staging=f"digest: {B}")
    lab.why = "this clone is shallow"
    plan = _plan(lab, replace(TO_STAGING, digest=C))
    assert [verdict for verdict, _ in _order(plan)] == ["unknown"]
    assert plan.blocked


def test_a_digest_in_the_text_alone_is_no_image_that_ran() -> None:
    lab = _lab(dev=f"digest: {A}", staging=f"digest: {B}")
    lab.before = {path("dev"): [overlay(f"digest: {B} # not {C}")]}
    assert [verdict for verdict, _ in _order(_plan(lab, replace(TO_STAGING, digest=C)))] == ["refuse"]


def test_what_ran_by_a_patch_file_ran() -> None:
    patch = "kind: Pod\nmetadata: {name: app}\nspec: {containers: [{name: app, image: %s}]}\n"
    folder = "services/app/overlays/dev"
    files = {path("dev"): "patches:\n  - path: image.yaml\n", path("staging"): overlay(f"digest: {B}")}
    lab = Lab(files | {f"{folder}/image.yaml": patch % f"{IMAGE}@{A}"})
    lab.before = {f"{folder}/image.yaml": [patch % f"{IMAGE}@{C}"]}
    assert [verdict for verdict, _ in _order(_plan(lab, replace(TO_STAGING, digest=C)))] == ["pass"]


def test_every_environment_of_a_diamond_must_have_had_it() -> None:
    files = platform(
        dev=f"digest: {A}", staging=f"digest: {A}", preview=f"digest: {B}", production=f"digest: {C}"
    )
    lab = Lab(files, DIAMOND)
    with pytest.raises(UsageError, match="production comes after staging, preview"):
        _plan(lab, Request("promote", ("app",), "production"))
    plan = _plan(lab, Request("promote", ("app",), "production", source="staging"))
    assert _order(plan) == [
        ("pass", "staging runs sha256:aaaaaaaaaaaa"),
        ("refuse", "preview never ran sha256:aaaaaaaaaaaa"),
    ]


def test_an_environment_that_does_not_say_the_image_is_no_pass() -> None:
    files = platform(dev=f"digest: {A}", staging=f"digest: {A}", production=f"digest: {C}")
    lab = Lab(files | {path("preview"): overlay(f"digest: {B}", "registry.invalid/other")}, DIAMOND)
    plan = _plan(lab, Request("promote", ("app",), "production", source="staging"))
    message = "nothing in preview says the image registry.invalid/app: what ran there is not known"
    assert _order(plan) == [("pass", "staging runs sha256:aaaaaaaaaaaa"), ("unknown", message)]


def test_a_floating_tag_is_taken_on_the_user_s_word_and_says_so() -> None:
    lab = _lab(dev="newTag: latest", staging=f"digest: {B}")
    (said,) = _order(_plan(lab, replace(TO_STAGING, digest=C)))
    assert said == ("pass", "dev pins no digest (latest): sha256:cccccccccccc is taken on your word")


# Edits and proof


def test_what_would_move_another_overlay_is_refused_by_name() -> None:
    lab = _lab(dev=f"digest: {A}", staging=f"digest: {B}")
    lab.branch.push({"demo/kustomization.yaml": "resources: [../services/app/overlays/staging]\n"})
    with pytest.raises(Refused, match=r"more than the intended images would change: demo:"):
        _plan(lab)


def test_an_overlay_that_does_not_render_is_undecided_and_nothing_else_is_blamed() -> None:
    lab = _lab(dev=f"digest: {A}", staging=f"digest: {B}")
    lab.branch.push({path("staging"): overlay(f"digest: {B}") + "# broken\n"})
    with pytest.raises(Undecided, match="services/app/overlays/staging is broken"):
        _plan(lab)


def test_what_was_broken_elsewhere_stays_as_it_was() -> None:
    lab = _lab(dev=f"digest: {A}", staging=f"digest: {B}")
    lab.branch.push({"demo/kustomization.yaml": "resources: [../services/app/overlays/staging] # broken\n"})
    assert not _plan(lab).blocked


def _pods(images: dict[str, str]) -> FakeRenderer:
    """Return a renderer of one overlay with a Pod for each image, by name."""
    manifests = [
        {"kind": "Pod", "metadata": {"name": name}, "spec": {"image": image}}
        for name, image in images.items()
    ]
    objects = [RenderedObject(each, Origin("")) for each in manifests]
    return FakeRenderer({"o": Rendered("o", objects)})


def _proof(before: dict[str, str], after: dict[str, str]) -> Proof:
    move = ImageMove("app", ImagePin("app", digest=A), ImagePin("app", digest=B))
    return prove(["o"], [Car("app", "dev", "staging", ("o",), (move,))], _pods(before), _pods(after))


def test_the_rendered_fields_come_in_the_same_order_each_time() -> None:
    """The order counts in the digest of the plan."""
    names = [f"app-{number}" for number in range(9)]
    proof = _proof(dict.fromkeys(names, f"app@{A}"), dict.fromkeys(names, f"app@{B}"))
    assert [each.object.rpartition(" ")[2] for each in proof.intended] == names


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({"a": f"app@{A}"}, {"a": f"app@{C}"}),
        ({"a": f"app@{A}"}, {"a": f"other@{B}"}),
        ({"a": f"other@{A}"}, {"a": f"app@{B}"}),
        ({"a": f"app@{A}"}, {"a": "app"}),
        ({"a": f"app@{A}"}, {}),
        ({}, {"a": f"app@{B}"}),
        ({"a": "text"}, {"a": "other text"}),
    ],
)
def test_any_other_change_is_not_meant(before: dict[str, str], after: dict[str, str]) -> None:
    proof = _proof(before, after)
    assert (len(proof.intended), len(proof.other)) == (0, 1)


def test_new_findings_block_a_plan() -> None:
    lab = _lab(dev=f"digest: {A}", staging=f"digest: {B}")
    lab.findings = ("app: banned",)
    assert _plan(lab).blocked


# Trains


def _needing(lab: Lab, needs: dict[str, tuple[str, ...]]) -> Lab:
    lab.facts = CatalogFacts(needs=needs)
    return lab


def test_a_train_goes_in_order_of_need() -> None:
    lab = _needing(_train("a", "b", "c"), {"a": ("b",), "b": ("c",)})
    plan = _plan(lab, replace(TO_STAGING, services=("a", "b", "c")))
    assert [each.service for each in plan.cars] == ["c", "b", "a"]


def test_a_car_that_is_stopped_takes_along_all_that_need_it() -> None:
    lab = _needing(_train("a", "b", "c", "d"), {"a": ("b",), "b": ("c",)})
    lab.branch.push({"sealock.yaml": ORDER.replace("{after: dev}", "{after: dev, gates: [healthy]}")})
    lab.says["healthy"] = GateResult("healthy", "staging", "unknown", "nobody knows", service="c")
    plan = _plan(lab, Request("promote", (), "staging", everything=True))
    assert [each.service for each in plan.cars] == ["d"]
    assert [(each.service, each.reason) for each in plan.left_out] == [
        ("a", "it needs b, which is left out"),
        ("b", "it needs c, which is left out"),
        ("c", "healthy: nobody knows"),
    ]


def test_a_train_is_held_whole_unless_told_otherwise() -> None:
    lab = _train("a", "b")
    lab.branch.push({"sealock.yaml": ORDER.replace("{after: dev}", "{after: dev, gates: [healthy]}")})
    lab.says["healthy"] = GateResult("healthy", "staging", "refuse", "it is down", service="a")
    plan = _plan(lab, replace(TO_STAGING, services=("a", "b")))
    assert plan.blocked
    assert [each.service for each in plan.cars] == ["a", "b"]


# Rollbacks


def _back(lab: Lab, to: str) -> PromotionPlan:
    return _plan(lab, Request("rollback", ("app",), "staging", to=to, override=Override("5xx")))


def _ran() -> Lab:
    lab = _lab(staging=f"digest: {A} # 3.0.0")
    lab.before = {
        path("staging"): [
            overlay(f"digest: {B} # 2.0.0"),
            overlay(f"digest: {A}"),
            overlay(f"digest: {C} # v1.0.0"),
        ]
    }
    return lab


@pytest.mark.parametrize(
    ("to", "expected"),
    [("-1", B), ("-2", C), ("2.0.0", B), ("v2.0.0", B), ("1.0.0", C), (B[:20], B), ("b" * 12, B), (C, C)],
)
def test_a_rollback_goes_to_what_ran_before(to: str, expected: str) -> None:
    assert (expected,) == _back(_ran(), to).cars[0].digests


@pytest.mark.parametrize(
    ("to", "words"),
    [
        ("-3", "had 2 other images here before"),
        ("9.9.9", "never ran 9.9.9 here"),
        ("3.0.0", "runs 3.0.0 already"),
        ("b" * 11, "never ran bbbbbbbbbbb here"),
        ("-0", "never ran -0 here"),
    ],
)
def test_a_rollback_to_what_never_ran_is_refused(to: str, words: str) -> None:
    with pytest.raises(Refused, match=words):
        _back(_ran(), to)


def test_a_rollback_to_what_had_only_a_tag_asks_the_registry_and_says_so() -> None:
    lab = _lab(staging=f"digest: {A}")
    lab.before = {path("staging"): [overlay("newTag: 2.7.1")]}
    lab.registry.push(IMAGE, "2.7.1", B)
    for to in ("-1", "2.7.1"):
        plan = _back(lab, to)
        assert plan.cars[0].digests == (B,)
        assert (SeenTag(f"{IMAGE}:2.7.1", B),) == plan.tags


def test_what_a_base_set_is_not_said_never_to_have_run() -> None:
    lab = _lab(staging=f"digest: {A}")
    lab.before = {path("staging"): ["resources: [../../base]\n"]}
    with pytest.raises(Undecided, match="its base set the image then"):
        _back(lab, "-1")


def test_a_rollback_in_a_shallow_clone_is_undecided() -> None:
    lab = _lab(staging=f"digest: {A}")
    lab.why = "this clone is shallow"
    with pytest.raises(Undecided, match="shallow"):
        _back(lab, "-1")
