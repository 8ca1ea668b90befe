"""What a promotion remembers is found again by every other process."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from tests.functional.platform_lab import ENVIRONMENTS, PlatformLab, digest

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.engine


def test_a_clean_check_has_one_name_in_all_processes(
    tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    """Sets come in another order in each process."""
    lab = PlatformLab(tmp_path, capfdbinary, ENVIRONMENTS)
    cache = tmp_path / "cache"
    hotfix = ["hotfix", "ledger", "--digest", digest("a"), "--reason", "it burns", "--approver", "Grace"]
    seen = set()
    for seed in range(4):
        subprocess.run(
            [sys.executable, "-m", "sealock", *hotfix, "--repo", str(lab.clone)],
            env=os.environ | {"PYTHONHASHSEED": str(seed), "SEALOCK_CACHE_DIR": str(cache)},
            check=True,
            capture_output=True,
        )
        seen.add(tuple(sorted(file.read_bytes() for file in (cache / "verdicts").iterdir())))
    assert len(seen) == 1
