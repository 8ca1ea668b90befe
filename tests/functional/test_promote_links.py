"""What reads an overlay through a link, or in UTF-16, moves with it, and the promotion says so."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.functional.platform_lab import ENVIRONMENTS, PlatformLab, digest

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.engine


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_who_else_would_move_is_found(
    tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes], encoding: str
) -> None:
    lab = PlatformLab(tmp_path, capfdbinary, ENVIRONMENTS)
    (lab.clone / "short").symlink_to("services/ledger/overlays/staging")
    (lab.clone / "all").mkdir()
    there = "../short" if encoding == "utf-8" else "../services/ledger/overlays/staging"
    (lab.clone / "all" / "kustomization.yaml").write_text(f"resources: [{there}]\n", encoding=encoding)
    lab.push("all")
    code, _, err = lab.sealock("promote", "ledger", "--to", "staging", "--digest", digest("a"))
    assert code == 1
    assert "more than the intended images would change: all: " in err
