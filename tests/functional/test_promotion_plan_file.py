"""A plan file is a text that anybody can edit, and that lies around while the world moves."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema_rs
import msgspec
import pytest
from tests.functional.platform_lab import ENVIRONMENTS, PlatformLab, digest, git

from sealock.domain.canonical import digest_of
from sealock.domain.promotion import PlanDocument

pytestmark = pytest.mark.engine
REFERENCE = Path(__file__).parents[2] / "docs" / "reference"
A, B, C = digest("a"), digest("b"), digest("c")
FOLDER = "services/ledger/overlays/staging"
STAGING = f"{FOLDER}/kustomization.yaml"
SMOKE = ENVIRONMENTS.replace("{after: dev}", "{after: dev, gates: [{smoke: ./smoke.sh}]}")


@pytest.fixture
def lab(tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]) -> PlatformLab:
    """Give a platform without gates."""
    return PlatformLab(tmp_path, capfdbinary, ENVIRONMENTS)


def _plan(lab: PlatformLab) -> dict[str, Any]:
    _, plan = lab.json("promote", "ledger", "--to", "staging", "--digest", A)
    return dict(plan)


def _signed(plan: dict[str, Any]) -> str:
    """Return an edited plan whose digest fits: who forges a plan with care can do that."""
    document = msgspec.convert(plan, PlanDocument)
    return json.dumps(plan | {"digest": digest_of(document.plan())})


def _apply(lab: PlatformLab, text: str, *arguments: str) -> tuple[int, str, str]:
    file = lab.clone.parent / "plan.json"
    file.write_text(text)
    return lab.sealock("promote", "--apply", str(file), "--yes", *arguments)


def test_a_plan_that_was_edited_is_a_conflict_also_when_the_branch_moved(lab: PlatformLab) -> None:
    text = json.dumps(_plan(lab)).replace(A, B)
    lab.strange_push("README.md", "hello\n")
    code, _, err = _apply(lab, text)
    assert code == 4
    assert "plan.json was edited" in err
    assert len(lab.log()) == 2


@pytest.mark.parametrize(
    ("forged", "words"),
    [
        ({"gates": []}, "smoke of ledger did not pass in this plan"),
        ({"gates": [], "gates_of": "none configured"}, "the plan knows of no gates, and staging has 1"),
        ({"gates": [], "gates_of": "overridden"}, "goes past the gates without a reason"),
    ],
)
def test_gates_that_were_taken_out_of_a_plan_are_a_conflict(
    lab: PlatformLab, forged: dict[str, Any], words: str
) -> None:
    (lab.clone / "sealock.yaml").write_text(SMOKE)
    (lab.clone / "smoke.sh").write_text("#!/bin/sh\nexit 1\n")
    (lab.clone / "smoke.sh").chmod(0o755)
    lab.push("a smoke test that fails")
    code, _, err = _apply(lab, _signed(_plan(lab) | forged))
    assert code == 4, err
    assert words in err
    assert len(lab.log()) == 2


def test_a_digest_that_was_changed_everywhere_is_a_conflict_with_the_order(lab: PlatformLab) -> None:
    for each in (A, B):
        assert (
            lab.sealock("promote", "ledger", "--to", "staging", "--digest", each, "--apply", "--yes")[0] == 0
        )
    _, plan = lab.json("promote", "ledger", "--to", "production")
    lab.strange_push("README.md", "hello\n")
    code, _, err = _apply(lab, _signed(json.loads(json.dumps(plan).replace(B, C))))
    assert code == 4, err
    assert "staging never ran sha256:cccccccccccc" in err


@pytest.mark.parametrize("path", ["sealock.yaml", "services/ledger/base/deployment.yaml"])
def test_a_change_that_is_no_promotion_is_a_conflict(lab: PlatformLab, path: str) -> None:
    plan = _plan(lab)
    before = lab.show(path)
    after = before.replace("after: dev", "after: []").replace("containerPort: 9000", "containerPort: 9001")
    assert after != before
    plan["changes"].append({"path": path, "blob": "", "before": before, "after": after})
    lab.strange_push("README.md", "hello\n")
    code, _, err = _apply(lab, _signed(plan))
    assert code == 4, err
    assert "more than the intended images would change" in err or "sealock.yaml sets no image" in err
    assert lab.show(path) == before


def test_what_reads_the_edited_file_since_the_plan_is_a_conflict(lab: PlatformLab) -> None:
    plan = _plan(lab)
    lab.strange_push("services/ledger/overlays/production-us/kustomization.yaml", "resources: [../staging]\n")
    code, _, err = _apply(lab, json.dumps(plan))
    assert code == 4
    assert "services/ledger/overlays/production-us" in err
    assert A not in lab.overlay("ledger", "staging")


def test_a_cluster_that_came_since_the_plan_is_a_conflict(lab: PlatformLab) -> None:
    plan = _plan(lab)
    lab.strange_push("services/ledger/overlays/staging-us/kustomization.yaml", lab.show(STAGING))
    for each in ("replica-patch.yaml", "resource-limits-patch.yaml"):
        lab.strange_push(f"services/ledger/overlays/staging-us/{each}", lab.show(f"{FOLDER}/{each}"))
    code, _, err = _apply(lab, json.dumps(plan))
    assert code == 4
    assert "services/ledger/overlays/staging-us runs ghcr.io/acme/ledger:2.7.1" in err


def test_what_argo_cd_sets_itself_since_the_plan_is_a_conflict(lab: PlatformLab) -> None:
    plan = _plan(lab)
    override = f"{FOLDER}/.argocd-source-ledger.yaml"
    lab.strange_push(override, f"kustomize:\n  images:\n    - ghcr.io/acme/ledger@{B}\n")
    code, _, err = _apply(lab, json.dumps(plan))
    assert code == 4
    assert f"{override} sets the image now" in err


def test_what_the_check_finds_since_the_plan_is_a_conflict(lab: PlatformLab) -> None:
    """Also where a forger took the settings out of the files that the plan has seen."""
    plan = _plan(lab)
    plan["seen"] = [each for each in plan["seen"] if each["path"] != "sealock.yaml"]
    rule = (
        "policy:\n  custom:\n    - id: banned\n      kinds: [Deployment]\n"
        "      expression: \"!object.spec.template.spec.containers.exists(c, c.image.contains('aaaa'))\"\n"
        "      message: this image is banned\n"
    )
    lab.strange_push("sealock.yaml", rule + ENVIRONMENTS)
    code, _, err = _apply(lab, _signed(plan))
    assert code == 4
    assert "this image is banned" in err


def test_who_approved_a_hotfix_does_not_apply_it(lab: PlatformLab) -> None:
    file = lab.clone.parent / "plan.json"
    arguments = ("--digest", C, "--reason", "CVE", "--approver", "bob@acme.dev")
    assert lab.sealock("hotfix", "ledger", *arguments, "--output", str(file))[0] == 0
    git(lab.clone, "config", "user.email", "bob@acme.dev")
    code, _, err = lab.sealock("hotfix", "--apply", str(file), "--yes")
    assert code == 4
    assert "bob@acme.dev promotes, and cannot approve it too" in err
    git(lab.clone, "config", "user.email", "cyd@acme.dev")
    assert lab.sealock("hotfix", "--apply", str(file), "--yes")[0] == 0


@pytest.mark.parametrize("approver", ["Ada", "ADA@acme.dev", "Someone <ada@acme.dev>", " ada "])
def test_the_author_is_no_approver_by_any_name(lab: PlatformLab, approver: str) -> None:
    arguments = ("--digest", C, "--reason", "CVE", "--approver", approver)
    code, _, err = lab.sealock("hotfix", "ledger", *arguments)
    assert code == 2
    assert "cannot approve it too" in err


@pytest.mark.parametrize(
    "text", [b'{"schema":"\xff"}', b'{"x":' + b"[" * 100_000, b'{"schema":"\\ud800"}', b"\xef\xbb\xbf{}"]
)
def test_bytes_that_are_no_plan_are_a_usage_error(lab: PlatformLab, text: bytes) -> None:
    file = lab.clone.parent / "plan.json"
    file.write_bytes(text)
    code, _, err = lab.sealock("promote", "--apply", str(file), "--yes")
    assert code == 2
    assert "is no promotion plan" in err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--to", "production"), "--to or --env would change it"),
        (("--digest", B), "--digest would change it"),
        (("--no-gates", "--reason", "x"), "--no-gates would change it"),
        (("ledger",), "says which services move"),
    ],
)
def test_options_that_a_plan_answers_are_not_ignored(
    lab: PlatformLab, arguments: tuple[str, ...], words: str
) -> None:
    code, _, err = _apply(lab, json.dumps(_plan(lab)), *arguments)
    assert code == 2
    assert words in err
    assert len(lab.log()) == 1


def test_a_promotion_is_not_applied_as_a_rollback(lab: PlatformLab) -> None:
    file = lab.clone.parent / "plan.json"
    file.write_text(json.dumps(_plan(lab)))
    code, _, err = lab.sealock("rollback", "--apply", str(file), "--yes")
    assert code == 2
    assert "is the plan of a promotion" in err


def test_nothing_of_a_plan_file_drives_the_terminal(lab: PlatformLab) -> None:
    plan = _plan(lab)
    plan["author"] = "A\x1b[31m"
    plan["cars"][0]["service"] = "x\n\x1b[2J"
    plan["rendered"][0] |= {"overlay": "\x1b]0;own\x07", "object": "\x1b[1m", "before": "\x9b1m"}
    plan["sync"] = ["\x1b[2J rm -rf"]
    plan["gates"][0] |= {"service": "\x1b[3m", "message": "\x1b[4m", "gate": "\x1b[5m"}
    plan["gates"][0]["verdict"] = "refuse"
    code, out, err = _apply(lab, _signed(plan))
    assert code == 1
    assert "\x1b" not in out + err
    assert "\x9b" not in out + err


def test_the_digest_in_the_file_is_what_is_shown_and_committed(lab: PlatformLab) -> None:
    file = lab.clone.parent / "plan.json"
    _, out, _ = lab.sealock("promote", "ledger", "--to", "staging", "--digest", A, "--output", str(file))
    named = json.loads(file.read_text())["digest"]
    assert f"plan {named}" in out
    assert lab.sealock("promote", "--apply", str(file), "--yes")[0] == 0
    assert f"Promotion-Plan: {named}" in lab.message()


@pytest.mark.parametrize("apply", [True, False])
def test_json_fits_its_published_schema(lab: PlatformLab, apply: bool) -> None:  # noqa: FBT001 - a case
    name = "promotion-result" if apply else "promotion-plan"
    schema = json.loads((REFERENCE / f"{name}.schema.json").read_text())
    options = ("--apply", "--yes") if apply else ()
    _, found = lab.json("promote", "ledger", "--to", "staging", "--digest", A, *options)
    assert jsonschema_rs.is_valid(schema, found)
    assert not jsonschema_rs.is_valid(schema, {**found, "schema": 1})


def test_an_applied_plan_is_written_where_output_says(lab: PlatformLab) -> None:
    file = lab.clone.parent / "plan.json"
    arguments = ("promote", "ledger", "--to", "staging", "--digest", A, "--apply", "--yes", "--output")
    assert lab.sealock(*arguments, str(lab.clone / "gone" / "plan.json"))[0] == 2
    assert len(lab.log()) == 1, "what cannot be written is found before the push"
    assert lab.sealock(*arguments, str(file))[0] == 0
    assert json.loads(file.read_text())["digest"] in lab.message()
    assert file.stat().st_mode & 0o044 == 0o044, "as any file that a shell writes"
