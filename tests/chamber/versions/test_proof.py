"""What is kept of a release is what it shows; `python -m tests.chamber.versions` asks all of them."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.chamber.versions import kept
from tests.chamber.versions.proof import prove

if TYPE_CHECKING:
    from collections.abc import Callable

    from sealock.domain.agent_run import CodexBinary

pytestmark = [
    pytest.mark.enable_socket,
    pytest.mark.timeout(300),
    pytest.mark.skipif(sys.platform != "linux", reason="bubblewrap is Linux's"),
]


@pytest.mark.parametrize("version", ["0.130.0", "0.169.0"])
def test_a_release_shows_what_is_kept_of_it(version: str, codex_of: Callable[[str], CodexBinary]) -> None:
    binary = codex_of(version)
    assert prove(Path(binary.path), version) == kept.proofs()[version]
