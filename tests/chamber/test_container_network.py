"""A task with a network: only in a container, only to what its allow-list names, and all of it on record."""

from __future__ import annotations

import json
import socketserver
import sys
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import msgspec
import pytest
import yaml
from tests.chamber import container_image
from tests.chamber.cli import platform, sealock
from tests.chamber.scripted_model import Request, Turn, patch, run, say, scripted, turn

from sealock.app.fan_out import Piece
from sealock.app.run_agent import AgentRequest
from sealock.app.run_terms import NO_TERMS
from sealock.chamber.proxy import ModelProxy
from sealock.wiring import files
from sealock.wiring.chamber import RunOptions, ServiceRuns
from sealock.wiring.deployed import settings_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.chamber.scripted_model import ScriptedModel

    from sealock.domain.agent_run import CodexBinary

pytestmark = [
    pytest.mark.enable_socket,
    pytest.mark.timeout(900),
    pytest.mark.skipif(sys.platform != "linux", reason="Codex is pinned for Linux"),
]

# A client of proxies as its variables say, for an image with no more of Python than the minimum.
_CLIENT = """\
import os, socket, sys
host, port = os.environ["https_proxy"].removeprefix("http://").rsplit(":", 1)
assert len({os.environ[each] for each in ("HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY", "http_proxy")}) == 1
with socket.create_connection((host, int(port)), 10) as gate:
    gate.sendall(f"CONNECT {sys.argv[1]} HTTP/1.1\\r\\nHost: {sys.argv[1]}\\r\\n\\r\\n".encode())
    answer = gate.makefile("rb")
    status = answer.readline().split()[1].decode()
    while answer.readline().strip():
        pass
    if status == "200":
        gate.sendall(b"hello\\n")
    print(sys.argv[1], status, answer.readline().decode().strip())
"""
# What must fail without the gate, and what a tool must not find.
_AROUND = """\
import glob, socket, sys
def tried(name, act):
    try:
        print(name, "REACHED", act())
    except OSError as wrong:
        print(name, "no:", type(wrong).__name__)
for to in sys.argv[1:]:
    host, port = to.rsplit(":", 1)
    tried(to, lambda: socket.create_connection((host, int(port)), 5))
tried("pypi.org", lambda: socket.getaddrinfo("pypi.org", 443))
found = 0
for each in glob.glob("/proc/[0-9]*/environ"):
    try:
        found += b"SEALOCK_MODEL_TOKEN" in open(each, "rb").read()
    except OSError:
        pass
print("bearers", found)
with socket.create_connection(("127.0.0.1", 8080), 5) as model:
    model.sendall(b"POST /v1/responses HTTP/1.1\\r\\nHost: x\\r\\nContent-Length: 2\\r\\n\\r\\n{}")
    print("model", model.recv(100).split()[1].decode())
"""
_FILES = {"ask.py": _CLIENT, "around.py": _AROUND}


class _Greeter(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        self.wfile.write(b"outside heard " + self.rfile.readline())


@contextmanager
def outside() -> Iterator[int]:
    """Give the port of a server on this machine's loopback, which stands for the world."""
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), _Greeter) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield server.server_address[1]
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture
def _image() -> None:
    if why := container_image.why_not():
        pytest.skip(why)


@pytest.fixture
def proxies(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Give the host and port of each model proxy that begins to listen."""
    found: list[str] = []
    enter = ModelProxy.__enter__

    def entered(proxy: ModelProxy) -> ModelProxy:
        enter(proxy)
        found.append(urlsplit(proxy.endpoint.url).netloc)
        return proxy

    monkeypatch.setattr(ModelProxy, "__enter__", entered)
    return found


def _platform(
    folder: Path, codex: CodexBinary, model: ScriptedModel, allow: list[str], **task: object
) -> Path:
    root = platform(folder, codex, model, _FILES)
    file = root / "sealock.yaml"
    settings = yaml.safe_load(file.read_text())
    settings["agent"]["fetch"] = {**settings["agent"]["fix"], "network": {"allow": allow}, **task}
    file.write_text(json.dumps(settings))
    return root


def _said(model: ScriptedModel) -> list[str]:
    """Return what the tools printed, line by line."""
    texts = [str(each["output"]).partition("Output:\n")[2] for each in model.requests[-1].outputs]
    return "\n".join(texts).splitlines()


@pytest.mark.usefixtures("_image")
def test_tools_reach_what_is_named_and_nothing_else(
    codex: CodexBinary, tmp_path: Path, proxies: list[str]
) -> None:
    with outside() as named, outside() as private:
        asked: list[str] = []

        def script(request: Request) -> Turn:
            if request.outputs:
                return turn(say("done"))
            upstream = urlsplit(model.url).netloc
            private_name = f"localhost:{private}"
            asked[:] = [f"127.0.0.1:{named}", f"127.0.0.1:{private}", private_name, proxies[-1], upstream]
            asked.extend(["other.example:443", "169.254.169.254:80"])
            around = f"python3 around.py 127.0.0.1:{named} 1.1.1.1:443 {proxies[-1]}"
            return turn(run("; ".join([*(f"python3 ask.py {each}" for each in asked), around])))

        with scripted(script) as model:
            root = _platform(tmp_path, codex, model, [f"127.0.0.1:{named}", f"localhost:{private}"])
            ran = sealock("exec", "--backend", "container", "--task", "fetch", "--repo", root, "Do it")
        assert ran.status == 0, ran.err
        refused = "the allow-list does not name it"
        leads = "which is loopback, and no entry names that address"
        expected = [
            f"127.0.0.1:{named} 200 outside heard hello",
            f"127.0.0.1:{private} 403 sealock: 127.0.0.1:{private}: {refused}",
            f"localhost:{private} 403 sealock: localhost:{private}: it leads to ",
            f"{asked[3]} 403 sealock: {asked[3]}: {refused}",
            f"{asked[4]} 403 sealock: {asked[4]}: {refused}",
            f"other.example:443 403 sealock: other.example:443: {refused}",
            f"169.254.169.254:80 403 sealock: 169.254.169.254:80: {refused}",
            f"127.0.0.1:{named} no: ConnectionRefusedError",
            "1.1.1.1:443 no: OSError",
            f"{asked[3]} no: ConnectionRefusedError",
            "pypi.org no: gaierror",
            "bearers 0",
            "model 401",
        ]
        said = _said(model)
        assert [each[: len(line)] for each, line in zip(said, expected, strict=True)] == expected
        assert said[2].endswith(leads)

    shown = json.loads(sealock("runs", "show", "last", "--format", "json", "--repo", root).out)["run"]
    network = shown["details"]["network"]
    assert (network["allow"], network["hermetic"]) == ([f"127.0.0.1:{named}", f"localhost:{private}"], False)
    assert [(f"{each['host']}:{each['port']}", each["allowed"]) for each in network["attempts"]] == [
        (each, each == asked[0]) for each in asked
    ]
    first = network["attempts"][0]
    assert (first["address"], first["sent"], first["received"]) == ("127.0.0.1", 6, 20)
    lines = sealock("runs", "show", "last", "--repo", root).out.splitlines()
    assert f"  127.0.0.1 port {named} at 127.0.0.1: 6 bytes sent, 20 received" in lines
    assert f"  refused other.example port 443: {refused}" in lines
    assert "not hermetic, it had the network: 1 connection, 6 refused" in ran.err

    request = msgspec.convert(shown["details"]["request"], AgentRequest)
    runs = ServiceRuns(str(root), settings_of(files(str(root))), RunOptions(), NO_TERMS)
    assert runs.known(Piece("fetch", request)) is None

    for level in ("transport", "behaviour", "tree"):
        replayed = sealock("replay", "last", "--level", level, "--repo", root)
        assert (replayed.status, replayed.out) == (3, "")
        assert "its tools had the network" in replayed.err


@pytest.mark.usefixtures("_image")
def test_a_task_without_a_network_has_no_gate(newest_codex: CodexBinary, tmp_path: Path) -> None:
    look = "env | grep -i proxy; ls /run/sealock; (echo x > /dev/tcp/127.0.0.1/8081) 2>/dev/null; echo $?"
    with scripted([turn(run(look)), turn(patch("*** Add File: k.yaml\n+x: 1")), turn(say("ok"))]) as model:
        root = platform(tmp_path, newest_codex, model)
        ran = sealock("exec", "--backend", "container", "--task", "fix", "--repo", root, "Do it")
        outputs = str(model.requests[1].outputs[0]["output"]).partition("Output:\n")[2]
    assert ran.status == 0, ran.err
    assert outputs.split() == ["life.sock", "model.sock", "1"]
    shown = json.loads(sealock("runs", "show", "last", "--format", "json", "--repo", root).out)["run"]
    assert "network" not in shown["details"]


@pytest.mark.usefixtures("_image")
def test_who_is_asked_for_the_answer_again_has_no_network(newest_codex: CodexBinary, tmp_path: Path) -> None:
    schema = {
        "type": "object",
        "properties": {"a": {"type": "string"}},
        "required": ["a"],
        "additionalProperties": False,
    }
    (tmp_path / "schema.json").write_text(json.dumps(schema))

    def script(request: Request) -> Turn:
        if len(model.requests) == 1:
            return turn(say("no answer"))
        if not request.outputs:
            return turn(run("env | grep -ci proxy; ls /run/sealock"))
        return turn(say('{"a": "b"}'))

    with outside() as named, scripted(script) as model:
        root = _platform(tmp_path, newest_codex, model, [f"127.0.0.1:{named}"])
        options = ("--backend", "container", "--task", "fetch", "--schema", tmp_path / "schema.json")
        ran = sealock("exec", *options, "--repo", root, "Do it")
    assert ran.status == 0, ran.err
    assert _said(model)[:3] == ["0", "life.sock", "model.sock"]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ((), "the backend bwrap has no gate"),
        (("--unsealed",), "the backend none has no gate"),
    ],
)
@pytest.mark.parametrize("command", [("exec", "Do it"), ("exec", "--dry-run", "Do it")])
def test_without_a_container_a_network_is_refused_before_anything_starts(
    newest_codex: CodexBinary,
    tmp_path: Path,
    command: tuple[str, ...],
    options: tuple[str, ...],
    words: str,
) -> None:
    with scripted([]) as model:
        root = _platform(tmp_path, newest_codex, model, ["pypi.org"])
        done = sealock(*command, "--task", "fetch", *options, "--repo", root)
    assert (done.status, done.out, model.requests) == (2, "", [])
    assert words in done.err
    assert not list(root.glob(".sealock/runs/*"))


@pytest.mark.usefixtures("_image")
def test_a_task_that_only_reads_gets_no_network(newest_codex: CodexBinary, tmp_path: Path) -> None:
    with scripted([]) as model:
        root = _platform(tmp_path, newest_codex, model, ["pypi.org"])
        options = ("--backend", "container", "--task", "fetch", "--sandbox", "read-only", "--repo", root)
        done = sealock("exec", *options, "Do it")
    assert (done.status, model.requests) == (2, [])
    assert "Codex gives none to tools in the sandbox read-only" in done.err


@pytest.mark.usefixtures("_image")
def test_a_dry_run_explain_and_the_lock_name_the_network(newest_codex: CodexBinary, tmp_path: Path) -> None:
    with scripted([]) as model:
        root = _platform(tmp_path, newest_codex, model, ["*.example.com:8443", "pypi.org"])
    task = ("--backend", "container", "--task", "fetch", "--repo", root)
    words = "*.example.com:8443, pypi.org:443"
    dry = sealock("exec", "--dry-run", *task, "Do it").out
    assert f"network {words}: not hermetic" in dry
    assert f"the network, but for the model and, for tools, {words}" in dry
    first = json.loads(sealock("exec", "--dry-run", "--format", "json", *task, "Do it").out)
    assert first["network"] == ["*.example.com:8443", "pypi.org:443"]
    assert f"network     {words}: not hermetic" in sealock("explain", "--no-compare", *task).out

    # The other tasks are locked as they run.
    sealock("lock", "--repo", root)
    locked = json.loads((root / "agent.lock").read_text())["tasks"]
    assert {name: (each["backend"], each.get("network")) for name, each in locked.items()} == {
        "fetch": ("container", words),
        "fix": ("bwrap", None),
        "review": ("bwrap", None),
    }
    file = root / "sealock.yaml"
    file.write_text(file.read_text().replace("pypi.org", "files.example"))
    checked = sealock("lock", "--check", "--repo", root)
    assert checked.status == 1
    assert "task fetch: what tools may connect to changed from" in checked.out
    second = json.loads(sealock("exec", "--dry-run", "--format", "json", *task, "Do it").out)
    assert second["action"] != first["action"]


def test_advice_for_a_network_is_an_allow_list_in_a_container(
    newest_codex: CodexBinary, tmp_path: Path
) -> None:
    with scripted([]) as model:
        root = _platform(tmp_path, newest_codex, model, ["pypi.org"])
    advise = ("exec", "--advise", "--repo", root, "--format", "json")
    granted = sealock(*advise, "--task", "fetch", "--backend", "container")
    assert (granted.status, json.loads(granted.out)["sandbox"]) == (0, "workspace-write")
    assert "network: only pypi.org:443" in granted.out
    for options in ((), ("--unsealed",), ("--backend", "container", "--unsealed")):
        refused = sealock(*advise, "--task", "fetch", *options)
        assert (refused.status, json.loads(refused.out)["sandbox"]) == (1, "")
    unnamed = sealock(*advise, "--needs", "network", "--backend", "container")
    assert (unnamed.status, json.loads(unnamed.out)["sandbox"]) == (1, "")


@pytest.mark.parametrize("entry", ["*.com", "127.1", "pypi.org:99999", "2001:db8::1", "https://pypi.org"])
def test_what_is_no_host_and_port_is_a_fault_of_the_file(
    newest_codex: CodexBinary, tmp_path: Path, entry: str
) -> None:
    with scripted([]) as model:
        root = _platform(tmp_path, newest_codex, model, [entry])
    done = sealock("exec", "--advise", "--task", "fetch", "--repo", root)
    assert done.status == 2
    assert entry in done.err
