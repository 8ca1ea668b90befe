"""What came of doing a recorded run again."""

from __future__ import annotations

import msgspec

from sealock.domain.agent_run import ReplayLevel


class Replay(msgspec.Struct, frozen=True):
    """One run, done again: `differences` are lines for people, none where it was the same up to `level`.

    `undecided` says why it could not be done again, or not to its end; then nothing else counts.
    `requests` of `recorded` were asked again word for word. `changed` are inputs that are not as they were
    recorded although nothing has to come of that, such as the version of Codex.
    """

    run: str
    level: ReplayLevel
    undecided: str = ""
    differences: tuple[str, ...] = ()
    requests: int = 0
    recorded: int = 0
    tree: str = ""
    changed: tuple[str, ...] = ()

    @property
    def same(self) -> bool:
        """Whether it was done again, and came to the same."""
        return not self.undecided and not self.differences
