"""The control plane runs once for all tests here."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from pytest_socket import enable_socket
from tests.agreement.outcome import judge_all

if TYPE_CHECKING:
    from tests.agreement.outcome import Judged


@pytest.fixture(scope="session")
def judged() -> list[Judged]:
    """Return every case with both verdicts; the only network is this machine's own loopback."""
    enable_socket()
    return judge_all()
