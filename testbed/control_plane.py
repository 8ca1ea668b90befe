"""A real control plane for tests: etcd and kube-apiserver as plain processes on loopback.

Its data, keys and ports are its own and gone afterwards; its logs stay when it does not come up.
"""

from __future__ import annotations

import os
import secrets
import shutil
import signal
import socket
import ssl
import subprocess
import tempfile
import time
from contextlib import suppress
from http.client import HTTPException, HTTPSConnection
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, NoReturn

if TYPE_CHECKING:
    from types import TracebackType

_START_SECONDS = 60
_POLL_SECONDS = 0.05
_STOP_SECONDS = 10
_LAST_WORDS_BYTES = 3000


class Access(NamedTuple):
    """How to reach the API server: its port on 127.0.0.1, its certificate, an administrator's token."""

    port: int
    certificate: Path
    token: str

    def connect(self, timeout_seconds: float = 30) -> HTTPSConnection:
        """Return a connection that trusts this API server alone; it connects when first used."""
        context = ssl.create_default_context(cafile=self.certificate)
        return HTTPSConnection("127.0.0.1", self.port, context=context, timeout=timeout_seconds)


class ControlPlaneError(Exception):
    """The control plane did not come up; the message ends with its last words."""


class ControlPlane:
    """Runs while it is entered. Raises ControlPlaneError."""

    def __init__(self, program: Path) -> None:
        """Use the program that `testbed/build.py` makes."""
        self._program = program
        self._folder = Path(tempfile.mkdtemp(prefix="sealock-testbed-"))
        self._running: dict[str, subprocess.Popen[bytes]] = {}

    def __enter__(self) -> Access:
        """Start both processes and wait until the API server is ready."""
        try:
            return self._start()
        except BaseException:
            self._stop()
            raise

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop both and remove their data."""
        del kind, error, trace
        self._stop()
        shutil.rmtree(self._folder)

    def _start(self) -> Access:
        etcd, peer, port = _free_ports(3)
        token = secrets.token_hex(16)
        certificates = self._folder / "certificates"
        self._write_keys(token)
        self._run("etcd", _etcd_flags(etcd, peer, self._folder / "etcd"))
        self._run("kube-apiserver", _apiserver_flags(etcd, port, self._folder))
        access = Access(port, certificates / "apiserver.crt", token)
        self._wait_until_ready(access)
        return access

    def _write_keys(self, token: str) -> None:
        tokens = self._folder / "tokens.csv"
        tokens.touch(mode=0o600)
        tokens.write_text(f'{token},admin,admin,"system:masters"\n', encoding="ascii")
        command = ["openssl", "ecparam", "-name", "prime256v1", "-genkey", "-noout"]
        subprocess.run([*command, "-out", self._folder / "accounts.key"], check=True, timeout=30)

    def _run(self, name: str, flags: list[str]) -> None:
        with (self._folder / f"{name}.log").open("wb") as log:
            self._running[name] = subprocess.Popen(
                [self._program, name, *flags],
                env={"PATH": os.environ.get("PATH", ""), "HOME": str(self._folder)},
                cwd=self._folder,
                stdin=subprocess.PIPE,  # both end when this pipe does, however this process ends
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def _wait_until_ready(self, access: Access) -> None:
        deadline = time.monotonic() + _START_SECONDS
        while not _ready(access):
            for name, process in self._running.items():
                if process.poll() is not None:
                    self._fail(name, f"ended with status {process.returncode}")
            if time.monotonic() > deadline:
                self._fail("kube-apiserver", f"was not ready after {_START_SECONDS} s")
            time.sleep(_POLL_SECONDS)

    def _fail(self, name: str, what: str) -> NoReturn:
        log = self._folder / f"{name}.log"
        words = log.read_bytes()[-_LAST_WORDS_BYTES:].decode("utf-8", "replace")
        message = f"{name} {what}; its log is {log}:\n{words}"
        raise ControlPlaneError(message)

    def _stop(self) -> None:
        # Their data goes with them, so there is nothing to be gentle about.
        for process in reversed(self._running.values()):
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait(_STOP_SECONDS)
            if process.stdin:
                process.stdin.close()
        self._running.clear()


def _ready(access: Access) -> bool:
    if not access.certificate.exists():
        return False
    connection = access.connect(timeout_seconds=5)
    try:
        connection.request("GET", "/readyz", headers={"Authorization": f"Bearer {access.token}"})
        return connection.getresponse().status == 200  # noqa: PLR2004 - HTTP's OK
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()


def _free_ports(count: int) -> list[int]:
    sockets = [socket.socket() for _ in range(count)]
    try:
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]
    finally:
        for each in sockets:
            each.close()


def _etcd_flags(client: int, peer: int, data: Path) -> list[str]:
    own, other = f"http://127.0.0.1:{client}", f"http://127.0.0.1:{peer}"
    return [
        "--name=testbed",
        f"--data-dir={data}",
        f"--listen-client-urls={own}",
        f"--advertise-client-urls={own}",
        f"--listen-peer-urls={other}",
        f"--initial-advertise-peer-urls={other}",
        f"--initial-cluster=testbed={other}",
        "--unsafe-no-fsync",
        "--log-level=warn",
    ]


def _apiserver_flags(etcd: int, port: int, folder: Path) -> list[str]:
    key = folder / "accounts.key"
    return [
        f"--etcd-servers=http://127.0.0.1:{etcd}",
        "--bind-address=127.0.0.1",
        "--advertise-address=127.0.0.1",
        f"--secure-port={port}",
        "--endpoint-reconciler-type=none",
        f"--cert-dir={folder / 'certificates'}",  # it signs its own certificate
        f"--token-auth-file={folder / 'tokens.csv'}",
        "--authorization-mode=RBAC",
        "--service-account-issuer=https://kubernetes.default.svc",
        f"--service-account-key-file={key}",
        f"--service-account-signing-key-file={key}",
        "--service-cluster-ip-range=10.0.0.0/16,fd00:10::/108",
        "--allow-privileged=true",
        "--runtime-config=api/all=true",  # alpha and beta versions too
        "--disable-admission-plugins=ServiceAccount",  # no controller makes the default accounts
        "--profiling=false",
        "--v=0",
    ]
