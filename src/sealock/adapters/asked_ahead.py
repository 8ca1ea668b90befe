"""An answer that is asked for before it is needed."""

from __future__ import annotations

import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Generic, TypeVar

from sealock.errors import SealockError

if TYPE_CHECKING:
    from collections.abc import Callable

_A = TypeVar("_A")


class AskedAhead(Generic[_A]):
    """Asks in a thread of its own; calling it waits for the answer."""

    def __init__(self, question: Callable[[], _A]) -> None:
        """Ask at once; `question` mostly waits for another program, or no time is won."""
        self._question = question
        self._answers: list[_A] = []
        self._wrong: SealockError | None = None
        self._thread = threading.Thread(target=self._ask, daemon=True)
        self._thread.start()

    def __call__(self) -> _A:
        """Return the answer. Raises what the question raised."""
        self._thread.join()
        if self._wrong is not None:
            raise self._wrong
        if not self._answers:
            # What it died of is asked for again, here, where somebody sees it.
            return self._question()
        return self._answers[0]

    def _ask(self) -> None:
        with suppress(Exception):
            try:
                self._answers.append(self._question())
            except SealockError as wrong:
                self._wrong = wrong
