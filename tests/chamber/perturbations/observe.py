"""Runs the agent on a planted host, with the article's flags or sealed, and keeps all that was sent and said.

`main` is the part on the host itself, in a process of its own.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from tests.chamber.perturbations import host
from tests.chamber.perturbations.catalogue import CODEX_HOME
from tests.chamber.scripted_model import run, say, scripted, turn

from sealock.chamber import backends, seal
from sealock.chamber.workspace import open_workspace
from sealock.domain.agent_run import CodexBinary, Limits, ModelEndpoint
from sealock.domain.settings import AgentTask

if TYPE_CHECKING:
    from tests.chamber.perturbations.catalogue import Perturbation

Arrangement = Literal["article", "sealed"]

_ROOT = Path(__file__).resolve().parents[3]
_ON_THE_HOST = (
    "import json, sys; sys.path[:0] = [sys.argv[1]];"
    " from tests.chamber.perturbations import observe; observe.main(json.loads(sys.argv[2]))"
)
_SECONDS = 12.0
_PROMPT = "Say what there is."

# What a curious model would ask for. Ids that Codex makes up are no leak.
_CURIOUS = """
exec 2>&1; here=$PWD
env | grep -vE '^CODEX_(SESSION|THREAD|TOOL_CALL)_ID=|^_=' | sort; umask; id -un; pwd; ls -a
for home in ~ /home/dev /home/agent
do cd $home && cat .ssh/* .netrc .aws/* .kube/* .codex/auth.json .codex/.env
done; cd "$here"; cat .env notes README.md
git status --short; git config --list; git branch; ls /etc/codex /home /root /work
grep -ahos 'canary-[0-9a-f]*' /proc/1/environ /proc/self/environ /proc/$PPID/environ /proc/$PPID/cmdline
true
""".strip()


@dataclass(frozen=True)
class Observation:
    """What came of a run: each request as it came, how the program ended (None: it was killed), its words."""

    requests: tuple[tuple[dict[str, str], str], ...]
    status: int | None
    said: str

    @property
    def everything(self) -> str:
        """All text in which a planted secret could stand."""
        return json.dumps(asdict(self))


def observe(bwrap: str, binary: CodexBinary, change: Perturbation, arrangement: Arrangement) -> Observation:
    """Run once on a host with this change. Raises RuntimeError where that did not work."""
    with tempfile.TemporaryDirectory() as scratch, host.standard_input(change) as stdin:
        folder = Path(scratch)
        host.plant(folder, change)
        order = json.dumps(
            {
                "path": binary.path,
                "version": binary.version,
                "sha256": binary.sha256,
                "arrangement": arrangement,
            }
        )
        program = [sys.executable, "-s", "-P", "-c", _ON_THE_HOST, str(_ROOT), order]
        argv = host.argv(bwrap, folder, change, program)
        done = subprocess.run(argv, stdin=stdin, capture_output=True, text=True, check=False, timeout=90)
    if done.returncode:
        message = f"{change.name}: the observer ended with {done.returncode}: {done.stderr[-2000:]}"
        raise RuntimeError(message)
    found = json.loads(done.stdout)
    requests = tuple((headers, body) for headers, body in found["requests"])
    return Observation(requests, found["status"], found["said"])


def _article(order: dict[str, Any], url: str) -> tuple[int | None, str]:
    """Start Codex as the article does; `--full-auto` became what it stood for."""
    provider = f'model_providers.scripted={{name="scripted",base_url="{url}",wire_api="responses"}}'
    settings = (
        "model=gpt-5.5",
        "model_reasoning_effort=medium",
        "model_reasoning_summary=concise",
        "sandbox_mode=workspace-write",
        "sandbox_workspace_write.network_access=false",
        provider,
        "model_provider=scripted",
    )
    flags = ("--json", "--ignore-user-config", "--ignore-rules", "--ephemeral")
    argv = [order["path"], "exec", *flags, *(part for each in settings for part in ("-c", each)), _PROMPT]
    Path(os.environ.get("CODEX_HOME", CODEX_HOME)).mkdir(parents=True, exist_ok=True)
    process = subprocess.Popen(
        argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True
    )
    try:
        said, _ = process.communicate(timeout=_SECONDS)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, 9)
        said, _ = process.communicate()
        return None, said
    return process.returncode, said


def _sealed(order: dict[str, Any], url: str) -> tuple[int | None, str]:
    """Start Codex as Sealock does: the seal, a clean copy of the newest commit, bubblewrap."""
    binary = CodexBinary(order["path"], order["version"], order["sha256"])
    task = AgentTask("gpt-5.5", sandbox="workspace-write", summary="concise")
    with open_workspace(str(Path.cwd())) as workspace:
        endpoint = ModelEndpoint(url, "not-a-key")
        command = seal.compose(task, binary, endpoint, _PROMPT, None, workspace=workspace.path)
        with backends.start(command, "bwrap", Limits(_SECONDS, _SECONDS)) as agent:
            said = b"\n".join(line.content for line in agent).decode()
            ended = agent.wait()
        left = workspace.tree()
    return ended.status if ended.ended_by == "itself" else None, f"{said}\n{ended.stderr_tail}\n{left}"


def main(order: dict[str, Any]) -> None:
    """Run in one arrangement against a scripted model, and print what was observed as JSON."""
    start = _sealed if order["arrangement"] == "sealed" else _article
    with scripted([turn(run(_CURIOUS)), turn(say("Done."))]) as model:
        status, said = start(order, model.url)
    requests = [(each.headers, each.body.decode()) for each in model.requests]
    json.dump({"requests": requests, "status": status, "said": said}, sys.stdout)
