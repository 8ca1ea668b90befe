"""The container's first process: starts the agent, leads it to the model, outlives neither it nor Sealock.

Port 8080 of the container's own loopback leads to the model's socket, where there is one, and port 8081 to
that of Sealock's gate to the network, which only a task with an allow-list has. The last socket leads to
nothing: its end means that Sealock is gone, for whatever reason, and then this process ends, and the kernel
ends all others of the container with it. So it does when the agent ends, with its status.

The agent gets the variables that `SEALOCK_KEPT` names: engines add some, of their own and of the host's
settings. Nothing but the standard library's small part is imported: the image has `python3-minimal`.
"""

import os
import signal
import socket
import sys
import threading

MODEL = "/run/sealock/model.sock"
LIFE = "/run/sealock/life.sock"
EGRESS = "/run/sealock/egress.sock"
LEADS = ((8080, MODEL), (8081, EGRESS))
_BACKLOG = 64
_PIECE = 1 << 16
_COULD_NOT_START = 97


def _listening(port: int, path: str) -> socket.socket | None:
    """Return what listens for the agent, None where the socket to lead it to is not there."""
    if not os.path.exists(path):  # noqa: PTH110 - pathlib is not in the image
        return None
    listening = socket.create_server(("127.0.0.1", port), backlog=_BACKLOG)
    listening.set_inheritable(False)
    return listening


def _become(argv: list[str], environment: dict[str, str]) -> None:
    """Turn this process into the agent; it never returns."""
    try:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        os.umask(0o022)
        os.execvpe(argv[0], argv, environment)  # noqa: S606 - that is its purpose
    except OSError as wrong:
        sys.stderr.write(f"{argv[0]}: {wrong.strerror}\n")
    finally:
        os._exit(_COULD_NOT_START)


def _end_with(life: socket.socket) -> None:
    """End the container when Sealock's side of the socket closes."""
    try:
        while life.recv(_PIECE):
            pass
    finally:
        os._exit(128 + signal.SIGKILL)


def _accept(listening: socket.socket, path: str) -> None:
    while True:
        inside, _ = listening.accept()
        threading.Thread(target=_carry, args=(inside, path), daemon=True).start()


def _carry(inside: socket.socket, path: str) -> None:
    with inside, socket.socket(socket.AF_UNIX) as outside:
        try:
            outside.connect(path)
            # Small events must not wait for the acknowledgement of the one before.
            inside.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        except OSError:
            return  # the agent sees its connection end
        back = threading.Thread(target=_pump, args=(outside, inside), daemon=True)
        back.start()
        _pump(inside, outside)
        back.join()


def _pump(source: socket.socket, target: socket.socket) -> None:
    try:
        while data := source.recv(_PIECE):
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)
    except OSError:
        pass  # one side is gone; the other learns it from its own pump


def _reap(agent: int) -> int:
    """Wait for the agent, and for every orphan meanwhile: they are this process's children."""
    while True:
        ended, status = os.wait()
        if ended == agent:
            code = os.waitstatus_to_exitcode(status)
            return code if code >= 0 else 128 - code


def main() -> None:
    """Start what the arguments say, and see it through."""
    # The first process of a container gets no signal that it does not ask for.
    signal.signal(signal.SIGTERM, lambda *_: os._exit(128 + signal.SIGTERM))
    kept = os.environ.get("SEALOCK_KEPT", "").split()
    environment = {name: os.environ[name] for name in kept if name in os.environ}
    life = socket.socket(socket.AF_UNIX)
    life.connect(LIFE)
    leads = [(_listening(port, path), path) for port, path in LEADS]
    agent = os.fork()
    if agent == 0:
        _become(sys.argv[1:], environment)
    threading.Thread(target=_end_with, args=(life,), daemon=True).start()
    for listening, path in leads:
        if listening:
            threading.Thread(target=_accept, args=(listening, path), daemon=True).start()
    os._exit(_reap(agent))


if __name__ == "__main__":
    main()
