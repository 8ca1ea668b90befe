"""A file of a cache: whole or not there."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from sealock.adapters.cache_file import CacheFile

if TYPE_CHECKING:
    from pathlib import Path


def test_what_is_written_is_read(tmp_path: Path) -> None:
    file = CacheFile(tmp_path / "deep" / "a", "form-1", 5)
    assert file.read() is None
    file.write(b"one")
    file.write(b"two")
    assert CacheFile(tmp_path / "deep" / "a", "form-1", 5).read() == b"two"
    assert [each.name for each in (tmp_path / "deep").iterdir()] == ["a"]


@pytest.mark.parametrize("damage", [lambda data: data[:-1], lambda data: data + b"x", lambda _: b""])
def test_what_is_not_whole_is_not_there(tmp_path: Path, damage: object) -> None:
    file = CacheFile(tmp_path / "a", "form-1", 5)
    file.write(b"content")
    (tmp_path / "a").write_bytes(damage((tmp_path / "a").read_bytes()))  # type: ignore[operator]
    assert file.read() is None


def test_another_form_is_not_there(tmp_path: Path) -> None:
    CacheFile(tmp_path / "a", "form-1", 5).write(b"content")
    assert CacheFile(tmp_path / "a", "form-2", 5).read() is None


def test_the_newest_are_kept(tmp_path: Path) -> None:
    for name in "abcde":
        CacheFile(tmp_path / name, "form-1", 3).write(name.encode())
    assert len(list(tmp_path.iterdir())) == 3
    assert CacheFile(tmp_path / "e", "form-1", 3).read() == b"e"


def test_a_disk_that_refuses_is_no_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    file = CacheFile(tmp_path / "file" / "a", "form-1", 5)
    file.write(b"content")
    assert file.read() is None
