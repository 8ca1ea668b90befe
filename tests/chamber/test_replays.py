"""A recorded run is the same on every machine: `python -m tests.chamber.replays` does it twenty times."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.chamber.replays import VERSIONS, recorded, replays

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from sealock.domain.agent_run import CodexBinary

pytestmark = [pytest.mark.enable_socket, pytest.mark.timeout(300)]


@pytest.mark.parametrize("version", VERSIONS)
def test_every_replay_has_the_recorded_requests_and_tree(
    version: str, codex_of: Callable[[str], CodexBinary], tmp_path: Path
) -> None:
    assert list(replays(recorded(codex_of(version), tmp_path), 2)) == ["", ""]
