"""A copy of a repository on which `sealock check` runs again and again, one mutation after the other."""

from __future__ import annotations

import contextlib
import io
import shutil
import subprocess
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import msgspec
from tests.mutations.mutation import CONFIGURATION

from sealock import wiring
from sealock.adapters.text_memo import TextMemo
from sealock.app.check import CheckRepository, Judges, Question
from sealock.cli import check as command
from sealock.cli.main import run
from sealock.domain.finding import Severity
from sealock.errors import SealockError
from sealock.report import findings_json
from sealock.rules.registry import RULE_IDS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tests.mutations.mutation import Edit, Mutation

ROOT = Path(__file__).resolve().parents[2]
_SETTINGS = "sealock.yaml"
_ORIGIN = "https://github.com/acme/data-manifests.git"
_IDENTITY = ("-c", "user.name=mutations", "-c", "user.email=mutations@acme.example")


class Said(msgspec.Struct, frozen=True):
    """What one check said: its exit code, findings and undecided as in the JSON report, its errors."""

    code: int
    findings: tuple[dict[str, Any], ...] = ()
    undecided: tuple[dict[str, Any], ...] = ()
    errors: str = ""


class Verdict(msgspec.Struct, frozen=True):
    """How a mutation was caught: with which severity, `undecided` or `refused`, and where; what was said."""

    caught: bool
    how: str = ""
    message: str = ""
    place: str = ""
    said: tuple[str, ...] = ()


class Checked:
    """The copy. What was rendered and judged once is remembered between checks, as it is for a user.

    Use it in `with`: its engine runs until then.
    """

    def __init__(self, source: str, folder: Path) -> None:
        """Copy the repository at `source` (relative to the project) to `folder`, and commit it."""
        self.root = folder
        self._stack = contextlib.ExitStack()
        self._asked: tuple[Judges, Question] | None = None
        shutil.copytree(ROOT / source, folder)
        self._git("init", "--quiet", "--initial-branch=main")
        self._git("remote", "add", "origin", _ORIGIN)
        self._commit()
        self._good = self._git("rev-parse", "HEAD").strip()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def command(self, *options: str) -> Said:
        """Run `sealock check`; a note counts too."""
        out, err = _Captured(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            code = run(["check", "--repo", str(self.root), "--format=json", "--fail-on=note", *options])
        return _said(code, out.written(), err.getvalue())

    def check(self) -> Said:
        """Do what the command does, with an engine that is kept, as `--watch` keeps it."""
        try:
            tree = TextMemo(wiring.files(str(self.root)), str(self.root), time.time_ns())
            judges, question = self._asked = self._asked or self._ask(tree)
            report = CheckRepository(tree, judges, question).run()
        except SealockError as error:
            return Said(error.exit_code, errors=f"{error.where}: {error.message}")
        return _said(report.exit_code(Severity.NOTE), findings_json.document(report), "")

    def _ask(self, tree: TextMemo) -> tuple[Judges, Question]:
        settings = wiring.settings(tree)
        options = {"select": (), "ignore": ()}
        question = command._question(options, frozenset(RULE_IDS), tree, settings)
        files = wiring.files(str(self.root))
        judges = wiring.judges(files, settings, question.versions, cached=True)
        return self._stack.enter_context(judges), question

    def mutated(self, mutation: Mutation) -> Said:
        """Return what a check says of one mutation; the copy is as it was afterwards. Raises Stale."""
        for number, step in enumerate(mutation.steps, 1):
            _apply(step, self.root)
            self._commit(mutation.said if mutation.said and number == len(mutation.steps) else "state")
        with self._restored(mutation.edits):
            _apply(mutation.edits, self.root)
            if mutation.since:
                return self.command("--since=HEAD")
            if mutation.steps or any(edit.path == _SETTINGS for edit in mutation.edits):
                return self.command()
            return self.check()

    @contextlib.contextmanager
    def _restored(self, edits: Sequence[Edit]) -> Iterator[None]:
        files = [self.root / edit.path for edit in edits]
        before = {file: file.read_bytes() if file.exists() else None for file in files}
        try:
            yield
        finally:
            for file, content in before.items():
                if content is not None:
                    file.write_bytes(content)
                elif file.exists():
                    file.unlink()
            if self._git("rev-parse", "HEAD").strip() != self._good:
                self._git("reset", "--quiet", "--hard", self._good)

    def _commit(self, message: str = "state") -> None:
        self._git("add", "--all")
        self._git(*_IDENTITY, "commit", "--quiet", "--allow-empty", f"--message={message}")

    def _git(self, *arguments: str) -> str:
        done = subprocess.run(
            ["git", "-C", str(self.root), *arguments], capture_output=True, text=True, check=True
        )
        return done.stdout


class _Captured(io.TextIOWrapper):
    """Takes text and bytes, as the standard output does."""

    def __init__(self) -> None:
        self._bytes = io.BytesIO()
        super().__init__(self._bytes, encoding="utf-8", write_through=True)

    def written(self) -> bytes:
        self.flush()
        return self._bytes.getvalue()


def _apply(edits: Sequence[Edit], root: Path) -> None:
    for edit in edits:
        edit.apply(root)


def _said(code: int, document: bytes, errors: str) -> Said:
    report = msgspec.json.decode(document) if document else {}
    return Said(code, tuple(report.get("findings", ())), tuple(report.get("undecided", ())), errors)


def verdict(mutation: Mutation, said: Said) -> Verdict:
    """Say whether the rule named by the mutation reports it, where the cause is."""
    everything = (*map(_line, (*said.findings, *said.undecided)), *filter(None, [said.errors]))
    if said.code == 0:
        return Verdict(caught=False, said=everything)
    if mutation.rule == CONFIGURATION:
        first = said.errors.partition("\n")[0]
        named = any(first.startswith(f"{file}:") for file in mutation.files)
        return Verdict(said.code == 2 and named, "refused", first, said=everything)
    for each in (*said.findings, *said.undecided):
        if each["rule"] == mutation.rule and each["file"] in mutation.files:
            how, place = each.get("severity", "undecided"), f"{each['file']}:{each['line']}"
            return Verdict(caught=True, how=how, message=each["message"], place=place, said=everything)
    return Verdict(caught=False, said=everything)


def _line(each: dict[str, Any]) -> str:
    how = each.get("severity", "undecided")
    return f"{how} {each['rule']} {each['file']}:{each['line']} {each['message']}"
