"""Runs sealock on repositories with random faults, and keeps those on which it breaks.

python -m tests.fuzz.fuzzer [--seconds 600] [--seed 1] [--only NUMBER]
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import resource
import shutil
import signal
import sys
import tempfile
import time
import traceback
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, NamedTuple, NoReturn
from xml.etree import ElementTree as ET

from tests.fuzz.in_process import Ran, git, sealock
from tests.fuzz.mutate import ROOT, Files, mutated, read, seeds

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

FAILURES = ROOT / ".cache" / "fuzz"
_SECONDS = 20
_BYTES = 600 * 1024 * 1024
_BROKEN = ("Traceback", "engine-died", "engine died", "panic:", "nil pointer", "runtime error")
# Kustomize itself crashes on some input, an image name that is no regular expression among it.
_KUSTOMIZES_OWN = ("(in sigs.k8s.io/kustomize/", "(in regexp.(*Regexp).doExecute)")
_PARSERS: dict[str, Callable[[bytes], object]] = {
    "json": json.loads,
    "sarif": json.loads,
    "gitlab": json.loads,
    "junit": ET.fromstring,
    "github": bytes.decode,
    "text": bytes.decode,
    "html": bytes.decode,
    "markdown": bytes.decode,
}


class Broken(Exception):
    """What sealock must never do."""


class Failure(NamedTuple):
    """A repository on which sealock broke; `folder` has it as small as it got."""

    seed: int
    number: int
    folder: Path
    message: str

    def __str__(self) -> str:
        again = f"python -m tests.fuzz.fuzzer --seed {self.seed} --only {self.number}"
        return f"{self.message}\n  repository: {self.folder}\n  again: {again}"


class Fuzzer:
    """Breaks repositories below `folder`, one after the other."""

    def __init__(self, folder: Path, seed: int, start: list[Files] | None = None) -> None:
        self._repository = folder / "repository"
        self._seed = seed
        self._seeds = start or seeds()
        self.failures: list[Failure] = []
        self.runs = 0

    def one(self, number: int, trial: Trial | None = None) -> None:
        """Try the repository of that number; remember it if sealock breaks."""
        random = Random(f"{self._seed}/{number}")  # noqa: S311 - repeatable, not secret
        base = random.choice(self._seeds)
        head = mutated(base, self._seeds, random)
        trial = trial or random.choice(TRIALS)
        self.runs += 1
        message = self._broken(base, head, trial)
        if message:
            message = self._reduced(base, head, trial) or message
            kept = FAILURES / f"{self._seed}-{number}"
            shutil.rmtree(kept, ignore_errors=True)
            shutil.copytree(self._repository, kept, symlinks=True)
            self.failures.append(Failure(self._seed, number, kept, message))

    def _reduced(self, base: Files, head: Files, trial: Trial) -> str:
        """Take back every change that is not needed, and leave what is on the disk."""
        for path in sorted(head.keys() | base.keys()):
            fewer = {each: content for each, content in head.items() if each != path}
            if path in base:
                fewer[path] = base[path]
            if fewer != head and self._broken(base, fewer, trial):
                head = fewer
        return self._broken(base, head, trial)

    def _broken(self, base: Files, head: Files, trial: Trial) -> str:
        """Return how sealock breaks, or an empty text."""
        shutil.rmtree(self._repository, ignore_errors=True)
        self._repository.mkdir(parents=True)
        write(base, self._repository)
        git(self._repository, "init", "-qb", "main")
        git(self._repository, "remote", "add", "origin", "https://github.com/acme/platform.git")
        git(self._repository, "add", "-A")
        git(self._repository, "commit", "-qm", "base", "--allow-empty")
        for each in self._repository.iterdir():
            if each.name != ".git":
                shutil.rmtree(each) if each.is_dir() and not each.is_symlink() else each.unlink()
        write(head, self._repository)
        try:
            with time_limit(_SECONDS):
                trial(self._repository)
        except Exception as wrong:  # noqa: BLE001 - that is what is looked for
            last = traceback.format_exception(wrong)
            return f"{trial.__name__}: {wrong!r}\n{''.join(last[-4:])}"
        return ""


def write(files: Files, folder: Path) -> None:
    """Write what the file system lets be written."""
    for path, content in files.items():
        to = folder / path
        with contextlib.suppress(OSError):
            to.parent.mkdir(parents=True, exist_ok=True)
            if isinstance(content, Path):
                to.symlink_to(content)
            elif not to.is_symlink():
                to.write_bytes(content)


@contextlib.contextmanager
def time_limit(seconds: int) -> Iterator[None]:
    """Raise TimeoutError in this thread after some seconds."""

    def ring(*_: object) -> NoReturn:
        raise TimeoutError

    before = signal.signal(signal.SIGALRM, ring)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def command(repository: Path, name: str, *arguments: str) -> Ran:
    """Run a command, which must end well or say what is wrong."""
    return judge(sealock(name, *arguments, "--repo", str(repository)))


def judge(ran: Ran) -> Ran:
    """Return a run that ended as it may. Raises Broken."""
    said = ran.err + ran.out.decode(errors="replace")
    if ran.code not in {0, 1, 2, 3}:
        message = f"exit code {ran.code}"
        raise Broken(message)
    for each in _BROKEN:
        if each in said and not any(own in said for own in _KUSTOMIZES_OWN):
            message = f"said {each!r}: {said[max(0, said.index(each) - 300) :][:900]}"
            raise Broken(message)
    return ran


def reported(repository: Path, name: str, form: str, *arguments: str) -> None:
    """Run a command; what it prints must be of its format."""
    ran = command(repository, name, "--format", form, *arguments)
    if ran.code != 2 and (ran.out or name == "check"):
        _PARSERS[form](ran.out)


class Trial:
    """One way to run sealock on a repository."""

    def __init__(self, name: str, run: Callable[[Path], object]) -> None:
        self.__name__ = name
        self._run = run

    def __call__(self, repository: Path) -> None:
        """Run. Raises whatever is wrong."""
        self._run(repository)


def _fix(repository: Path) -> None:
    """Safe fixes change no render, and a second time nothing at all."""
    command(repository, "check", "--fix", "--diff")
    before = command(repository, "render", "--all", "--quiet").out
    first = command(repository, "check", "--fix")
    after = command(repository, "render", "--all", "--quiet").out
    if before != after:
        message = "--fix changed what is rendered"
        raise Broken(message)
    files = read(repository)
    command(repository, "check", "--fix")
    if first.code != 2 and files != read(repository):
        message = "a second --fix changed something"
        raise Broken(message)


def _check(form: str, *arguments: str) -> Trial:
    name = " ".join(("check", form, *arguments))
    return Trial(name, lambda repository: reported(repository, "check", form, *arguments))


def _diff(form: str) -> Trial:
    return Trial(f"diff {form}", lambda repository: reported(repository, "diff", form))


TRIALS = (
    *map(_check, ("json", "text", "sarif", "github", "gitlab", "junit")),
    _check("json", "--since", "HEAD"),
    _check("sarif", "--since", "HEAD"),
    *map(_diff, ("text", "json", "markdown", "html")),
    Trial("fix", _fix),
    Trial("fix unsafe", lambda repository: command(repository, "check", "--fix", "--unsafe")),
    Trial("applications", lambda repository: command(repository, "render", "--applications")),
)


def for_seconds(fuzzer: Fuzzer, seconds: float) -> Fuzzer:
    """Try one repository after the other for some seconds."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        fuzzer.one(fuzzer.runs)
    return fuzzer


def memory() -> tuple[int, int]:
    """Return the most bytes that this process and any child, engines included, have had resident."""
    unit = 1 if sys.platform == "darwin" else 1024
    mine, theirs = (
        resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    )
    return mine * unit, theirs * unit


def main() -> None:
    """Fuzz from the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=600)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--only", type=int)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="sealock-fuzz-") as folder:
        os.environ |= {"SEALOCK_CACHE_DIR": f"{folder}/cache", "SEALOCK_ENGINES": "1"}
        fuzzer = Fuzzer(Path(folder), options.seed)
        if options.only is None:
            for_seconds(fuzzer, options.seconds)
        else:
            fuzzer.one(options.only)
    for failure in fuzzer.failures:
        sys.stdout.write(f"{failure}\n")
    mine, theirs = (each / 2**20 for each in memory())
    sys.stdout.write(
        f"seed {options.seed}: {fuzzer.runs} repositories, {len(fuzzer.failures)} failures; "
        f"at most {mine:.0f} MiB here and {theirs:.0f} MiB in an engine\n"
    )
    sys.exit(bool(fuzzer.failures) or max(memory()) > _BYTES)


if __name__ == "__main__":
    main()
