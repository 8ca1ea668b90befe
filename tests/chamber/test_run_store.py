"""Records: whole at the end, marked when they are not, checked when they are read."""

from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest
from tests.chamber.records import NOON, answered, delta, manifest

from sealock.chamber.redaction import Redactor
from sealock.chamber.run_store import RunStore, exported
from sealock.errors import Undecided, UsageError

_RUN = manifest().id


def _recorded(root: Path, run: str = _RUN) -> RunStore:
    store = RunStore(str(root))
    recorder = store.begin(manifest(id=run), Redactor({}))
    recorder.add(answered({"input": "one"}, delta("first")))
    recorder.add(answered({"input": "two"}, delta("second"), index=1))
    recorder.finish(manifest(id=run, final_message="done"))
    return store


def test_what_was_recorded_can_be_read(tmp_path: Path) -> None:
    recording = _recorded(tmp_path).open(_RUN)

    assert recording.manifest.final_message == "done"
    assert [recording.request(each) for each in recording.exchanges] == [{"input": "one"}, {"input": "two"}]
    assert b"second" in recording.response(recording.exchanges[1])


def test_ids_sort_by_time(tmp_path: Path) -> None:
    store = RunStore(str(tmp_path))
    later = NOON.replace(microsecond=124_000)

    assert store.new_id(NOON) < store.new_id(later) < store.new_id(NOON.replace(year=2027))


def test_two_runs_at_the_same_moment_have_different_ids(tmp_path: Path) -> None:
    store = RunStore(str(tmp_path))

    assert store.new_id(NOON) != store.new_id(NOON)


def test_an_unfinished_record_says_so_and_is_in_use(tmp_path: Path) -> None:
    store = RunStore(str(tmp_path))
    recorder = store.begin(manifest(), Redactor({}))
    recorder.add(answered({"input": "one"}, delta("first")))

    assert store.open(_RUN).manifest.outcome == "incomplete"
    assert store.running(_RUN)
    recorder.finish(manifest())
    assert not store.running(_RUN)


_KILLED = """
import os, signal, sys
from tests.chamber.records import answered, delta, manifest
from sealock.chamber.redaction import Redactor
from sealock.chamber.run_store import RunStore
recorder = RunStore(sys.argv[1]).begin(manifest(), Redactor({}))
recorder.add(answered({"input": "one"}, delta("first")))
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_killed_run_leaves_a_record_that_is_marked_incomplete(tmp_path: Path) -> None:
    root = Path(__file__).parents[2]
    done = subprocess.run(
        [sys.executable, "-c", _KILLED, str(tmp_path)],
        check=False,
        env={**os.environ, "PYTHONPATH": str(root)},
        timeout=60,
    )
    store = RunStore(str(tmp_path))

    assert done.returncode == -signal.SIGKILL
    assert store.open(_RUN).manifest.outcome == "incomplete"
    assert len(store.open(_RUN).exchanges) == 1
    assert not store.running(_RUN)


def test_a_torn_last_line_is_passed_over_only_in_an_incomplete_record(tmp_path: Path) -> None:
    store = RunStore(str(tmp_path))
    recorder = store.begin(manifest(), Redactor({}))
    recorder.add(answered({"input": "one"}, delta("first")))
    with (tmp_path / ".sealock/runs" / _RUN / "exchanges.jsonl").open("ab") as lines:
        lines.write(b'{"lane": "ma')

    assert len(store.open(_RUN).exchanges) == 1
    recorder.finish(manifest())
    with pytest.raises(Undecided):
        store.open(_RUN)


@pytest.mark.parametrize("name", ["exchanges.jsonl", "manifest.json", "blob"])
def test_a_record_changed_by_hand_is_not_used(tmp_path: Path, name: str) -> None:
    store = _recorded(tmp_path)
    folder = tmp_path / ".sealock/runs" / _RUN
    path = next((folder / "blobs").iterdir()) if name == "blob" else folder / name
    path.write_bytes(path.read_bytes()[:-10])

    with pytest.raises(Undecided):
        _read(store)


def _read(store: RunStore) -> None:
    recording = store.open(_RUN)
    for each in recording.exchanges:
        recording.request(each)
        recording.response(each)


def test_an_exported_record_reads_the_same_and_has_the_same_bytes_again(tmp_path: Path) -> None:
    store = _recorded(tmp_path)
    path = tmp_path / "run.tar"
    path.write_bytes(store.export(_RUN))

    recording = exported(str(path))

    assert recording.manifest == store.open(_RUN).manifest
    assert recording.exchanges == store.open(_RUN).exchanges
    assert recording.request(recording.exchanges[0]) == {"input": "one"}
    assert path.read_bytes() == store.export(_RUN)


def test_a_link_in_an_exported_file_is_not_followed(tmp_path: Path) -> None:
    path = tmp_path / "run.tar"
    with tarfile.open(path, "w") as archive:
        entry = tarfile.TarInfo("x/manifest.json")
        entry.type, entry.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(entry, io.BytesIO())

    with pytest.raises(Undecided):
        exported(str(path))


def test_something_else_is_no_exported_run(tmp_path: Path) -> None:
    path = tmp_path / "run.tar"
    path.write_bytes(b"hello")

    with pytest.raises(UsageError):
        exported(str(path))


def test_a_run_is_named_by_a_part_of_its_id_or_as_the_last(tmp_path: Path) -> None:
    store = _recorded(tmp_path)
    _recorded(tmp_path, "20261122T120000123Z-0a1b2d")

    assert store.named("last") == "20261122T120000123Z-0a1b2d"
    assert store.named("20261121") == _RUN
    assert store.named("0a1b2c") == _RUN
    with pytest.raises(UsageError) as caught:
        store.named("2026")
    assert caught.value.message == "2026 names 2 runs"
    with pytest.raises(UsageError) as caught:
        store.named("../x")
    assert caught.value.message == "../x names no run"


def test_a_removed_run_is_gone(tmp_path: Path) -> None:
    store = _recorded(tmp_path)

    store.remove(_RUN)

    assert store.ids() == ()
    assert list((tmp_path / ".sealock/runs").iterdir()) == []
