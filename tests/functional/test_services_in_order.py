"""Where a service is not known, those that are known come in the same order in each process."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.functional.platform_lab import ENVIRONMENTS, PlatformLab

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.engine


@pytest.mark.parametrize("command", ["history", "status"])
def test_the_services_that_there_are_come_in_order(
    tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes], command: str
) -> None:
    lab = PlatformLab(tmp_path, capfdbinary, ENVIRONMENTS)
    code, _, err = lab.sealock(command, "nowhere")
    assert code == 2
    assert "Known: ledger, mailer, payment-service, search, storefront." in err
