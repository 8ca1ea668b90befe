"""A Git server over HTTP on loopback: `git http-backend` behind Python's own server, with faults on order."""

from __future__ import annotations

import os
import subprocess
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

_BACKEND_SECONDS = 30

Fault = Literal["", "cut before", "cut after", "cut answer", "hang"]


class GitServer:
    """Serves the bare repositories below a folder.

    `fault` says what happens to the next request, given its method, path and query: nothing for empty,
    a status such as `503`, or the connection is cut before the server took it or after. `served` are the
    requests that came, `taken` those that Git got.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.fault: Callable[[str], str] = lambda _: ""
        self.served: list[str] = []
        self.taken: list[str] = []
        self.released = threading.Event()
        self.port = 0

    def url(self, name: str = "remote.git", credentials: str = "") -> str:
        return f"http://{credentials}127.0.0.1:{self.port}/{name}"

    def answer(self, request: BaseHTTPRequestHandler) -> None:
        line = f"{request.command} {request.path}"
        self.served.append(line)
        body = _body(request)
        fault = self.fault(line)
        if fault.isdecimal():
            request.send_error(int(fault))
            return
        if fault == "hang":
            self.released.wait(_BACKEND_SECONDS)
        if fault in {"cut before", "hang"}:
            _cut(request)
            return
        self.taken.append(line)
        head, _, content = self._backend(request, body).partition(b"\r\n\r\n")
        if fault == "cut after":
            _cut(request)
            return
        fields = [line.split(": ", 1) for line in head.decode("ascii").split("\r\n")]
        status = next((value for name, value in fields if name == "Status"), "200 OK")
        request.send_response(int(status.split(" ")[0]))
        for name, value in fields:
            if name != "Status":
                request.send_header(name, value)
        request.send_header("Content-Length", str(len(content)))
        request.end_headers()
        if fault == "cut answer":
            request.wfile.write(content[: len(content) // 2])
            request.wfile.flush()
            _cut(request)
            return
        request.wfile.write(content)

    def _backend(self, request: BaseHTTPRequestHandler, body: bytes) -> bytes:
        path, _, query = request.path.partition("?")
        environment = os.environ | {
            "GIT_PROJECT_ROOT": str(self.folder),
            "GIT_HTTP_EXPORT_ALL": "1",
            "PATH_INFO": path,
            "QUERY_STRING": query,
            "REQUEST_METHOD": request.command,
            "CONTENT_TYPE": request.headers.get("Content-Type", ""),
            "HTTP_CONTENT_ENCODING": request.headers.get("Content-Encoding", ""),
            "HTTP_GIT_PROTOCOL": request.headers.get("Git-Protocol", ""),
            "CONTENT_LENGTH": str(len(body)),
            "REMOTE_USER": "ada",
        }
        done = subprocess.run(
            ["git", "http-backend"],
            input=body,
            capture_output=True,
            check=False,
            env=environment,
            timeout=_BACKEND_SECONDS,
        )
        return done.stdout


def _body(request: BaseHTTPRequestHandler) -> bytes:
    if request.headers.get("Transfer-Encoding") != "chunked":
        return request.rfile.read(int(request.headers.get("Content-Length") or 0))
    body = b""
    while size := int(request.rfile.readline(), 16):
        body += request.rfile.read(size)
        request.rfile.readline()
    request.rfile.readline()
    return body


def _cut(request: BaseHTTPRequestHandler) -> None:
    request.close_connection = True
    request.connection.close()
    # Otherwise the server writes the rest of an answer to a connection that is gone.
    request.wfile = open(os.devnull, "wb")  # noqa: PTH123, SIM115 - ends with the request


@contextmanager
def serving(folder: Path) -> Iterator[GitServer]:
    """Serve the repositories below `folder` while in the context."""
    server = GitServer(folder)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            server.answer(self)

        def do_POST(self) -> None:
            server.answer(self)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as listening:
        listening.daemon_threads = True
        server.port = listening.server_address[1]
        thread = threading.Thread(target=listening.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield server
        finally:
            server.released.set()
            listening.shutdown()
            thread.join()
