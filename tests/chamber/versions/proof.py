"""What a release of Codex has to show before Sealock takes it: the real program against a scripted model.

It is sealed on a host full of planted files and secrets, edits a file and answers by a schema, and does so
again from the record. What the next release's settings do with it shows that those begin where they should.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest import mock

import codex_binaries
import msgspec
from tests.chamber.cli import platform, sealock
from tests.chamber.perturbations import host
from tests.chamber.perturbations.catalogue import PERTURBATIONS, REPOSITORY, Perturbation
from tests.chamber.replays import Recorded, replays
from tests.chamber.scripted_model import patch, run, say, scripted, turn
from tests.chamber.sealed import QUICK, TOKEN, git, repository
from tests.chamber.versions.kept import Proof

from sealock.chamber import backends, canary, codex_versions, mcp_servers
from sealock.chamber.codex_binary import bundled_bwrap
from sealock.chamber.seal import INSIDE, compose
from sealock.domain.agent_run import CodexBinary, ModelEndpoint
from sealock.domain.mcp_server import McpServer, PinnedFile, tools_told
from sealock.domain.settings import AgentTask
from sealock.errors import Undecided

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from tests.chamber.scripted_model import Request

    from sealock.chamber.codex_versions import Release
    from sealock.domain.agent_run import SealedCommand, Setting

TOOLS = frozenset(
    {"exec_command", "write_stdin", "update_plan", "request_user_input", "apply_patch", "view_image"}
)
"""What a sealed model may be offered: it writes files and runs commands, all of them in the sandbox."""

_FLAGS = (
    ("--json",),
    ("--ignore-user-config",),
    ("--ignore-rules",),
    ("--ephemeral",),
    ("--skip-git-repo-check",),
    ("--sandbox", "workspace-write"),
    ("--output-schema", INSIDE.schema),
    ("--full-auto",),
)
"""The articles' flags, each as it is tried."""

_SCHEMA = {
    "type": "object",
    "properties": {"changed": {"type": "array", "items": {"type": "string"}}},
    "required": ["changed"],
    "additionalProperties": False,
}
_ANSWER = '{"changed": ["k.yaml"]}'
_SCRIPT = (
    turn(run("cat base.yaml; env | sort; ls -A", "c1"), run("git log --format=%s", "c2")),
    turn(patch("*** Add File: k.yaml\n+x: 1")),
    turn(patch("*** Update File: k.yaml\n@@\n-x: 1\n+x: 2", "p2")),
    turn(run("cat k.yaml; git status --short", "c3")),
    turn(say(_ANSWER)),
)
_LAB = "lab"
_LISTS = "features.code_mode"
_SERVER = Path(__file__).resolve().parents[1] / "tool_server.py"
_PYTHON = Path("/usr/bin/python3")
_NOTHING = Perturbation("nothing", "outcome")
_PLANTED = "canary-of-the-variable-5f0c71"
_SECONDS = 120
_MOST = 300


def prove(path: Path, version: str) -> Proof:
    """Run all of it with the program of a version. Raises nothing for what the program does wrong."""
    with path.open("rb") as content:
        sha256 = hashlib.file_digest(content, "sha256").hexdigest()
    binary = CodexBinary(str(path), version, sha256, "tests")
    with tempfile.TemporaryDirectory(prefix="sealock-proof-", dir="/var/tmp") as scratch:
        return _Proving(binary, Path(scratch)).proof()


def hostile() -> Perturbation:
    """Return one host with all files and variables of the catalogue at once."""
    files: dict[str, str] = {}
    environment: dict[str, str | None] = {}
    for each in PERTURBATIONS:
        if not each.executable:
            files |= each.files
            environment |= {name: value for name, value in each.environment.items() if name != "PATH"}
    return Perturbation("everything", "secret leak", files, environment)


class _Proving:
    def __init__(self, binary: CodexBinary, folder: Path) -> None:
        self._binary = binary
        self._folder = folder
        self._workspace = repository(folder / "workspace")
        self._schema = folder / "schema.json"
        self._schema.write_text(json.dumps(_SCHEMA))
        files = (_pinned(_SERVER),)
        self._servers = {_LAB: McpServer(_pinned(_PYTHON), (_SERVER.name,), files=files, startup_seconds=30)}
        self._traits = codex_versions.release(binary.version, allow_untested=True)

    def proof(self) -> Proof:
        faults: list[str] = []
        fingerprint = self._canary(faults)
        faults += self._strictness()
        faults += self._server()
        faults += self._borders()
        faults += self._edit()
        refuses, warns = self._flags()
        told = "--output-schema" in self._said("resume", "--help")
        return Proof(
            self._binary.version, self._binary.sha256, fingerprint, refuses, warns, told, tuple(faults)
        )

    def _canary(self, faults: list[str]) -> str:
        """Explain the run on a plain host and on a hostile one, and return the fingerprint."""
        usual, planted = (self._explained(each, faults) for each in (_NOTHING, hostile()))
        if not usual or not planted:
            return ""
        if usual["fingerprint"] != planted["fingerprint"]:
            faults.append("a hostile host changes what the model is told")
        found: str = usual["fingerprint"]
        return found

    def _explained(self, change: Perturbation, faults: list[str]) -> Any:  # noqa: ANN401 - any JSON
        program = {"path": self._binary.path, "sha256": self._binary.sha256, "allowUntested": True}
        settings = {
            "chamber": {"codex": program},
            "agent": {"fix": {"model": "gpt-5.5", "sandbox": "workspace-write"}},
        }
        files = {**change.files, f"{REPOSITORY}/sealock.yaml": json.dumps(settings)}
        change = Perturbation(change.name, change.kind, files, change.environment)
        newest = codex_binaries.VERSIONS[-1]
        bwrap = bundled_bwrap(CodexBinary(str(codex_binaries.program(newest)), newest, ""))
        words = ("explain", "--task", "fix", "--no-compare", "--format", "json")
        with tempfile.TemporaryDirectory() as scratch:
            host.plant(Path(scratch), change)
            argv = host.argv(
                bwrap, Path(scratch), change, [sys.executable, "-s", "-P", "-m", "sealock", *words]
            )
            done = subprocess.run(
                argv, stdin=subprocess.DEVNULL, capture_output=True, check=False, timeout=_SECONDS
            )
        if not done.stdout:
            faults.append(_short(f"explain on a host with {change.name}: {done.stderr.decode()}"))
            return None
        found = json.loads(done.stdout)
        if done.returncode or found["verdict"] != "sealed":
            faults.append(_short(f"not sealed on a host with {change.name}: {'; '.join(found['reasons'])}"))
        return found

    def _strictness(self) -> Iterator[str]:
        """Yield what is wrong with unknown settings: refused where there is a flag for it, else taken."""
        strict = "--strict-config" in self._traits.flags
        extra = ("-c", "no.such.setting=1")
        try:
            self._captured(self._traits, *extra, *(() if strict else ("--strict-config",)))
        except Undecided:
            return
        yield "an unknown setting is taken" if strict else "it takes --strict-config, and is not given it"

    def _server(self) -> Iterator[str]:
        """Yield what is wrong with an MCP server: the canary's request has to list its tools."""
        try:
            found = self._captured(self._traits)
        except Undecided as wrong:
            yield _short(f"with an MCP server: {wrong.message}")
            return
        if not tools_told(found.normalised, _LAB).names:
            yield "the tools of an MCP server are not told at once"

    def _borders(self) -> Iterator[str]:
        """Yield whether the next release's flags and settings would do for this version too."""
        newer = (
            each
            for each in codex_versions._RELEASES
            if each.since > self._traits.since and _pins(each) != _pins(self._traits)
        )
        later = next(newer, None)
        if later is None:
            return
        try:
            self._captured(later)
        except Undecided:
            return
        yield f"it takes what begins with {'.'.join(map(str, later.since))}"

    def _captured(self, traits: Release, *extra: str) -> canary.Captured:
        """Return what a run with other traits tells, `extra` being flags of `exec`, with an MCP server."""

        def composed(model: ModelEndpoint) -> SealedCommand:
            command = self._composed(model)
            ours = {each.key for each in self._traits.settings} | {_LISTS}
            told = mcp_servers.settings(self._servers, "", lists_tools=traits.lists_tools)
            lists = [each for each in told if each.key == _LISTS]
            kept = [each for each in command.settings if each.key not in ours]
            flags = (*traits.flags, "--sandbox", "workspace-write", *extra)
            return _with(command, *flags, *_options((*kept, *traits.settings, *lists)), "-")

        return canary.capture(composed, "bwrap")

    def _composed(self, model: ModelEndpoint) -> SealedCommand:
        task = AgentTask("gpt-5.5", sandbox="workspace-write", mcp_servers=self._servers)
        return compose(
            task,
            self._binary,
            model,
            "Do it",
            str(self._schema),
            workspace=str(self._workspace),
            allow_untested=True,
            servers=mcp_servers.verified(self._servers, str(self._workspace)),
        )

    def _edit(self) -> Iterator[str]:
        """Yield what is wrong with a run that edits a file and answers by a schema, and with its replay."""
        with scripted(_SCRIPT) as model, mock.patch.dict(os.environ, DEPLOY_TOKEN=_PLANTED):
            root = platform(self._folder, self._binary, model, {"base.yaml": "a: 1\n"})
            options = ("--task", "fix", "--allow-untested", "--quiet", "--format", "json", "--repo", root)
            done = sealock("exec", *options, "--schema", self._schema, "Do it")
        if done.status:
            yield _short(f"exec: {done.err}")
            return
        told = json.loads(done.out)
        tree = told["run"]["result"]["tree"]
        if git(root, "diff-tree", "--name-status", "HEAD", tree) != "A\tk.yaml":
            yield "exec: the tree is not what the model asked for"
        elif git(root, "show", f"{tree}:k.yaml") != "x: 2":
            yield "exec: the file is not what the model wrote"
        if told["run"]["final_message"] != _ANSWER:
            yield "exec: the answer is not the model's"
        yield from _wrong(model.requests)
        export = self._folder / "run.tar"
        exported = sealock("runs", "export", told["run"]["id"], "-o", export, "--repo", root)
        if exported.status:
            yield _short(f"export: {exported.err}")
            return
        found = Recorded(root, export, tree, len(_SCRIPT))
        yield from (_short(f"replay: {each}") for each in replays(found, 1, "--allow-untested") if each)

    def _flags(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Return which of the articles' flags are refused, and which are taken with a warning."""
        refuses, warns = [], []
        together = [part for each in _FLAGS[:-1] for part in each]
        single = _FLAGS[-1:] if self._started(*together)[0] == 0 else _FLAGS
        for each in single:
            status, said = self._started(*each)
            if status:
                refuses.append(each[0])
            elif each[0] in said:
                warns.append(each[0])
        return tuple(refuses), tuple(warns)

    def _started(self, *flags: str) -> tuple[int, str]:
        """Start `exec` with these flags and nothing of the adapter's but its settings."""
        with scripted((turn(say(_ANSWER)),)) as model:
            command = self._composed(ModelEndpoint(model.url, TOKEN))
            settings = [each for each in command.settings if not each.key.startswith("mcp_servers.")]
            return _ended(_with(command, *flags, *_options(settings), "-"))

    def _said(self, *words: str) -> str:
        command = self._composed(ModelEndpoint("http://127.0.0.1:1/v1", TOKEN))
        return _ended(_with(command, *words))[1]


def _pins(release: Release) -> tuple[object, ...]:
    return release.flags, release.settings, release.lists_tools


def _options(settings: Iterable[Setting]) -> Iterator[str]:
    for each in settings:
        yield from ("-c", f"{each.key}={each.value}")


def _with(command: SealedCommand, *words: str) -> SealedCommand:
    """Return the command with other words after `exec`."""
    return msgspec.structs.replace(command, argv=(command.argv[0], "exec", *words))


def _pinned(path: Path) -> PinnedFile:
    return PinnedFile(str(path), hashlib.sha256(path.read_bytes()).hexdigest())


def _ended(command: SealedCommand) -> tuple[int, str]:
    """Run a command in the sandbox to its end; return its status and all that it said."""
    with backends.start(command, "bwrap", QUICK) as agent:
        said = b"\n".join(line.content for line in agent).decode("utf-8", "replace")
        ended = agent.wait()
    return ended.status, f"{said}\n{ended.stderr_tail}"


def _wrong(requests: list[Request]) -> Iterator[str]:
    """Yield what is wrong with the requests of the run."""
    bodies = [each.json for each in requests if each.path.endswith("/responses")]
    if offered := {each.get("name") or each["type"] for each in bodies[0]["tools"]} - TOOLS:
        yield f"it is offered {', '.join(sorted(offered))}"
    for body in bodies:
        sent = body.get("text", {}).get("format", {})
        if (sent.get("type"), sent.get("strict"), sent.get("schema")) != ("json_schema", True, _SCHEMA):
            yield "a request has not the schema of the answer"
            return
    if any(_PLANTED.encode() in each.body for each in requests):
        yield "a variable of the host is told"


def _short(words: str) -> str:
    return " ".join(words.split())[:_MOST]
