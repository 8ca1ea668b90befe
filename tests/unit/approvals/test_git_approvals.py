"""Approvals in Git notes, with keys of real people: what counts, what does not, and that none is lost."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import pytest
from tests.fakes.signing_people import Person, Team, gpg_home, run

from sealock.adapters.git_approvals import REF, GitApprovals
from sealock.adapters.git_notes import GitNotes
from sealock.adapters.git_push import Deadlines
from sealock.domain.approval import SignedStatement, Statement, subject
from sealock.errors import Refused, Undecided, UsageError
from sealock.ports import ApprovalQuestion, Heard, NotCounted

if TYPE_CHECKING:
    from collections.abc import Iterator

NOW = datetime(2026, 11, 2, 9, 30, tzinfo=UTC)
DIGEST = f"sha256:{'a1' * 32}"
OTHER = f"sha256:{'b2' * 32}"


def as_bob(*command: str) -> str:
    who = {
        f"GIT_{role}_{what}": "bob@x.org" for role in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")
    }
    return subprocess.run(command, env=os.environ | who, check=True, capture_output=True, text=True).stdout


class Clock:
    def now(self) -> datetime:
        return NOW


@pytest.fixture(scope="module")
def people(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Person, Person, Person]]:
    """Ada and Bob sign with SSH, Cyd with gpg; each test has a repository of its own."""
    team = Team(tmp_path_factory.mktemp("people"))
    with gpg_home() as home:
        yield team.by_ssh("ada@x.org"), team.by_ssh("bob@x.org"), team.by_gpg("cyd@x.org", home)


@pytest.fixture
def bare(tmp_path: Path, people: tuple[Person, Person, Person]) -> Path:
    """Return an empty remote, and make it that of everybody."""
    bare = tmp_path / "remote.git"
    run("git", "init", "-q", "--bare", "-b", "main", str(bare))
    for each in people:
        run("git", "remote", "set-url", "origin", str(bare), folder=each.clone)
    return bare


@pytest.fixture
def ada(people: tuple[Person, Person, Person], bare: Path) -> Person:
    assert bare.exists()
    return people[0]


@pytest.fixture
def bob(people: tuple[Person, Person, Person], bare: Path) -> Person:
    assert bare.exists()
    return people[1]


@pytest.fixture
def cyd(people: tuple[Person, Person, Person], bare: Path) -> Person:
    assert bare.exists()
    return people[2]


def statement(mail: str, **changes: object) -> Statement:
    said = Statement("ledger", "production", (DIGEST,), mail, "2026-11-02T09:00:00Z")
    return msgspec.structs.replace(said, **changes)


def approve(person: Person, **changes: object) -> SignedStatement:
    book = GitApprovals(str(person.clone))
    signed = book.sign(statement(person.mail, **changes))
    book.keep(signed)
    return signed


def heard(asker: Person, *signers: Person | str, digests: tuple[str, ...] = (DIGEST,)) -> Heard:
    text = "".join(each if isinstance(each, str) else each.signer for each in signers)
    asked = ApprovalQuestion("ledger", "production", digests, text)
    return GitApprovals(str(asker.clone), clock=Clock()).of(asked)


def names(found: Heard) -> list[str]:
    return [each.who for each in found.approvals]


def test_what_nobody_approved_has_no_approvals(ada: Person) -> None:
    assert heard(ada, ada) == Heard()


def test_approvals_by_ssh_and_by_gpg_are_seen_from_every_clone(ada: Person, bob: Person, cyd: Person) -> None:
    for each in (ada, cyd):
        approve(each)
    found = heard(bob, ada, bob, cyd)
    assert sorted(names(found)) == ["ada@x.org", "cyd@x.org"]
    assert {each.approved for each in found.approvals} == {datetime(2026, 11, 2, 9, tzinfo=UTC)}
    assert [each.evidence.kind for each in found.approvals] == ["approval", "approval"]
    assert sorted(each.evidence.summary for each in found.approvals) == ["ada@x.org", "cyd@x.org"]


def test_branches_index_and_work_tree_stay_as_they_are(ada: Person) -> None:
    before = run("git", "for-each-ref", folder=ada.clone), run("git", "status", "-s", folder=ada.clone)
    approve(ada)
    heard(ada, ada)
    assert (
        run("git", "for-each-ref", folder=ada.clone),
        run("git", "status", "-s", folder=ada.clone),
    ) == before


def test_git_itself_shows_the_note_where_it_is_attached(ada: Person, bare: Path) -> None:
    approve(ada)
    note, about = run("git", f"--git-dir={bare}", "notes", f"--ref={REF}", "list").split()
    shown = run("git", f"--git-dir={bare}", "cat-file", "blob", note)
    assert '"who":"ada@x.org"' in shown
    assert run("git", "cat-file", "blob", about, folder=ada.clone) == (
        f'{{"digests":["{DIGEST}"],"environment":"production",'
        '"schema":"sealock.dev/approval-subject/v1","service":"ledger"}'
    )


def test_the_same_approval_twice_is_one_line(ada: Person) -> None:
    signed = approve(ada)
    assert GitApprovals(str(ada.clone)).keep(signed) is False
    assert names(heard(ada, ada)) == ["ada@x.org"]


def test_two_approvals_of_one_person_are_one(ada: Person) -> None:
    approve(ada)
    approve(ada, approved="2026-11-02T09:01:00Z")
    assert names(heard(ada, ada)) == ["ada@x.org"]


@pytest.mark.parametrize(
    ("changes", "digests"),
    [
        ({"digests": (OTHER,)}, (DIGEST,)),
        ({"service": "payments"}, (DIGEST,)),
        ({"environment": "staging"}, (DIGEST,)),
        ({}, (DIGEST, OTHER)),
        ({"digests": tuple(sorted((DIGEST, OTHER)))}, (DIGEST,)),
    ],
)
def test_an_approval_counts_for_exactly_what_it_says(
    ada: Person, changes: dict[str, object], digests: tuple[str, ...]
) -> None:
    approve(ada, **changes)
    assert heard(ada, ada, digests=digests) == Heard()


def test_a_note_about_one_thing_cannot_be_attached_to_another(ada: Person) -> None:
    signed = approve(ada, digests=(OTHER,))
    GitNotes(str(ada.clone), REF).add(subject("ledger", "production", (DIGEST,)), signed.line(), "moved")
    assert heard(ada, ada) == Heard((), (NotCounted("ada@x.org", "it is about something else"),))


def test_the_order_of_digests_does_not_matter(ada: Person) -> None:
    approve(ada, digests=tuple(sorted((DIGEST, OTHER))))
    assert names(heard(ada, ada, digests=(OTHER, DIGEST, OTHER))) == ["ada@x.org"]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"expires": "2026-11-02T09:30:00Z"}, "it expired at 2026-11-02T09:30:00Z"),
        ({"approved": "2026-11-02T09:32:00Z"}, "it is dated 2026-11-02T09:32:00Z, which is to come"),
        ({"approved": "yesterday"}, "it says no time"),
        ({"expires": "never"}, "it says no time"),
    ],
)
def test_one_that_does_not_hold_now_does_not_count(
    ada: Person, changes: dict[str, object], reason: str
) -> None:
    approve(ada, **changes)
    assert heard(ada, ada) == Heard((), (NotCounted("ada@x.org", reason),))


def test_one_that_expires_later_counts(ada: Person) -> None:
    approve(ada, expires="2026-11-02T09:30:01Z")
    assert names(heard(ada, ada)) == ["ada@x.org"]


@pytest.mark.parametrize("how", ["ssh", "gpg"])
def test_who_is_not_in_the_signers_file_does_not_count(
    ada: Person, bob: Person, cyd: Person, how: str
) -> None:
    who = ada if how == "ssh" else cyd
    approve(who)
    found = heard(bob, bob)
    assert (names(found), [each.who for each in found.others]) == ([], [who.mail])


@pytest.mark.parametrize("how", ["ssh", "gpg"])
def test_nobody_can_approve_in_anothers_name(ada: Person, bob: Person, cyd: Person, how: str) -> None:
    approve(bob if how == "ssh" else cyd, who=ada.mail)
    found = heard(bob, ada, bob, cyd)
    assert (names(found), [each.who for each in found.others]) == ([], [ada.mail])


@pytest.mark.parametrize("how", ["ssh", "gpg"])
def test_a_signature_of_other_words_does_not_count(ada: Person, cyd: Person, how: str) -> None:
    who = ada if how == "ssh" else cyd
    book = GitApprovals(str(who.clone))
    signed = book.sign(statement(who.mail, digests=(OTHER,)))
    book.keep(SignedStatement(signed.signature, statement(who.mail)))
    assert names(heard(ada, ada, cyd)) == []


def test_a_signature_made_for_something_else_does_not_count(ada: Person, tmp_path: Path) -> None:
    said = statement(ada.mail)
    text = tmp_path / "text"
    text.write_bytes(said.text())
    run("ssh-keygen", "-Y", "sign", "-q", "-n", "git", "-f", str(ada.home / "key"), str(text))
    book = GitApprovals(str(ada.clone))
    book.keep(SignedStatement((tmp_path / "text.sig").read_text(), said))
    assert names(heard(ada, ada)) == []


def test_one_key_is_one_person_whatever_names_it_may_use(ada: Person) -> None:
    approve(ada)
    approve(ada, who="eve@x.org", approved="2026-11-02T09:10:00Z")
    found = heard(ada, ada.signer.replace(ada.mail, "*@x.org"))
    assert names(found) == ["ada@x.org"]
    assert found.others == (NotCounted("eve@x.org", "its key is the one that ada@x.org approved with"),)


def test_who_is_named_by_a_pattern_is_nobody(ada: Person) -> None:
    approve(ada, who="*@x.org")
    found = heard(ada, ada.signer.replace(ada.mail, "*@x.org"))
    assert found == Heard((), (NotCounted("*@x.org", "who says it is no mail address"),))


def test_a_key_that_the_signers_file_has_for_commits_alone_does_not_count(ada: Person) -> None:
    approve(ada)
    only_commits = ada.signer.replace(f"{ada.mail} ", f'{ada.mail} namespaces="git" ')
    assert names(heard(ada, only_commits)) == []


def test_the_users_own_keyring_does_not_count(
    ada: Person, cyd: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GNUPGHOME", str(cyd.home))
    approve(cyd)
    assert names(heard(ada, ada)) == []


def test_nonsense_in_a_note_is_told_and_hides_nothing(ada: Person) -> None:
    approve(ada)
    notes = ("git", f"--git-dir={remote(ada)}", "notes", f"--ref={REF}")
    _, about = run(*notes, "list").split()
    text = run(*notes, "show", about)
    as_bob(*notes, "add", "-f", "-m", f"LGTM\n{text}", about)
    found = heard(ada, ada)
    assert names(found) == ["ada@x.org"]
    assert NotCounted("a line of the note", "it cannot be read") in found.others


def remote(person: Person) -> str:
    return run("git", "remote", "get-url", "origin", folder=person.clone).strip()


def test_approvals_at_the_same_time_are_all_kept(ada: Person, bob: Person, cyd: Person) -> None:
    signed = [
        (each, GitApprovals(str(each.clone)).sign(statement(each.mail, approved=f"2026-11-02T09:0{n}:00Z")))
        for n in range(3)
        for each in (ada, bob, cyd)
    ]
    with ThreadPoolExecutor(9) as threads:
        done = list(threads.map(lambda each: GitApprovals(str(each[0].clone)).keep(each[1]), signed))
    assert done == [True] * 9
    assert sorted(names(heard(ada, ada, bob, cyd))) == ["ada@x.org", "bob@x.org", "cyd@x.org"]
    kept = run("git", f"--git-dir={remote(ada)}", "notes", f"--ref={REF}", "list").split()[0]
    assert len(run("git", f"--git-dir={remote(ada)}", "cat-file", "blob", kept).splitlines()) == 9


def test_many_notes_that_git_spread_over_folders_are_found_and_added_to(ada: Person, bob: Person) -> None:
    approve(ada)
    bare = f"--git-dir={remote(ada)}"
    for number in range(400):
        content = Path(remote(ada), "content")
        content.write_text(f"{number}")
        about = run("git", bare, "hash-object", "-w", str(content)).strip()
        as_bob("git", bare, "notes", f"--ref={REF}", "add", "-m", "x", about)
        if "/" in run("git", bare, "ls-tree", "-r", "--name-only", REF):
            break
    else:
        pytest.fail("Git did not spread 400 notes over folders")
    approve(bob)
    assert sorted(names(heard(ada, ada, bob))) == ["ada@x.org", "bob@x.org"]


def test_without_a_remote_notes_are_kept_here(ada: Person) -> None:
    run("git", "remote", "remove", "origin", folder=ada.clone)
    try:
        approve(ada)
        assert names(heard(ada, ada)) == ["ada@x.org"]
        assert REF in run("git", "for-each-ref", folder=ada.clone)
    finally:
        run("git", "update-ref", "-d", REF, folder=ada.clone)
        run("git", "remote", "add", "origin", "nowhere", folder=ada.clone)


def test_a_remote_that_refuses_is_told(ada: Person, bare: Path) -> None:
    hook = bare / "hooks" / "pre-receive"
    hook.write_text("#!/bin/sh\necho no notes here >&2\nexit 1\n")
    hook.chmod(0o755)
    with pytest.raises(Refused, match="no notes here"):
        approve(ada)


def test_a_remote_that_is_gone_is_undecided(ada: Person, bare: Path) -> None:
    bare.rename(f"{bare}.away")
    quick = Deadlines(ask=10, send=10, pauses=())
    with pytest.raises(Undecided, match="origin cannot be asked"):
        GitApprovals(str(ada.clone), deadlines=quick).of(ApprovalQuestion("a", "b", (DIGEST,)))


def test_an_unusable_signing_key_is_told(ada: Person) -> None:
    book = GitApprovals(str(ada.clone))
    key = run("git", "config", "user.signingKey", folder=ada.clone).strip()
    run("git", "config", "user.signingKey", "/no/such/key.pub", folder=ada.clone)
    try:
        with pytest.raises(Refused, match="could not be signed: ssh-keygen"):
            book.sign(statement(ada.mail))
        run("git", "config", "--unset", "user.signingKey", folder=ada.clone)
        with pytest.raises(UsageError, match="which SSH key you sign with"):
            book.sign(statement(ada.mail))
        run("git", "config", "gpg.format", "x509", folder=ada.clone)
        with pytest.raises(UsageError, match="'x509'"):
            book.sign(statement(ada.mail))
    finally:
        run("git", "config", "gpg.format", "ssh", folder=ada.clone)
        run("git", "config", "user.signingKey", key, folder=ada.clone)


@pytest.fixture
def agent(ada: Person, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Run an agent that has Ada's key, whose file is nowhere to be found."""
    folder = Path(tempfile.mkdtemp(prefix="a-", dir="/tmp"))
    socket = folder / "socket"
    with subprocess.Popen(["ssh-agent", "-D", "-a", str(socket)], stdout=subprocess.PIPE) as running:
        assert running.stdout is not None
        assert running.stdout.readline()
        monkeypatch.setenv("SSH_AUTH_SOCK", str(socket))
        run("ssh-add", "-q", str(ada.home / "key"), SSH_AUTH_SOCK=str(socket))
        yield
        running.kill()
    shutil.rmtree(folder)


@pytest.mark.usefixtures("agent")
@pytest.mark.parametrize("way", ["user.signingKey", "gpg.ssh.defaultKeyCommand"])
def test_a_key_that_only_an_agent_has_signs(ada: Person, way: str) -> None:
    was = run("git", "config", "user.signingKey", folder=ada.clone).strip()
    key = f"key::{ada.signer.partition(' ')[2].strip()}"
    run("git", "config", "--unset", "user.signingKey", folder=ada.clone)
    run("git", "config", way, key if way == "user.signingKey" else f"echo '{key}'", folder=ada.clone)
    try:
        approve(ada)
    finally:
        run("git", "config", "--unset", way, folder=ada.clone)
        run("git", "config", "user.signingKey", was, folder=ada.clone)
    assert names(heard(ada, ada)) == ["ada@x.org"]
