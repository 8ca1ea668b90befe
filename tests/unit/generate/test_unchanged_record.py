"""The record that lets an unchanged run end early must never hide a change."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import msgspec
import pytest

from sealock.adapters.unchanged_record import UnchangedRecord

if TYPE_CHECKING:
    from pathlib import Path

PATHS = ["a.yaml", "folder", "missing.yaml"]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    made = tmp_path / "root"
    (made / "folder").mkdir(parents=True)
    (made / "a.yaml").write_text("aaaa")
    return made


@pytest.fixture
def record(root: Path, tmp_path: Path) -> UnchangedRecord:
    made = UnchangedRecord(str(root), str(tmp_path / "cache"))
    made.store(b"key", PATHS)
    return made


def test_it_holds_when_nothing_changed(record: UnchangedRecord) -> None:
    assert record.holds(b"key")


def test_it_does_not_hold_for_other_inputs(record: UnchangedRecord) -> None:
    assert not record.holds(b"other")


def test_a_change_of_the_same_size_and_time_is_seen(record: UnchangedRecord, root: Path) -> None:
    before = (root / "a.yaml").stat()
    (root / "a.yaml").write_text("bbbb")
    os.utime(root / "a.yaml", ns=(before.st_atime_ns, before.st_mtime_ns))

    assert not record.holds(b"key")


def _tampered(tmp_path: Path, **fields: object) -> None:
    """Change fields of the first entry of the record on disk: as if the file had another past."""
    (file,) = (tmp_path / "cache" / "generate").iterdir()
    key, entries = msgspec.msgpack.decode(file.read_bytes())
    for name, value in fields.items():
        entries[0][("path", "inode", "size", "mtime", "ctime", "digest").index(name)] = value
    file.write_bytes(msgspec.msgpack.encode([key, entries]))


def test_a_file_too_young_to_trust_its_times_is_compared_by_content(
    record: UnchangedRecord, tmp_path: Path
) -> None:
    _tampered(tmp_path, digest=b"of another content")

    assert not record.holds(b"key")


def test_a_changed_ctime_alone_is_seen(record: UnchangedRecord, tmp_path: Path) -> None:
    _tampered(tmp_path, digest=b"", ctime=1)

    assert not record.holds(b"key")


def test_an_old_file_is_trusted_by_its_signature(record: UnchangedRecord, tmp_path: Path) -> None:
    _tampered(tmp_path, digest=b"")

    assert record.holds(b"key")


def test_a_deleted_file_is_seen(record: UnchangedRecord, root: Path) -> None:
    (root / "a.yaml").unlink()

    assert not record.holds(b"key")


def test_a_file_that_appears_is_seen(record: UnchangedRecord, root: Path) -> None:
    (root / "missing.yaml").write_text("")

    assert not record.holds(b"key")


def test_a_new_name_in_a_watched_folder_is_seen(record: UnchangedRecord, root: Path) -> None:
    (root / "folder" / "new").write_text("")

    assert not record.holds(b"key")


def test_another_repository_has_another_record(record: UnchangedRecord, tmp_path: Path) -> None:
    del record
    assert not UnchangedRecord(str(tmp_path), str(tmp_path / "cache")).holds(b"key")


@pytest.mark.parametrize("damage", [b"", b"\x00", b"\xff" * 100])
def test_a_damaged_record_counts_as_none(record: UnchangedRecord, tmp_path: Path, damage: bytes) -> None:
    (file,) = (tmp_path / "cache" / "generate").iterdir()
    file.write_bytes(damage)

    assert not record.holds(b"key")
    record.store(b"key", PATHS)
    assert record.holds(b"key")


def test_a_cache_that_cannot_be_written_is_no_error(root: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    record = UnchangedRecord(str(root), str(tmp_path / "file"))

    record.store(b"key", PATHS)

    assert not record.holds(b"key")
