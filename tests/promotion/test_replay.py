"""A history of promotions is reproduced from its plans."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from bench.promotion_replay import replay

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.engine
@pytest.mark.timeout(600)
def test_a_history_is_made_again_from_its_plans_tree_by_tree(tmp_path: Path) -> None:
    """`python -m bench.promotion_replay` does the same with a thousand."""
    assert replay(tmp_path, promotions=25, services=6).promotions == 25
