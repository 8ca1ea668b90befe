"""`sealock release tag` on a real bare repository."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from tests.fakes.signing_people import needs
from tests.functional.platform_lab import ENVIRONMENTS, PlatformLab, digest, git

from sealock.cli.main import run

if TYPE_CHECKING:
    from pathlib import Path

A, B = digest("a"), digest("b")
START = "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
PRODUCTION = "services/ledger/overlays/production/kustomization.yaml"


class ReleaseLab(PlatformLab):
    """A platform in which commits move `ledger` in production."""

    def move(self, before: str, after: str, message: str = "promote(ledger): staging → production") -> str:
        """Push a commit that changes the digest, and return it."""
        self.edit(PRODUCTION, before, after)
        self.push(message)
        return self.tip()

    def touch(self, message: str, file: str = "services/ledger/notes.md") -> None:
        """Push a commit that changes a file of the service."""
        path = self.clone / file
        path.write_text(path.read_text() + "more\n" if path.exists() else "some\n")
        self.push(message)

    def tip(self) -> str:
        return git(self.origin, "rev-parse", "main").strip()

    def release(self, *arguments: str) -> tuple[int, str, str]:
        self._captured.readouterr()
        code = run(["release", "tag", "--repo", str(self.clone), *arguments])
        printed = self._captured.readouterr()
        return code, printed.out.decode(), printed.err.decode()

    def released(self, *arguments: str) -> Any:  # noqa: ANN401 - JSON
        code, out, err = self.release("ledger", *arguments, "--format", "json")
        assert code == 0, err
        return json.loads(out)

    def tags(self, of: Path) -> dict[str, str]:
        """Return the commit of each tag of a repository."""
        lines = git(of, "for-each-ref", "--format=%(refname:lstrip=2) %(*objectname)", "refs/tags").split(
            "\n"
        )
        return dict(line.split(" ") for line in lines if line)


@pytest.fixture
def lab(tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]) -> ReleaseLab:
    return ReleaseLab(tmp_path, capfdbinary, ENVIRONMENTS.replace("selfHeal", "production: true, selfHeal"))


def test_the_first_release_is_one_on_the_commit_that_reached_production(lab: ReleaseLab) -> None:
    commit = lab.move(START, A)
    lab.touch("docs: something else later")
    code, out, err = lab.release("ledger")
    assert code == 0, err
    assert out.splitlines() == [
        "ledger/v1.0.0 made",
        f"  {commit[:12]} promote(ledger): staging → production",
        f"  ghcr.io/acme/ledger@{A}",
        "  the first release",
    ]
    assert (lab.tags(lab.clone), lab.tags(lab.origin)) == ({"ledger/v1.0.0": commit}, {})


def test_it_is_an_annotated_tag_that_says_what_it_is(lab: ReleaseLab) -> None:
    lab.move(START, A)
    lab.release("ledger")
    text = git(lab.clone, "cat-file", "tag", "ledger/v1.0.0")
    assert "tag ledger/v1.0.0\ntagger Ada <ada@acme.dev>" in text
    assert text.partition("\n\n")[2].startswith("ledger 1.0.0\n\nproduction since ")
    assert f"\nImage: ghcr.io/acme/ledger@{A}\n" in text


def test_a_plan_writes_nothing(lab: ReleaseLab) -> None:
    lab.move(START, A)
    code, out, _ = lab.release("ledger", "--plan", "--push")
    assert (code, out.splitlines()[0]) == (0, "ledger/v1.0.0 would be made")
    assert (lab.tags(lab.clone), lab.tags(lab.origin)) == ({}, {})


def test_a_pushed_tag_is_on_the_remote(lab: ReleaseLab) -> None:
    commit = lab.move(START, A)
    assert lab.released("--push")["pushed"]
    assert lab.tags(lab.origin) == {"ledger/v1.0.0": commit}


@pytest.mark.parametrize(
    ("messages", "version"),
    [
        ((), "1.0.1"),
        (("fix: less",), "1.0.1"),
        (("feat: more",), "1.1.0"),
        (("feat(api): more", "fix: less"), "1.1.0"),
        (("feat!: other", "feat: more"), "2.0.0"),
        (("refactor(api)!: other",), "2.0.0"),
        (("fix: less\n\nBREAKING CHANGE: all",), "2.0.0"),
        (("feature: no word of theirs",), "1.0.1"),
        (("fix: words\n\nfeat: in the body",), "1.0.1"),
    ],
)
def test_the_next_version_is_what_the_commits_ask_for(
    lab: ReleaseLab, messages: tuple[str, ...], version: str
) -> None:
    lab.move(START, A)
    lab.release("ledger", "--push")
    for message in messages:
        lab.touch(message)
    lab.move(A, B)
    assert lab.released()["version"] == version


def test_commits_elsewhere_and_later_do_not_count(lab: ReleaseLab) -> None:
    lab.move(START, A)
    lab.release("ledger")
    lab.touch("feat!: another service", "services/search/notes.md")
    lab.move(A, B)
    lab.touch("feat: not yet in production")
    assert lab.released()["version"] == "1.0.1"


def test_before_one_what_breaks_is_a_minor_step(lab: ReleaseLab) -> None:
    lab.move(START, A)
    lab.release("ledger", "--version", "0.4.1")
    lab.touch("feat!: other")
    lab.move(A, B)
    assert lab.released()["version"] == "0.5.0"


def test_the_last_version_is_the_highest_not_the_newest(lab: ReleaseLab) -> None:
    lab.move(START, A)
    for version in ("1.10.0", "1.9.0", "1.10.0-rc.1"):
        assert lab.release("ledger", "--version", version)[0] == 0
    lab.move(A, B)
    assert lab.released()["name"] == "ledger/v1.10.1"


def test_what_is_tagged_already_is_nothing_to_do(lab: ReleaseLab) -> None:
    commit = lab.move(START, A)
    lab.release("ledger", "--push")
    code, out, _ = lab.release("ledger", "--push")
    assert (code, out.splitlines()[0]) == (0, "ledger/v1.0.0 is there already")
    assert lab.tags(lab.origin) == {"ledger/v1.0.0": commit}


def test_a_tag_that_was_not_pushed_is_pushed_later(lab: ReleaseLab) -> None:
    commit = lab.move(START, A)
    lab.release("ledger")
    code, out, _ = lab.release("ledger", "--push")
    assert (code, out.splitlines()[0]) == (0, "ledger/v1.0.0 pushed")
    assert lab.tags(lab.origin) == {"ledger/v1.0.0": commit}


def test_a_tag_elsewhere_is_a_conflict_and_stays(lab: ReleaseLab) -> None:
    first = lab.move(START, A)
    lab.release("ledger", "--version", "2.0.0", "--push")
    lab.move(A, B)
    code, _, err = lab.release("ledger", "--version", "2.0.0", "--push")
    assert code == 4
    assert f"the tag ledger/v2.0.0 is on {first[:12]}" in err
    assert lab.tags(lab.origin) == {"ledger/v2.0.0": first}


def test_the_remotes_tags_count_though_nobody_fetched_them(lab: ReleaseLab) -> None:
    commit = lab.move(START, A)
    git(
        lab.origin,
        "-c",
        "user.name=M",
        "-c",
        "user.email=m@x",
        "tag",
        "-a",
        "-m",
        "x",
        "ledger/v3.0.0",
        commit,
    )
    assert lab.release("ledger")[1].splitlines()[0] == "ledger/v3.0.0 is there already"
    lab.move(A, B)
    assert lab.released()["version"] == "3.0.1"


def test_a_tag_that_comes_in_between_is_not_replaced_and_ours_goes(lab: ReleaseLab) -> None:
    commit = lab.move(START, A)
    git(lab.origin, "config", "user.name", "M")
    git(lab.origin, "config", "user.email", "m@acme.dev")
    hook = lab.clone / ".git" / "hooks" / "pre-push"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(
        f"#!/bin/sh\nunset GIT_DIR\ngit -C {lab.origin} tag -a -m x ledger/v1.0.0 main 2>&1 || true\n"
    )
    hook.chmod(0o755)
    code, _, err = lab.release("ledger", "--push")
    assert code == 4, err
    assert "has a tag ledger/v1.0.0 by now" in err
    assert lab.tags(lab.clone) == {}
    assert lab.tags(lab.origin) == {"ledger/v1.0.0": commit}


def test_a_remote_that_takes_no_tags_is_told_of(lab: ReleaseLab) -> None:
    lab.move(START, A)
    hook = lab.origin / "hooks" / "pre-receive"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\necho 'tags are protected' >&2\nexit 1\n")
    hook.chmod(0o755)
    code, _, err = lab.release("ledger", "--push")
    assert (code, "does not take the tag" in err, "tags are protected" in err) == (1, True, True)


def test_a_rollback_is_a_release_of_its_own(lab: ReleaseLab) -> None:
    lab.move(START, A)
    lab.release("ledger")
    lab.move(A, B)
    lab.release("ledger")
    back = lab.move(B, A, "rollback(ledger): production [sha256:aaaaa]")
    found = lab.released()
    assert (found["version"], found["commit"]) == ("1.0.2", back)


def test_the_pattern_of_the_name_is_a_setting(lab: ReleaseLab) -> None:
    path = lab.clone / "sealock.yaml"
    path.write_text(path.read_text() + "promotion: {release: {tag: 'rel-{service}-{version}'}}\n")
    lab.move(START, A)
    assert lab.released("--version", "1.2.3-rc.1")["name"] == "rel-ledger-1.2.3-rc.1"


@pytest.mark.parametrize("version", ["1.2", "v1.2.3", "01.2.3", "1.2.3 ", "--force", "1.2.3\nx"])
def test_what_is_no_version_is_a_mistake(lab: ReleaseLab, version: str) -> None:
    lab.move(START, A)
    code, _, err = lab.release("ledger", f"--version={version}")
    assert (code, "is no version as of semver.org" in err) == (2, True)
    assert lab.tags(lab.clone) == {}


def test_an_unknown_service_is_a_mistake(lab: ReleaseLab) -> None:
    code, _, err = lab.release("leger")
    assert (code, "there is no service 'leger'" in err, "ledger" in err) == (2, True, True)


def test_a_tag_of_an_image_is_no_release(lab: ReleaseLab) -> None:
    lab.edit(PRODUCTION, f"digest: {START}", 'newTag: "1.4"')
    lab.push("by hand")
    code, _, err = lab.release("ledger")
    assert (code, "production says no digest of ghcr.io/acme/ledger" in err) == (1, True)


def test_a_signed_tag_is_signed_by_the_users_own_key(lab: ReleaseLab, tmp_path: Path) -> None:
    needs("ssh-keygen")
    from tests.fakes.signing_people import run as started  # noqa: PLC0415 - one test needs it

    key = tmp_path / "key"
    started("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key))
    for name, value in (("gpg.format", "ssh"), ("user.signingKey", f"{key}.pub")):
        git(lab.clone, "config", name, value)
    path = lab.clone / "sealock.yaml"
    path.write_text(path.read_text() + "promotion: {release: {sign: true}}\n")
    lab.move(START, A)
    assert lab.release("ledger")[0] == 0
    assert "-----BEGIN SSH SIGNATURE-----" in git(lab.clone, "cat-file", "tag", "ledger/v1.0.0")


def test_without_the_key_nothing_is_tagged(lab: ReleaseLab, tmp_path: Path) -> None:
    needs("ssh-keygen")
    for name, value in (("gpg.format", "ssh"), ("user.signingKey", str(tmp_path / "none.pub"))):
        git(lab.clone, "config", name, value)
    path = lab.clone / "sealock.yaml"
    path.write_text(path.read_text() + "promotion: {release: {sign: true}}\n")
    lab.move(START, A)
    code, _, err = lab.release("ledger")
    assert (code, "Git cannot sign the tag" in err) == (1, True), err
    assert lab.tags(lab.clone) == {}
