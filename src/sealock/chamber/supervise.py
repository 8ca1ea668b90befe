"""The program between Sealock and the agent: starts it, watches Sealock, and leaves nothing behind.

Started as `python -I -S supervise.py FD`, where FD is one end of a socket pair. The first line that comes
over it is the order, as JSON; its end means that Sealock is gone, for whatever reason. Then, and when the
agent ends or its time is over, everything that the agent started is killed.

A signal on the parent's death would come when the *thread* that started the agent ends, and is lost over
setuid programs; the end of a socket is neither. The agent in turn dies with this program, which has one
thread only. Nothing of Sealock is imported: this runs with the standard library alone.

Order: {program, argv, environment, folder, arguments, port, seconds, largest}. `arguments` are read from
the descriptor whose number replaces `{arguments}` in argv, so that no list of processes shows them. With a
`port` the agent gets a network of its own, in which only that port of loopback answers: its listening
socket is sent to Sealock. Answers: `listening` (with the socket), then a line of JSON, {status} or {fault}.
"""

from __future__ import annotations

import ctypes
import fcntl
import json
import os
import resource
import select
import signal
import socket
import struct
import sys
import time
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Any

_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36
_CLONE_NEWUSER = 0x10000000
_CLONE_NEWNET = 0x40000000
_SIOCSIFFLAGS = 0x8914
_IFF_UP_RUNNING = 0x1 | 0x40
_BACKLOG = 64
_COULD_NOT_START = 97
_KILL_ROUNDS = 50
_LONGEST_ORDER = 1 << 24


def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def _prctl(option: int, value: int) -> None:
    if sys.platform == "linux":
        _libc().prctl(option, value, 0, 0, 0)


def _order(control: socket.socket) -> dict[str, Any]:
    text = bytearray()
    while not text.endswith(b"\n") and len(text) < _LONGEST_ORDER:
        part = control.recv(65536)
        if not part:
            sys.exit(0)
        text += part
    order: dict[str, Any] = json.loads(text)
    return order


def _own_network(port: int) -> socket.socket:
    """Enter a network with nothing but loopback, and return a socket that listens there."""
    user, group = os.getuid(), os.getgid()
    if _libc().unshare(_CLONE_NEWUSER | _CLONE_NEWNET):
        wrong = ctypes.get_errno()
        raise OSError(wrong, os.strerror(wrong), "a network of its own")
    for file, text in (
        ("setgroups", "deny"),
        ("uid_map", f"{user} {user} 1"),
        ("gid_map", f"{group} {group} 1"),
    ):
        with open(f"/proc/self/{file}", "w", encoding="ascii") as mapping:  # noqa: PTH123 - stdlib's cheap part
            mapping.write(text)
    listening = socket.socket()
    fcntl.ioctl(listening, _SIOCSIFFLAGS, struct.pack("16sH14x", b"lo", _IFF_UP_RUNNING))
    listening.bind(("127.0.0.1", port))
    listening.listen(_BACKLOG)
    return listening


def _arguments(order: dict[str, Any]) -> list[str]:
    """Return argv; what no list of processes may show goes into a file without a name."""
    argv: list[str] = order["argv"]
    if not order["arguments"]:
        return argv
    descriptor = os.memfd_create("arguments", 0)
    with os.fdopen(os.dup(descriptor), "wb") as file:
        file.write(b"".join(each.encode() + b"\0" for each in order["arguments"]))
    os.lseek(descriptor, 0, os.SEEK_SET)
    return [str(descriptor) if each == "{arguments}" else each for each in argv]


def _become(order: dict[str, Any], control: socket.socket, parent: int) -> None:
    """Turn this process into the agent; it never returns."""
    try:
        os.setsid()
        _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:
            os._exit(_COULD_NOT_START)
        os.umask(0o022)
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        if order["largest"]:
            resource.setrlimit(resource.RLIMIT_FSIZE, (order["largest"], order["largest"]))
        if order["port"]:
            with _own_network(order["port"]) as listening:
                socket.send_fds(control, [b"listening\n"], [listening.fileno()])
        argv = _arguments(order)
        os.chdir(order["folder"])
        os.execve(order["program"], argv, order["environment"])  # noqa: S606 - that is its purpose
    except OSError as wrong:
        fault = {"fault": f"{wrong.filename or order['program']}: {wrong.strerror}", "errno": wrong.errno}
        control.send(json.dumps(fault).encode() + b"\n")
    finally:
        os._exit(_COULD_NOT_START)


def _descendants() -> list[int]:
    """Return every process below this one. Orphans among them are its own children: it is their reaper."""
    children: dict[int, list[int]] = {}
    for name in os.listdir("/proc"):  # noqa: PTH208 - stdlib's cheap part
        if name.isdigit():
            with suppress(OSError, ValueError, IndexError), open(f"/proc/{name}/stat", "rb") as stat:  # noqa: PTH123
                children.setdefault(int(stat.read().rpartition(b")")[2].split()[1]), []).append(int(name))
    found, left = [], [os.getpid()]
    while left:
        below = children.get(left.pop(), [])
        found += below
        left += below
    return found


def _kill(child: int) -> None:
    """Kill the agent's group and all else below this process, until nothing is left."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(child, signal.SIGKILL)
    if not os.path.isdir("/proc/self"):  # noqa: PTH112 - stdlib's cheap part
        return
    for _ in range(_KILL_ROUNDS):
        try:
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        except ChildProcessError:
            # Orphans below become children of this process: without any, nothing is left.
            return
        left = _descendants()
        for each in left:
            with suppress(ProcessLookupError, PermissionError):
                os.kill(each, signal.SIGKILL)
        time.sleep(0.01)


def _watch(child: int, control: socket.socket, seconds: float) -> int | None:
    """Return the agent's status when it ends; None when Sealock is gone, says so, or the time is over."""
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(writing, warn_on_full_buffer=False)
    until = time.monotonic() + seconds
    while True:
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            return os.waitstatus_to_exitcode(status)
        left = until - time.monotonic()
        ready, _, _ = select.select([control.fileno(), reading], [], [], max(0.0, left))
        if control.fileno() in ready or left <= 0:
            return None
        if reading in ready:
            os.read(reading, 4096)


def main() -> None:
    """Take the order and see it through."""
    control = socket.socket(fileno=int(sys.argv[1]))
    control.set_inheritable(False)
    order = _order(control)
    _prctl(_PR_SET_CHILD_SUBREAPER, 1)
    here = os.getpid()
    child = os.fork()
    if child == 0:
        _become(order, control, here)
    # The agent's pipes are its own: their ends must show when it ends.
    nothing = os.open(os.devnull, os.O_RDWR)
    for standard in (0, 1, 2):
        os.dup2(nothing, standard)
    status = _watch(child, control, order["seconds"])
    _kill(child)
    with suppress(OSError):
        control.send(json.dumps({"status": status}).encode() + b"\n")
    os._exit(0)  # Sealock waits for it


if __name__ == "__main__":
    main()
