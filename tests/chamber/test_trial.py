"""Test-outside: what the tests say of a patch, where the agent cannot reach them."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from inline_snapshot import snapshot

from sealock.app.trial import try_patch
from sealock.chamber.codex_binary import places_of
from sealock.chamber.trial_bench import BenchOptions, SealedBench
from sealock.chamber.workspace import open_workspace
from sealock.domain.path_policy import PathPolicy
from sealock.domain.trial import OnFlaky, TrialReport, TrialRequest, TrialRun
from sealock.errors import Undecided, UsageError
from sealock.report.trial import report_lines

if TYPE_CHECKING:
    from collections.abc import Callable

    from sealock.domain.agent_run import CodexBinary

GOOD, BAD, LATE = TrialRun(0, 1.0, "ok\n"), TrialRun(1, 1.0, "a\nb\x1b[2J\n"), TrialRun(None, 9.0, "")


class Bench:
    """A bench on which tests end as they are told to."""

    def __init__(self, *runs: TrialRun) -> None:
        self.left = list(runs)

    def run(self, request: TrialRequest) -> TrialRun:
        del request
        return self.left.pop(0)


def tried(*runs: TrialRun, retries: int = 0, on_flaky: OnFlaky = "refuse") -> TrialReport:
    return try_patch(TrialRequest("make", b"", "t", "HEAD", retries, on_flaky), Bench(*runs))


def told(report: TrialReport) -> list[str]:
    return list(report_lines(report))


def test_tests_that_pass_accept_the_patch() -> None:
    assert told(tried(GOOD)) == ["tests passed: the patch is accepted"]


def test_tests_that_fail_reject_it_and_show_what_they_wrote() -> None:
    assert told(tried(BAD)) == snapshot(
        ["tests failed: the patch is rejected, the tests ended with 1", "  | a", "  | b\\x1b[2J"]
    )


def test_tests_that_overrun_their_deadline_reject_it() -> None:
    assert told(tried(LATE)) == ["tests failed: the patch is rejected, the tests overran their deadline"]


def test_a_pass_after_a_fail_is_flaky_and_rejects_it() -> None:
    report = tried(BAD, BAD, GOOD, GOOD, retries=3)
    assert (report.verdict, report.accepted, len(report.runs)) == ("flaky", False, 3)
    assert report.reason == "the tests failed 2 times and passed then, which says nothing about the patch"


def test_a_flaky_pass_is_accepted_where_that_was_asked_for() -> None:
    report = tried(BAD, GOOD, retries=1, on_flaky="accept")
    assert (report.verdict, report.accepted) == ("flaky", True)


def test_tests_that_fail_each_time_are_no_flaky_ones() -> None:
    report = tried(BAD, BAD, retries=1, on_flaky="accept")
    assert (report.verdict, report.accepted) == ("failed", False)


def test_the_report_shows_the_end_of_a_long_output() -> None:
    lines = told(tried(TrialRun(2, 1.0, "".join(f"{n}\n" for n in range(100)))))
    assert (lines[1], lines[2], lines[-1]) == ("  | … the last 40 lines of its output", "  | 60", "  | 99")


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """Make a library with a fault, and a test of it."""
    root = tmp_path / "repository"
    (root / "tests").mkdir(parents=True)
    (root / "add.sh").write_text("expr $1 - $2\n")
    (root / "tests/run.sh").write_text('test "$(sh add.sh 2 2)" = 4\n')
    for arguments in (
        ["init", "-q"],
        ["add", "."],
        ["-c", "user.name=a", "-c", "user.email=a@b", "commit", "-qm1"],
    ):
        subprocess.run(["git", "-C", root, *arguments], check=True)
    return root


@pytest.fixture
def bench(repository: Path, newest_codex: CodexBinary) -> Callable[..., SealedBench]:
    def make(**options: object) -> SealedBench:
        given = {"programs": places_of(newest_codex.path)[0], "seconds": 60.0, **options}
        return SealedBench(str(repository), BenchOptions(**given))  # type: ignore[arg-type]

    return make


def patched(repository: Path, command: str, **files: str) -> TrialRequest:
    """Return the trial of an agent that wrote these files; `__` in a name stands for a slash."""
    with open_workspace(str(repository)) as work:
        for name, text in files.items():
            Path(work.path, name.replace("__", "/")).write_text(text)
        found = work.tree(PathPolicy(tests=("tests/**",)))
        return TrialRequest(command, work.patch(found.tree), found.tree, work.commit)


FIXED = {"add.sh": "expr $1 + $2\n"}


def test_a_patch_that_mends_the_fault_passes(repository: Path, bench: Callable[..., SealedBench]) -> None:
    assert try_patch(patched(repository, "sh tests/run.sh", **FIXED), bench()).verdict == "passed"


def test_a_patch_that_changes_the_test_instead_fails(
    repository: Path, bench: Callable[..., SealedBench]
) -> None:
    request = patched(repository, "sh tests/run.sh", **{"tests__run.sh": "true\n"})
    assert try_patch(request, bench()).verdict == "failed"


def test_each_run_has_a_copy_of_its_own_and_the_repository_none(
    repository: Path, bench: Callable[..., SealedBench]
) -> None:
    request = patched(repository, "test ! -e left && touch left && rm -r tests .git; false", **FIXED)
    report = try_patch(
        TrialRequest(request.command, request.patch, request.tree, request.revision, 1), bench()
    )
    assert [each.output for each in report.runs] == ["", ""]
    assert (repository / "tests/run.sh").exists()


def test_tests_see_neither_host_nor_agent_nor_network(
    repository: Path, bench: Callable[..., SealedBench], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PLANTED_SECRET", "canary")
    (tmp_path / "secret").write_text("canary")
    command = f"env | sort; cat {tmp_path}/secret; ls -A /opt/codex /home/agent; cat /proc/net/dev | wc -l"
    run = bench().run(patched(repository, command, **FIXED))
    assert run.output.replace(str(tmp_path), "TMP") == snapshot("""\
CI=true
HOME=/home/agent
LANG=C.UTF-8
PATH=/usr/local/bin:/usr/bin:/bin
PWD=/workspace
TERM=dumb
TZ=UTC
cat: TMP/secret: No such file or directory
/home/agent:

/opt/codex:
3
""")


def test_tests_that_sleep_for_ever_are_ended_with_all_they_started(
    repository: Path, bench: Callable[..., SealedBench]
) -> None:
    command = "echo begun; (setsid sleep 1000 &) ; sleep 1000"
    run = bench(seconds=1.0).run(patched(repository, command, **FIXED))
    assert (run.status, run.output) == (None, "begun\n")
    assert run.seconds < 20


def test_the_end_of_a_huge_output_is_kept(repository: Path, bench: Callable[..., SealedBench]) -> None:
    run = bench(kept_bytes=10).run(patched(repository, "seq 100000; exit 3", **FIXED))
    assert (run.status, run.output, run.cut) == (3, "99\n100000\n", 588885)


def test_a_patch_of_another_base_is_no_verdict(repository: Path, bench: Callable[..., SealedBench]) -> None:
    request = patched(repository, "true", **FIXED)
    other = TrialRequest(request.command, b"", request.tree, request.revision)
    with pytest.raises(Undecided, match="the patch makes the tree"):
        bench().run(other)


def test_without_a_sandbox_there_is_no_verdict(
    repository: Path, bench: Callable[..., SealedBench], monkeypatch: pytest.MonkeyPatch
) -> None:
    request = patched(repository, "true", **FIXED)
    git = shutil.which("git")
    assert git
    (repository.parent / "bin").mkdir()
    (repository.parent / "bin/git").symlink_to(git)
    monkeypatch.setenv("PATH", str(repository.parent / "bin"))
    with pytest.raises(Undecided, match="there is no bubblewrap"):
        bench(programs="/nonexistent").run(request)


def test_a_sandbox_that_ends_at_once_is_no_verdict(
    repository: Path, bench: Callable[..., SealedBench], tmp_path: Path
) -> None:
    request = patched(repository, "true", **FIXED)
    broken = tmp_path / "codex-resources/bwrap"
    broken.parent.mkdir()
    broken.write_text("#!/bin/sh\necho no namespaces here >&2; exit 0\n")
    broken.chmod(0o755)
    with pytest.raises(Undecided, match="the sandbox for the tests does not work: no namespaces here"):
        bench(programs=str(tmp_path)).run(request)


def test_what_tests_may_read_must_be_a_folder(bench: Callable[..., SealedBench]) -> None:
    with pytest.raises(UsageError, match="is no folder"):
        bench(readable=("relative",))


def test_a_folder_of_the_host_may_be_given_to_read(
    repository: Path, bench: Callable[..., SealedBench], tmp_path: Path
) -> None:
    tools = tmp_path / "tools"
    tools.mkdir()
    (tools / "it").write_text("tool\n")
    request = patched(repository, f"cat {tools}/it; touch {tools}/x || echo kept", **FIXED)
    assert bench(readable=(str(tools),)).run(request).output.endswith("kept\n")
    assert [each.name for each in tools.iterdir()] == ["it"]
