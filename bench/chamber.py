"""Measures sealed runs beside bare ones: the same real Codex, the same scripted model, in pairs.

    python -m bench.chamber [--rounds 10] [--codex 0.169.0] [--out docs/reference/benchmarks-chamber.md]

Every figure of a run is of a whole process, start to exit. The model answers at once, so what is measured is
all that is not the model: the sandbox, the clean copy, the proxy, the record. Processor time is that of the
process and of all that it started; other work on the machine stretches it less than the clock's.
It needs `tools/codex_binaries.py`.
"""

from __future__ import annotations

import argparse
import compileall
import http.client
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from tests.chamber.cli import platform
from tests.chamber.conftest import codex_program
from tests.chamber.records import manifest
from tests.chamber.scripted_model import Request, Turn, patch, run, say, scripted, turn

import sealock
from sealock.chamber.meter import Budget
from sealock.chamber.proxy import ModelProxy
from sealock.chamber.redaction import Redactor
from sealock.chamber.run_store import RunStore
from sealock.chamber.upstream import Upstream

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.chamber.scripted_model import ScriptedModel

SEALOCK = str(Path(sys.executable).parent / "sealock")
_TOGETHER = 8
_REQUESTS = 200
_REQUEST_BYTES = 36_000
_LOADED = (
    "sealock.cli.exec, sealock.app.run_agent, sealock.chamber.sealed_chamber, "
    "sealock.chamber.live_model, sealock.chamber.proxy, sealock.chamber.run_store, zstandard, rfc8785"
)
_SWITCH_SECONDS = 0.0005  # as `sealock exec` sets it
_TURNS = (
    turn(run("cat services.yaml")),
    turn(run("ls -la", "c2")),
    turn(patch("*** Add File: k.yaml\n+x", "p3")),
    turn(say("All done.")),
)


def _next(request: Request) -> Turn:
    """Answer by how much the agent has done: any number of runs can share the server."""
    return _TURNS[min(len(request.outputs), len(_TURNS) - 1)]


class Took(NamedTuple):
    """Seconds by the clock, and of the processor."""

    clock: float
    processor: float


def _processor() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _timed(command: Sequence[str], folder: Path, environment: dict[str, str]) -> Took:
    before = _processor()
    begun = time.perf_counter()
    done = subprocess.run(
        command,
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=300,
        check=False,
    )
    seconds = time.perf_counter() - begun
    if done.returncode:
        sys.exit(f"{command} ended with {done.returncode}\n{done.stdout[-2000:]!r}\n{done.stderr[-2000:]!r}")
    return Took(seconds, _processor() - before)


def _bare(program: str, url: str, home: Path) -> tuple[list[str], dict[str, str]]:
    provider = f'model_providers.local={{name="local",base_url="{url}",wire_api="responses",env_key="K"}}'
    command = [
        program, "exec", "--json", "--ignore-user-config", "--ignore-rules", "--ephemeral",
        "-s", "workspace-write", "-c", provider, "-c", "model_provider=local", "-c", "model=gpt-5.5", "Do it",
    ]  # fmt: skip
    home.mkdir(exist_ok=True)
    return command, {"PATH": os.environ["PATH"], "HOME": str(home), "CODEX_HOME": str(home), "K": "x" * 20}


def _together(command: Sequence[str], folder: Path, environment: dict[str, str]) -> float:
    begun = time.perf_counter()
    running = [
        subprocess.Popen(
            command,
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        for _ in range(_TOGETHER)
    ]
    codes = [each.wait(300) for each in running]
    if any(codes):
        sys.exit(f"of {_TOGETHER} runs side by side some failed: {codes}")
    return time.perf_counter() - begun


def _loading(folder: Path) -> float:
    """Return the processor time of a program that only loads what a run needs, in seconds."""
    command = [sys.executable, "-c", f"import gc, sealock.cli.main, {_LOADED}; gc.freeze()"]
    return statistics.median(_timed(command, folder, {"PATH": os.defpath}).processor for _ in range(7))


def _answered(connection: http.client.HTTPConnection, body: bytes, bearer: str) -> float:
    """Return the seconds until the whole answer is there."""
    headers = {"Authorization": f"Bearer {bearer}", "Content-Type": "application/json"}
    begun = time.perf_counter()
    connection.request("POST", "/v1/responses", body, headers)
    connection.getresponse().read()
    return time.perf_counter() - begun


def _proxied(model: ScriptedModel, folder: Path) -> list[float]:
    """Return what a proxy that records adds to each of some requests, in seconds, sorted."""
    words = " ".join(f"word{number}" for number in range(_REQUEST_BYTES // 8))[:_REQUEST_BYTES]
    content = [{"type": "input_text", "text": words}]
    item = {"type": "message", "role": "user", "content": content}
    body = json.dumps({"model": "gpt-5.5", "stream": True, "input": [item]}).encode()
    recorder = RunStore(str(folder)).begin(manifest(), Redactor({}))
    sys.setswitchinterval(_SWITCH_SECONDS)
    with ModelProxy("record", Upstream(model.url), Budget(), recorder) as proxy:
        bearer = proxy.endpoint.token
        hosts = (model.url.split("/")[2], proxy.endpoint.url.split("/")[2])
        straight, through = (http.client.HTTPConnection(each, timeout=60) for each in hosts)
        added = []
        for number in range(_REQUESTS + 10):
            pair = _answered(straight, body, bearer), _answered(through, body, bearer)
            if number >= 10:  # noqa: PLR2004 - the first load what they need
                added.append(pair[1] - pair[0])
        straight.close()
        through.close()
    recorder.finish(manifest())
    return sorted(added)


def page(rounds: int, version: str) -> str:
    """Return the page."""
    load = os.getloadavg()[0]
    # As an installed package is.
    compileall.compile_dir(Path(sealock.__file__).parent, quiet=1)
    with tempfile.TemporaryDirectory(prefix="sealock-bench-") as scratch, scripted(_next) as model:
        folder = Path(scratch)
        codex = codex_program(version)
        root = platform(folder, codex, model, {"services.yaml": "services: {}\n"})
        sealed = [SEALOCK, "exec", "--repo", str(root), "--task", "fix", "Do it"]
        environment = {**os.environ, "SEALOCK_CACHE_DIR": str(folder / "cache")}
        bare, bare_environment = _bare(codex.path, model.url, folder / "home")
        pairs = []
        for number in range(rounds + 1):
            pair = _timed(bare, root, bare_environment), _timed(sealed, root, environment)
            subprocess.run(["git", "clean", "-qfd"], cwd=root, check=True)
            if number:  # the first fills caches
                pairs.append(pair)
        loading = _loading(folder)
        together = _together(sealed, root, environment)
        proxied = _proxied(model, folder)
    theirs, ours = [each[0].clock for each in pairs], [each[1].clock for each in pairs]
    extra = sorted(sealed.clock - bare.clock for bare, sealed in pairs)
    work = statistics.median(sealed.processor - bare.processor for bare, sealed in pairs)
    late = proxied[len(proxied) * 9 // 10]
    allowed = 0.05 * statistics.median(theirs) + 0.15
    return (
        "# Benchmarks of sealed runs\n"
        "Written by `make bench`; do not edit.\n"
        f"{os.uname().sysname} {os.uname().machine}, {os.cpu_count()} cores, Codex {version}. "
        f"Whole processes in pairs, {rounds} rounds, one run.\n"
        f"The model answers at once, {len(_TURNS)} turns. "
        f"The load average of the machine was {load:.1f} before.\n\n"
        "| what | measured | wanted |\n| --- | --- | --- |\n"
        f"| bare `codex exec`, median | {statistics.median(theirs):.2f} s | – |\n"
        f"| `sealock exec`, median | {statistics.median(ours):.2f} s | – |\n"
        f"| what sealing adds, median of the pairs (range) | {statistics.median(extra) * 1000:.0f} ms "
        f"({extra[0] * 1000:.0f}–{extra[-1] * 1000:.0f}) | 5 % + 150 ms = {allowed * 1000:.0f} ms |\n"
        f"| the same in processor time, median of the pairs | {work * 1000:.0f} ms | – |\n"
        f"| of that, Python with a run's modules, only loaded | {loading * 1000:.0f} ms | – |\n"
        f"| what the proxy adds to a request of {_REQUEST_BYTES // 1000} KB, median (90 of 100) | "
        f"{statistics.median(proxied) * 1000:.1f} ms ({late * 1000:.1f}) | 3 ms |\n"
        f"| {_TOGETHER} sealed runs side by side, all of them | {together:.1f} s | all end well |\n"
    )


def main() -> None:
    """Measure, and write or print the page."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--codex", default="0.169.0")
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    text = page(options.rounds, options.codex)
    if options.out:
        options.out.write_text(text)
    else:
        print(text)


if __name__ == "__main__":
    main()
