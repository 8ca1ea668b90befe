"""`sealock approve`, and the promotion that waits for it, with keys of three people and a real engine."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from inline_snapshot import snapshot
from tests.fakes.signing_people import new_ssh_key, run
from tests.functional.platform_lab import PlatformLab, digest, git

from sealock.adapters.git_approvals import REF
from sealock.cli.main import run as sealock

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.engine
A, B = digest("a"), digest("b")
SIGNERS = ".sealock/allowed_signers"
SETTINGS = """\
environments:
  dev: {}
  staging: {after: dev}
  production:
    after: staging
    selfHeal: true
    gates: [{approvals: {count: 1, from: [bob@acme.dev, ada@acme.dev]}}]
"""


class Lab:
    """Ada promotes in the platform's clone; Bob and Eve have clones of their own. Eve is no signer."""

    def __init__(self, folder: Path, platform: PlatformLab) -> None:
        self.platform = platform
        self.clones = {"ada": platform.clone, "bob": folder / "bob", "eve": folder / "eve"}
        signers = platform.clone / SIGNERS
        signers.parent.mkdir(exist_ok=True)
        for name, clone in self.clones.items():
            home = folder / f"home-{name}"
            home.mkdir()
            key = new_ssh_key(home)
            if name != "ada":
                run("git", "clone", "-q", str(platform.origin), str(clone))
            for setting, value in (
                ("user.name", name.title()),
                ("user.email", f"{name}@acme.dev"),
                ("gpg.format", "ssh"),
                ("user.signingKey", str(key)),
            ):
                git(clone, "config", setting, value)
            if name != "eve":
                public = (home / "key.pub").read_text()
                with signers.open("a") as file:
                    file.write(f"{name}@acme.dev {public}")
        platform.push("who may sign")

    def approve(self, who: str, *arguments: str) -> int:
        return sealock(["approve", *arguments, "--yes", "--repo", str(self.clones[who])])


@pytest.fixture
def lab(tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]) -> Lab:
    return Lab(tmp_path, PlatformLab(tmp_path, capfdbinary, SETTINGS))


@pytest.fixture
def ready(lab: Lab) -> Lab:
    """Return the lab with something to promote into production."""
    code, out, err = lab.platform.sealock(
        "promote", "ledger", "--to", "staging", "--digest", A, "--apply", "--yes"
    )
    assert code == 0, out + err
    return lab


def said(capfdbinary: pytest.CaptureFixture[bytes]) -> tuple[str, str]:
    out, err = capfdbinary.readouterr()
    return out.decode(), err.decode()


def test_a_promotion_waits_for_its_approval_and_names_who_gave_it(ready: Lab) -> None:
    into = ("promote", "ledger", "--to", "production")
    code, out, _ = ready.platform.sealock(*into)
    assert code == 1
    assert "0 of 1 approved" in out
    assert f"sealock approve ledger --env production --digest {A}" in out
    assert ready.approve("bob", "ledger", "--env", "production") == 0
    code, out, err = ready.platform.sealock(*into, "--apply", "--yes")
    assert code == 0, out + err
    assert "Approved-by: bob@acme.dev" in ready.platform.message()


def test_who_promotes_cannot_approve_it(ready: Lab) -> None:
    assert ready.approve("ada", "ledger", "--env", "production") == 0
    code, out, _ = ready.platform.sealock("promote", "ledger", "--to", "production")
    assert code == 1
    assert "0 of 1 approved; ada@acme.dev does not count: promotes it" in out


def test_what_is_approved_is_shown_first(ready: Lab, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    assert ready.approve("bob", "ledger", "--env", "production") == 0
    assert said(capfdbinary) == (
        "ledger approved for production\n",
        f"bob@acme.dev approves ledger for production:\n  {A}\n",
    )
    assert ready.approve("bob", "ledger", "--env", "production", "--digest", B, "--format", "json") == 0
    out, _ = said(capfdbinary)
    (found,) = json.loads(out)["approvals"]
    assert (found["new"], found["statement"]["who"], found["statement"]["digests"]) == (
        True,
        "bob@acme.dev",
        [B],
    )


def test_an_approval_of_another_digest_is_none(ready: Lab) -> None:
    assert ready.approve("bob", "ledger", "--env", "production", "--digest", B) == 0
    code, out, _ = ready.platform.sealock("promote", "ledger", "--to", "production")
    assert (code, "0 of 1 approved" in out) == (1, True)


def test_a_whole_plan_is_approved(ready: Lab, tmp_path: Path) -> None:
    plan = str(tmp_path / "plan.json")
    ready.platform.sealock("promote", "ledger", "--to", "production", "--output", plan)
    assert ready.approve("bob", "--plan", plan, "--expires", "2h") == 0
    code, _, _ = ready.platform.sealock("promote", "ledger", "--to", "production")
    assert code == 0


def test_who_may_not_approve_is_told_before_anything_is_signed(
    ready: Lab, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    assert ready.approve("eve", "ledger", "--env", "production") == 1
    assert said(capfdbinary)[1] == snapshot(
        """\
error: eve@acme.dev is none of those who may approve production: bob@acme.dev, ada@acme.dev
  Ask one of them, or set user.email to the address that is meant.
"""
    )
    assert git(ready.platform.origin, "for-each-ref", REF) == ""


def test_a_key_that_is_not_in_the_signers_file_is_told_and_nothing_is_published(
    ready: Lab, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    git(ready.clones["eve"], "config", "user.email", "bob@acme.dev")
    assert ready.approve("eve", "ledger", "--env", "production") == 1
    assert (
        "error: your approval would not count: its SSH signature is not one of bob@acme.dev"
        in (said(capfdbinary)[1])
    )
    assert git(ready.platform.origin, "for-each-ref", REF) == ""


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["ledger"], "--env is missing"),
        (["--env", "production"], "no service is named"),
        (["ledger", "--env", "produktion"], "there is no environment 'produktion'"),
        (["ledger", "--env", "staging", "--digest", A], "staging has no gate `approvals`"),
        (["ledger", "--env", "production", "--digest", "sha256:12"], "'sha256:12' is no digest"),
        (["ledger", "--env", "production", "--expires", "soon"], "'soon' is no time"),
        (["ledger", "--env", "production", "--plan", "no.json"], "the plan file no.json cannot be read"),
    ],
)
def test_nonsense_is_a_usage_error(
    lab: Lab, capfdbinary: pytest.CaptureFixture[bytes], arguments: list[str], message: str
) -> None:
    assert lab.approve("bob", *arguments) == 2
    assert f"error: {message}" in said(capfdbinary)[1]


def test_nothing_to_move_is_nothing_to_approve(lab: Lab, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    promoted = lab.platform.sealock("promote", "ledger", "--to", "staging", "--digest", A, "--apply", "--yes")
    assert promoted[0] == 0
    assert lab.approve("bob", "ledger", "--env", "production", "--digest", A) == 0
    code, out, err = lab.platform.sealock("promote", "ledger", "--to", "production", "--apply", "--yes")
    assert code == 0, out + err
    assert lab.approve("bob", "ledger", "--env", "production") == 2
    assert "nothing would move into production" in said(capfdbinary)[1]
