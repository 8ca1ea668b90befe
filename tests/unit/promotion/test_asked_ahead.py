"""What is asked in a thread of its own: its answer, and its errors where they are wanted and nowhere else."""

from __future__ import annotations

import threading

import pytest

from sealock.adapters.asked_ahead import AskedAhead
from sealock.errors import Undecided


def test_it_asks_once() -> None:
    answers = iter(("first", "second"))
    ahead = AskedAhead(lambda: next(answers))
    assert (ahead(), ahead()) == ("first", "first")


def test_what_cannot_be_decided_is_said_to_each_who_asks() -> None:
    def question() -> None:
        message = "there is no git program"
        raise Undecided(message)

    ahead = AskedAhead(question)
    for _ in range(2):
        with pytest.raises(Undecided, match="there is no git program"):
            ahead()


def test_a_thread_that_dies_prints_nothing_and_who_asks_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def question() -> None:
        message = "Exec format error"
        raise OSError(message)

    printed: list[object] = []
    monkeypatch.setattr(threading, "excepthook", printed.append)
    with pytest.raises(OSError, match="Exec format error"):
        AskedAhead(question)()
    assert printed == []
