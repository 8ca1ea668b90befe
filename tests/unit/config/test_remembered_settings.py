"""What sealock.yaml says is remembered by its text: the same, and never for another reader."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from sealock.config import settings
from sealock.errors import ConfigurationError
from sealock.wiring import remembered_settings

ROOT = Path(__file__).parents[3]
TEXTS = sorted(path for path in ROOT.glob("examples/**/sealock.yaml"))
WAIVED = """\
waivers:
  - rule: latest-tag
    path: apps/**
    reason: an old chart
    expires: 2027-01-31
policy:
  custom:
    - id: only-tagged
      kinds: [Deployment]
      expression: "true"
      message: no
"""


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SEALOCK_CACHE_DIR", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.mark.parametrize("text", ["", WAIVED, *(path.read_text() for path in TEXTS)])
def test_what_is_remembered_is_what_was_read(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    read = remembered_settings.load(text)
    assert read == settings.load(text)
    monkeypatch.setattr(settings, "load", lambda *_: pytest.fail("it is read again"))
    assert remembered_settings.load(text) == read


def test_another_set_of_rules_is_another_question() -> None:
    text = "policy: {rules: {no-such-rule: error}}\n"
    remembered_settings.load(text)
    with pytest.raises(ConfigurationError, match="no-such-rule"):
        remembered_settings.load(text, ["latest-tag"])


def test_a_reader_that_changed_reads_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "sealock"
    for folder in ("config", "domain"):
        shutil.copytree(ROOT / "src" / "sealock" / folder, package / folder)
    monkeypatch.setattr(remembered_settings, "_PACKAGE", package)
    remembered_settings.load("")
    os.utime(package / "config" / "gates.py", (1, 1))
    monkeypatch.setattr(settings, "load", lambda *_: pytest.fail("it is read again"))
    with pytest.raises(pytest.fail.Exception):
        remembered_settings.load("")


def test_what_cannot_be_kept_is_read_each_time(cache: Path) -> None:
    cache.write_text("in the way")
    assert remembered_settings.load(WAIVED) == remembered_settings.load(WAIVED)
