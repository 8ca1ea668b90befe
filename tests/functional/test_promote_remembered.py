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


def test_a_catalog_is_read_again_for_other_environments(
    tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SEALOCK_CACHE_DIR", str(tmp_path / "cache"))
    lab = PlatformLab(tmp_path, capfdbinary, f"{ENVIRONMENTS}  qa: {{after: dev}}\n")
    plan = ("promote", "ledger", "--to", "staging", "--digest", digest("a"))
    lab.edit(
        "services.yaml", "    staging: {tag: 2.7.1}\n", "    staging: {tag: 2.7.1}\n    qa: {replicas: 1}\n"
    )
    lab.push("services.yaml")
    code, _, err = lab.sealock(*plan)
    assert code == 0, err
    (lab.clone / "sealock.yaml").write_text(ENVIRONMENTS)
    lab.push("no qa")
    code, _, err = lab.sealock(*plan)
    assert code == 2
    assert "qa" in err
