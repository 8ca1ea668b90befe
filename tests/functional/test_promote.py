"""`sealock promote`, `rollback` and `hotfix` with a real engine, on a real bare repository."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.functional.platform_lab import ENVIRONMENTS, PlatformLab, digest, git

from sealock.app.check import CheckRepository

if TYPE_CHECKING:
    from sealock.domain.check_report import CheckReport

pytestmark = pytest.mark.engine
A, B, C = digest("a"), digest("b"), digest("c")
STAGING = "services/ledger/overlays/staging/kustomization.yaml"


@pytest.fixture
def lab(tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]) -> PlatformLab:
    """Give a platform without gates."""
    return PlatformLab(tmp_path, capfdbinary, ENVIRONMENTS)


def _promote(lab: PlatformLab, *arguments: str) -> None:
    code, out, err = lab.sealock("promote", *arguments, "--apply", "--yes")
    assert code == 0, out + err


def test_a_plan_writes_nothing_and_shows_what_would_change(lab: PlatformLab) -> None:
    before = lab.log()
    code, out, _ = lab.sealock("promote", "ledger", "--from", "dev", "--to", "staging", "--digest", A)
    assert code == 0
    assert '-    newTag: "2.7.1"' in out
    assert f'+    digest: "{A}"' in out
    assert "gates: none configured for promotions to staging" in out
    assert "rendered: 1 field, and nothing else, in any overlay" in out
    assert lab.log() == before


def test_apply_makes_one_commit_with_the_message_of_the_article(lab: PlatformLab) -> None:
    _promote(lab, "ledger", "--from", "dev", "--to", "staging", "--digest", A)
    assert lab.log() == ["promote(ledger): dev → staging [sha256:aaaaa]", "start"]
    changed = git(lab.origin, "show", "--numstat", "--format=", "main").split()
    assert changed == ["1", "1", STAGING]


def test_the_user_s_work_tree_and_index_are_not_touched(lab: PlatformLab) -> None:
    (lab.clone / STAGING).write_text("half an edit\n")
    (lab.clone / "new.txt").write_text("new\n")
    git(lab.clone, "add", "new.txt")
    index = (lab.clone / ".git" / "index").read_bytes()
    head = git(lab.clone, "rev-parse", "HEAD")
    _promote(lab, "ledger", "--to", "staging", "--digest", A)
    assert (lab.clone / STAGING).read_text() == "half an edit\n"
    assert (lab.clone / ".git" / "index").read_bytes() == index
    assert git(lab.clone, "rev-parse", "HEAD") == head


def test_without_a_digest_it_is_what_the_source_runs(lab: PlatformLab) -> None:
    _promote(lab, "ledger", "--to", "staging", "--digest", A, "--tag", "2.8.0")
    _promote(lab, "ledger", "--from", "staging", "--to", "production")
    assert f"digest: {A} # 2.8.0" in lab.overlay("ledger", "production")


def test_the_same_promotion_twice_is_one_commit(lab: PlatformLab) -> None:
    _promote(lab, "ledger", "--to", "staging", "--digest", A)
    code, out, _ = lab.sealock("promote", "ledger", "--to", "staging", "--digest", A, "--apply", "--yes")
    assert (code, out) == (0, "nothing to do: staging has it already\n")
    assert len(lab.log()) == 2


def test_a_step_that_skips_an_environment_is_refused(lab: PlatformLab) -> None:
    code, _, err = lab.sealock("promote", "ledger", "--from", "dev", "--to", "production", "--digest", A)
    assert code == 1
    assert "dev → production is not a step of the order: production comes after staging" in err


def test_a_digest_that_the_source_never_ran_is_refused(lab: PlatformLab) -> None:
    _promote(lab, "ledger", "--to", "staging", "--digest", A)
    code, out, err = lab.sealock(
        "promote", "ledger", "--from", "staging", "--to", "production", "--digest", B, "--apply", "--yes"
    )
    assert code == 1
    assert "order: ledger: staging never ran sha256:bbbbbbbbbbbb" in out
    assert "not promoted" in err
    assert len(lab.log()) == 2


def test_a_digest_that_the_source_ran_earlier_may_go(lab: PlatformLab) -> None:
    _promote(lab, "ledger", "--to", "staging", "--digest", A)
    _promote(lab, "ledger", "--to", "staging", "--digest", B)
    code, out, _ = lab.sealock("promote", "ledger", "--to", "production", "--digest", A)
    assert code == 0
    assert "staging ran sha256:aaaaaaaaaaaa, and has another digest now" in out


def test_a_plan_file_is_applied_as_it_is(lab: PlatformLab, tmp_path: Path) -> None:
    file = tmp_path / "plan.json"
    code, plan = lab.json("promote", "ledger", "--to", "staging", "--digest", A)
    assert code == 0
    file.write_text(json.dumps(plan))
    code, out, _ = lab.sealock("promote", "--apply", str(file), "--yes")
    assert code == 0
    tree = git(lab.origin, "rev-parse", "main^{tree}").strip()
    assert tree == plan["tree"]
    code, out, _ = lab.sealock("promote", "--apply", str(file), "--yes")
    assert (code, out) == (0, "nothing to do: it was applied before\n")


def test_a_plan_holds_when_others_pushed_elsewhere(lab: PlatformLab, tmp_path: Path) -> None:
    file = tmp_path / "plan.json"
    _, plan = lab.json("promote", "ledger", "--to", "staging", "--digest", A)
    file.write_text(json.dumps(plan))
    lab.strange_push("README.md", "hello\n")
    code, _, err = lab.sealock("promote", "--apply", str(file), "--yes")
    assert code == 0, err
    assert lab.log() == ["promote(ledger): dev → staging [sha256:aaaaa]", "something else", "start"]


@pytest.mark.parametrize(
    "file",
    [
        STAGING,
        "services/ledger/base/deployment.yaml",
        "sealock.yaml",
        "services/ledger/overlays/dev/kustomization.yaml",
    ],
)
def test_a_plan_whose_world_moved_is_a_conflict(lab: PlatformLab, tmp_path: Path, file: str) -> None:
    plan_file = tmp_path / "plan.json"
    _, plan = lab.json("promote", "ledger", "--to", "staging", "--digest", A)
    plan_file.write_text(json.dumps(plan))
    lab.strange_push(file, lab.show(file) + "# seen\n")
    code, _, err = lab.sealock("promote", "--apply", str(plan_file), "--yes")
    assert code == 4
    assert f"changed since the plan was made: {file}" in err
    assert len(lab.log()) == 2


def test_an_edited_plan_is_a_conflict(lab: PlatformLab, tmp_path: Path) -> None:
    plan_file = tmp_path / "plan.json"
    _, plan = lab.json("promote", "ledger", "--to", "staging", "--digest", A)
    plan_file.write_text(json.dumps(plan).replace(A, B))
    code, _, err = lab.sealock("promote", "--apply", str(plan_file), "--yes")
    assert code == 4
    assert "plan.json was edited" in err


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"schema": "sealock.dev/promotion-plan/v9"}', "\x00"])
def test_what_is_no_plan_is_refused(lab: PlatformLab, tmp_path: Path, text: str) -> None:
    plan_file = tmp_path / "plan.json"
    plan_file.write_text(text)
    code, _, err = lab.sealock("promote", "--apply", str(plan_file), "--yes")
    assert code == 2
    assert "is no promotion plan" in err


def test_apply_without_a_terminal_wants_yes(lab: PlatformLab) -> None:
    code, _, err = lab.sealock("promote", "--to", "staging", "--digest", A, "ledger", "--apply")
    assert code == 2
    assert "add --yes" in err
    assert len(lab.log()) == 1


def test_no_gates_needs_a_reason_and_is_recorded(lab: PlatformLab) -> None:
    lab.edit(
        "sealock.yaml",
        "production: {after: staging, selfHeal: true}",
        "production: {after: staging, gates: [healthy]}",
    )
    lab.push("gates")
    _promote(lab, "ledger", "--to", "staging", "--digest", A)
    code, out, _ = lab.sealock("promote", "ledger", "--to", "production")
    assert code in {1, 3}
    assert "healthy" in out
    assert lab.sealock("promote", "ledger", "--to", "production", "--no-gates")[0] == 2
    _promote(lab, "ledger", "--to", "production", "--no-gates", "--reason", "the cluster is on fire")
    message = lab.message()
    assert "Promotion-Reason: the cluster is on fire" in message
    assert "Promotion-Gates: overridden" in message


def test_evidence_of_health_lets_it_pass(lab: PlatformLab, tmp_path: Path) -> None:
    lab.edit(
        "sealock.yaml",
        "production: {after: staging, selfHeal: true}",
        "production: {after: staging, gates: [healthy]}",
    )
    lab.push("gates")
    _promote(lab, "ledger", "--to", "staging", "--digest", A)
    evidence = tmp_path / "health.json"
    now = "2026-11-21T12:00:00Z"
    seen = {
        "schema": "sealock.dev/evidence/v1",
        "kind": "health",
        "service": "ledger",
        "environment": "staging",
        "digests": [A],
        "verdict": "pass",
        "since": now,
        "observed": now,
    }
    evidence.write_text(json.dumps(seen))
    code, out, _ = lab.sealock("promote", "ledger", "--to", "production", "--evidence", str(evidence))
    assert code in {1, 3}, "what was seen years ago or in the future is stale"
    moment = datetime.now(UTC).isoformat(timespec="seconds")
    evidence.write_text(json.dumps(seen | {"since": moment, "observed": moment}))
    code, out, _ = lab.sealock(
        "promote", "ledger", "--to", "production", "--evidence", str(evidence), "--apply", "--yes"
    )
    assert code == 0, out
    assert re.search(r"^Promotion-Evidence: sha256:[0-9a-f]{64} health", lab.message(), re.MULTILINE)


def test_a_train_is_one_commit(lab: PlatformLab) -> None:
    for service, value in (("ledger", A), ("search", B)):
        _promote(lab, service, "--to", "staging", "--digest", value)
    _promote(lab, "search", "ledger", "--to", "production")
    assert lab.log("-1") == ["promote(search, ledger): staging → production [sha256:bbbbb, sha256:aaaaa]"]
    assert A in lab.overlay("ledger", "production")
    assert B in lab.overlay("search", "production")


def test_a_train_stops_whole_when_one_car_is_refused(lab: PlatformLab) -> None:
    _promote(lab, "ledger", "--to", "staging", "--digest", A)
    code, _, err = lab.sealock("promote", "ledger", "search", "--to", "production", "--apply", "--yes")
    assert code != 0
    assert A not in lab.overlay("ledger", "production")
    assert "search" in err


def test_every_healthy_service_goes_and_the_others_are_named(lab: PlatformLab) -> None:
    for service, value in (("ledger", A), ("search", B), ("mailer", C)):
        _promote(lab, service, "--to", "staging", "--digest", value)
    code, out, err = lab.sealock(
        "promote", "--all-healthy", "--exclude", "mailer", "--to", "production", "--apply", "--yes"
    )
    assert code == 0, out + err
    assert lab.log("-1") == ["promote(ledger, search): staging → production [sha256:aaaaa, sha256:bbbbb]"]
    assert "left out: mailer: excluded" in err
    assert "left out: storefront: " in err


def test_a_rollback_goes_to_what_ran_before(lab: PlatformLab) -> None:
    _promote(lab, "ledger", "--to", "staging", "--digest", A, "--tag", "2.8.0")
    _promote(lab, "ledger", "--to", "staging", "--digest", B, "--tag", "2.9.0")
    assert lab.sealock("rollback", "ledger", "--env", "staging")[0] == 2
    code, _, err = lab.sealock(
        "rollback", "ledger", "--env", "staging", "--reason", "5xx", "--apply", "--yes"
    )
    assert code == 0, err
    assert lab.log("-1") == ["rollback(ledger): staging [sha256:aaaaa]"]
    assert f'{A}" # 2.8.0' in lab.overlay("ledger", "staging")
    code, _, err = lab.sealock(
        "rollback", "ledger", "--env", "staging", "--to", "2.9.0", "--reason", "no", "--apply", "--yes"
    )
    assert code == 0, err
    assert B in lab.overlay("ledger", "staging")


def test_a_rollback_to_what_never_ran_is_refused(lab: PlatformLab) -> None:
    _promote(lab, "ledger", "--to", "staging", "--digest", A)
    code, _, err = lab.sealock("rollback", "ledger", "--env", "staging", "--to", C, "--reason", "x")
    assert code == 1
    assert "never ran" in err


def test_a_hotfix_needs_another_person(lab: PlatformLab) -> None:
    base = ("hotfix", "ledger", "--digest", C, "--reason", "CVE-2026-1")
    assert lab.sealock(*base)[0] == 2
    code, _, err = lab.sealock(*base, "--approver", "ada@acme.dev")
    assert code == 2
    assert "cannot approve it too" in err
    code, _, err = lab.sealock(*base, "--approver", "bob@acme.dev", "--apply", "--yes")
    assert code == 0, err
    assert lab.log("-1") == ["hotfix(ledger): production [sha256:ccccc]"]
    assert "Approved-by: bob@acme.dev" in lab.message()


def test_a_repository_without_settings_has_the_usual_order(
    tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    lab = PlatformLab(tmp_path, capfdbinary, None)
    code, out, _ = lab.sealock("promote", "ledger", "--from", "dev", "--to", "staging", "--digest", A)
    assert code == 0
    assert "gates: none configured" in out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("ledgr", "--to", "staging", "--digest", A), "there is no service 'ledgr'"),
        (("ledger", "--to", "stagin", "--digest", A), "there is no environment 'stagin'"),
        (("ledger", "--to", "staging", "--digest", "sha256:abc"), "is no digest"),
        (("ledger", "--to", "staging", "--digest", "sha1:" + "a" * 40), "is no digest"),
        (("ledger", "--to", "dev"), "dev is the first environment"),
        (("ledger\npromote(x)", "--to", "staging", "--digest", A), "there is no service"),
        (("--to", "staging"), "no service is named"),
        (("ledger", "--to", "staging", "--digest", A, "--tag", "1 2"), "tag"),
        (("ledger", "--to", "staging", "--image", ""), "'' is no image name"),
        (("ledger", "--to", "staging", "--image", "a b"), "'a b' is no image name"),
    ],
)
def test_bad_input_is_a_usage_error(lab: PlatformLab, arguments: tuple[str, ...], words: str) -> None:
    code, _, err = lab.sealock("promote", *arguments)
    assert code == 2
    assert words in err


def test_what_a_shared_file_would_move_gets_an_entry_of_its_own(lab: PlatformLab) -> None:
    """The image is set in a component that both regions use; only one may move."""
    folder = lab.clone / "services" / "ledger"
    (folder / "images").mkdir()
    (folder / "images" / "kustomization.yaml").write_text(
        "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\n"
        f"images:\n  - name: ghcr.io/acme/ledger\n    digest: {A}\n"
    )
    for environment in ("staging", "production"):
        file = folder / "overlays" / environment / "kustomization.yaml"
        text = file.read_text()
        file.write_text(text[: text.index("images:")] + "components:\n  - ../../images\n")
    lab.push("component")
    _promote(lab, "ledger", "--to", "staging", "--digest", B)
    assert B in lab.overlay("ledger", "staging")
    assert B not in lab.overlay("ledger", "production")
    assert A in lab.show("services/ledger/images/kustomization.yaml")


def test_what_would_move_another_overlay_is_refused(lab: PlatformLab) -> None:
    """Production is built on staging: moving staging's image moves production's too."""
    file = lab.clone / "services/ledger/overlays/production/kustomization.yaml"
    text = file.read_text()
    file.write_text(text[: text.index("images:")].replace("../../base", "../staging"))
    lab.push("production on staging")
    code, _, err = lab.sealock("promote", "ledger", "--to", "staging", "--digest", A, "--apply", "--yes")
    assert code == 1
    assert "services/ledger/overlays/production" in err
    assert lab.log("-1") == ["production on staging"]


def test_two_clusters_of_one_environment_move_together(lab: PlatformLab) -> None:
    source = lab.clone / "services/ledger/overlays/production"
    other = lab.clone / "services/ledger/overlays/prod-us"
    other.mkdir()
    for each in source.iterdir():
        (other / each.name).write_bytes(each.read_bytes())
    lab.push("a second cluster")
    _promote(lab, "ledger", "--to", "staging", "--digest", A)
    _promote(lab, "ledger", "--to", "production")
    assert A in lab.overlay("ledger", "production")
    assert A in lab.overlay("ledger", "prod-us")


def test_a_linked_overlay_is_refused(lab: PlatformLab) -> None:
    file = lab.clone / STAGING
    outside = lab.clone / "elsewhere.yaml"
    outside.write_bytes(file.read_bytes())
    file.unlink()
    file.symlink_to("../../../../elsewhere.yaml")
    lab.push("a link")
    code, _, err = lab.sealock("promote", "ledger", "--to", "staging", "--digest", A, "--apply", "--yes")
    assert code == 1, err
    assert "link" in err


def test_a_change_that_the_base_s_policy_refuses_is_not_made(lab: PlatformLab) -> None:
    lab.edit(
        "sealock.yaml",
        "environments:",
        "policy:\n  custom:\n    - id: only-tagged\n      kinds: [Deployment]\n"
        "      expression: \"!object.spec.template.spec.containers.exists(c, c.image.contains('bbbb'))\"\n"
        "      message: this image is banned\nenvironments:",
    )
    lab.push("policy")
    code, out, err = lab.sealock("promote", "ledger", "--to", "staging", "--digest", B, "--apply", "--yes")
    assert code == 1, out + err
    assert "this image is banned" in out
    assert lab.log("-1") == ["policy"]
    _promote(lab, "ledger", "--to", "staging", "--digest", A)


def test_what_was_found_clean_is_not_checked_again_until_something_moves(
    lab: PlatformLab, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = ("promote", "ledger", "--to", "staging", "--digest", A)
    assert lab.sealock(*plan)[0] == 0
    checked: list[object] = []
    run = CheckRepository.run

    def counted(check: CheckRepository) -> CheckReport:
        checked.append(check)
        return run(check)

    monkeypatch.setattr(CheckRepository, "run", counted)
    assert lab.sealock(*plan)[0] == 0
    assert checked == []
    assert lab.sealock(*plan[:-1], B)[0] == 0
    git(lab.clone, "config", "remote.other.url", "https://example.com/other.git")
    assert lab.sealock(*plan)[0] == 0
    lab.push("elsewhere")
    assert lab.sealock(*plan)[0] == 0
    assert len(checked) == 3


def test_a_repository_without_a_remote_commits_to_its_branch(lab: PlatformLab) -> None:
    git(lab.clone, "remote", "remove", "origin")
    (lab.clone / "services/search/overlays/dev/kustomization.yaml").write_text("dirty\n")
    code, _, err = lab.sealock("promote", "ledger", "--to", "staging", "--digest", A, "--apply", "--yes")
    assert code == 0, err
    assert (
        git(lab.clone, "log", "-1", "--format=%s").strip() == "promote(ledger): dev → staging [sha256:aaaaa]"
    )
    assert A in (lab.clone / STAGING).read_text()
    assert git(lab.clone, "status", "--short").split() == [
        "M",
        "services/search/overlays/dev/kustomization.yaml",
    ]


def test_a_hotfix_goes_where_staging_has_another_digest(lab: PlatformLab) -> None:
    _promote(lab, "ledger", "--to", "staging", "--digest", A)
    code, out, err = lab.sealock(
        "hotfix", "ledger", "--digest", C, "--reason", "CVE", "--approver", "bob@acme.dev", "--apply", "--yes"
    )
    assert code == 0, out + err
    assert C in lab.overlay("ledger", "production")


def test_a_full_disk_behind_the_output_is_told_in_a_line(lab: PlatformLab) -> None:
    command = [sys.executable, "-c", "from sealock.cli.main import main; main()", "promote", "ledger"]
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            [*command, "--to", "staging", "--digest", A],
            cwd=lab.clone,
            stdout=full,
            stderr=subprocess.PIPE,
            timeout=120,
            check=False,
        )
    assert (done.returncode, done.stderr.decode()) == (
        3,
        "error: the output cannot be written: No space left on device\n",
    )


def test_what_no_service_could_do_is_not_told_as_done(lab: PlatformLab) -> None:
    lab.edit("sealock.yaml", "staging: {after: dev}", "staging: {after: dev, gates: [healthy]}")
    for each in ("ledger", "search", "mailer", "storefront", "payment-service"):
        lab.edit(f"services/{each}/overlays/dev/kustomization.yaml", 'newTag: "latest"', f"digest: {A}")
    lab.push("gates")
    code, out, _ = lab.sealock("promote", "--all-healthy", "--to", "staging", "--apply", "--yes")
    assert (code, out.splitlines()[-1]) == (0, "nothing to do")
    assert "left out: ledger: healthy: nobody has said" in out
    assert "has it already" not in out


def test_a_container_that_stays_behind_is_told(lab: PlatformLab) -> None:
    """Patches set the images of the main and of an init container: only one is the service's."""
    folder = lab.clone / "services/ledger/overlays/staging"
    head = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: ledger}\nspec:\n  template:\n    spec:\n"
    for kind, name, letter in (("containers", "ledger", B), ("initContainers", "migrate", C)):
        image = f"      {kind}:\n        - name: {name}\n          image: ghcr.io/acme/ledger@{letter}\n"
        (folder / f"{name}-image-patch.yaml").write_text(head + image)
    text = (folder / "kustomization.yaml").read_text()
    patches = "patches:\n  - path: ledger-image-patch.yaml\n  - path: migrate-image-patch.yaml\n"
    (folder / "kustomization.yaml").write_text(text[: text.index("images:")].replace("patches:\n", patches))
    lab.push("images by patches")
    _, out, _ = lab.sealock("promote", "ledger", "--to", "staging", "--digest", A)
    assert "left behind: services/ledger/overlays/staging: apps/v1 Deployment payments/ledger" in out
