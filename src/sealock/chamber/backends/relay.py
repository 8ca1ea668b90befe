"""Carries connections from a listening socket of the sandbox to the model's proxy on loopback."""

from __future__ import annotations

import socket
import threading
from contextlib import suppress
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Callable

_PIECE = 1 << 16
_CONNECT_SECONDS = 5.0
_MOST_AT_ONCE = 64


class Relay:
    """The relay while it runs, each connection in two threads; `alive` is called whenever bytes pass."""

    def __init__(self, listening: socket.socket, url: str, alive: Callable[[], None]) -> None:
        """Carry what comes to `listening` to the host and port of `url`."""
        target = urlsplit(url)
        self._target = (target.hostname or "127.0.0.1", target.port or 80)
        self._listening = listening
        self._alive = alive
        self._room = threading.BoundedSemaphore(_MOST_AT_ONCE)
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        threading.Thread(target=self._accept, name="sealock-relay", daemon=True).start()

    def close(self) -> None:
        """Take no more connections and end those that there are."""
        with suppress(OSError):
            self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        with self._lock:
            for each in self._open:
                with suppress(OSError):
                    each.shutdown(socket.SHUT_RDWR)

    def _accept(self) -> None:
        while True:
            self._room.acquire()
            try:
                inside, _ = self._listening.accept()
            except OSError:
                return
            threading.Thread(target=self._carry, args=(inside,), daemon=True).start()

    def _carry(self, inside: socket.socket) -> None:
        try:
            with inside, socket.create_connection(self._target, _CONNECT_SECONDS) as outside:
                outside.settimeout(None)
                # Small events must not wait for the acknowledgement of the one before.
                outside.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                if inside.family == socket.AF_INET:
                    inside.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                with self._lock:
                    self._open |= {inside, outside}
                back = threading.Thread(target=self._pump, args=(outside, inside), daemon=True)
                back.start()
                self._pump(inside, outside)
                back.join()
                with self._lock:
                    self._open -= {inside, outside}
        except OSError:
            return  # the agent sees its connection end
        finally:
            self._room.release()

    def _pump(self, source: socket.socket, target: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(_PIECE):
                self._alive()
                target.sendall(data)
        with suppress(OSError):
            target.shutdown(socket.SHUT_WR)
