"""Programs of a revision run for real: what they see, and what becomes of those that do not behave."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import psutil
import pytest

from sealock.adapters.gate_programs import RevisionPrograms
from sealock.adapters.git_revision import GitRevisions
from sealock.errors import Refused

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sealock.ports import ProgramAnswer

    Run = Callable[..., ProgramAnswer]

FILES = {
    "gates/ok": "#!/bin/sh\n. ./lib/words\necho $WORDS\n",
    "gates/lib/words": "WORDS='from the base'\n",
    "gates/env": "#!/bin/sh\nenv | sort\n",
    "gates/cat": "#!/bin/sh\ncat\n",
    "gates/deaf": "#!/bin/sh\nexec 0<&-\necho heard nothing\n",
    "gates/loud": "#!/bin/sh\nhead -c 3000000 /dev/zero\nprintf END\n",
    "gates/late": "#!/bin/sh\necho begun\nsleep 100\n",
    "gates/parent": "#!/bin/sh\nsleep 100 &\necho $!\n",
    "gates/signal": "#!/bin/sh\nkill -TERM $$\n",
    "gates/status": "#!/bin/sh\necho no >&2\nexit 7\n",
    "gates/where": "#!/bin/sh\nstat -c '%a %F' .\npwd\nls -1a\n",
    "gates/nothing": "no program\n",
    "gates/elsewhere": "#!/no/such/interpreter\n",
    "gates/plain": "#!/bin/sh\n",
    "top": "#!/bin/sh\nls -1a\n",
    "beside": "",
}
PLAIN = {"gates/lib/words", "gates/plain", "beside"}


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("repository")
    for path, text in FILES.items():
        place = root / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text)
        place.chmod(0o644 if path in PLAIN else 0o755)
    (root / "gates" / "link").symlink_to("ok")
    (root / "gates" / "out").symlink_to("../../secret")
    for command in (
        ["init", "-q", "-b", "main"],
        ["add", "-A"],
        ["-c", "user.name=a", "-c", "user.email=a@x", "commit", "-qm", "programs"],
    ):
        subprocess.run(["git", *command], cwd=root, check=True)
    (root / "gates" / "ok").write_text("#!/bin/sh\necho from the work tree\n")
    return root


@pytest.fixture
def run(repository: Path) -> Iterator[Run]:
    git = GitRevisions(str(repository))

    with git.files(git.resolve("HEAD")) as files:

        def made(path: str, stdin: bytes = b"", seconds: float = 30) -> ProgramAnswer:
            return RevisionPrograms(files).run(path, {"SEALOCK_SERVICE": "ledger"}, stdin, seconds)

        yield made


def test_the_base_revisions_program_runs_with_what_lies_beside_it(run: Run) -> None:
    found = run("./gates/ok")
    assert (found.status, found.stdout, found.missing) == (0, b"from the base\n", "")


def test_a_link_to_a_program_beside_it_runs(run: Run) -> None:
    assert run("gates/link").stdout == b"from the base\n"


def test_it_runs_in_a_private_copy_that_is_gone_afterwards(run: Run) -> None:
    mode, where, *names = run("gates/where").stdout.decode().splitlines()
    assert mode == "700 directory"
    assert not Path(where).exists()
    assert "lib" in names
    assert "out" not in names


def test_a_program_at_the_root_gets_the_files_at_the_root(run: Run) -> None:
    assert run("top").stdout.decode().split() == [".", "..", "beside", "top"]


def test_it_sees_little_of_the_environment(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    monkeypatch.setenv("TZ", "Europe/Berlin")
    names = {line.partition("=")[0] for line in run("gates/env").stdout.decode().splitlines()}
    shell = {"PWD", "OLDPWD", "SHLVL", "_"}
    assert {"PATH", "TZ", "SEALOCK_SERVICE"} <= names
    assert names - shell <= {"PATH", "HOME", "LANG", "TZ", "SEALOCK_SERVICE"}


@pytest.mark.parametrize("size", [0, 10, 3_000_000])
def test_it_reads_what_it_is_given_to_the_end(run: Run, size: int) -> None:
    found = run("gates/cat", b"x" * size)
    assert len(found.stdout) + found.dropped == size


def test_it_need_not_read(run: Run) -> None:
    assert run("gates/deaf", b"x" * 3_000_000).stdout == b"heard nothing\n"


def test_of_much_output_the_end_is_kept(run: Run) -> None:
    found = run("gates/loud")
    assert (len(found.stdout), found.stdout[-4:], found.dropped) == (1 << 20, b"\0END", 3_000_003 - (1 << 20))


def test_status_and_errors_are_told(run: Run) -> None:
    found = run("gates/status")
    assert (found.status, found.stdout, found.stderr) == (7, b"", b"no\n")


def test_a_signal_is_told(run: Run) -> None:
    assert run("gates/signal").status == -15


def test_one_that_does_not_end_is_killed_at_its_deadline(run: Run) -> None:
    found = run("gates/late", seconds=0.5)
    assert (found.timed_out, found.status, found.stdout) == (True, -9, b"begun\n")
    assert found.seconds < 20


def test_what_it_leaves_running_is_killed_and_not_waited_for(run: Run) -> None:
    found = run("gates/parent")
    child = int(found.stdout)
    assert (found.status, found.timed_out) == (0, False)
    assert found.seconds < 20
    assert not psutil.pid_exists(child) or psutil.Process(child).status() == psutil.STATUS_ZOMBIE


@pytest.mark.parametrize(
    ("path", "why"),
    [
        ("gates/absent", "gates/absent is not in the revision"),
        ("gates/lib", "gates/lib is not in the revision"),
        ("gates/plain", "gates/plain is not executable in Git"),
        ("gates/nothing", "it is no program"),
        ("gates/elsewhere", "what its first line names is not on this machine"),
        ("gates/out", "what its first line names is not on this machine"),
    ],
)
def test_what_cannot_be_started_is_told(run: Run, path: str, why: str) -> None:
    assert why in run(path).missing


@pytest.mark.parametrize("path", ["/bin/true", "../outside", "gates/../../x", ".", "..", ""])
def test_a_path_that_leaves_the_repository_is_refused(run: Run, path: str) -> None:
    with pytest.raises(Refused, match="is no file of the repository"):
        run(path)


def test_nothing_of_it_stays_open(run: Run) -> None:
    run("gates/parent")
    before = psutil.Process().num_fds()
    run("gates/parent")
    assert psutil.Process().num_fds() == before
