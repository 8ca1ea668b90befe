"""What every EvidenceStore promises: the fake, and files on the disk; and what files alone must survive."""

from __future__ import annotations

import hashlib
import json
import os
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
import rfc8785
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.fakes.evidence_store import FakeEvidence

from sealock.adapters.evidence_files import EvidenceFiles
from sealock.domain.evidence import Evidence
from sealock.errors import Undecided, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from sealock.ports import EvidenceStore

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
DIGEST = f"sha256:{'a' * 64}"
RAW: dict[str, Any] = {
    "kind": "health",
    "service": "ledger",
    "environment": "staging",
    "digests": [DIGEST],
    "verdict": "pass",
    "since": "2026-11-20T08:00:00Z",
    "observed": "2026-11-20T12:00:00+01:00",
}


def piece(minutes: int = 0, **fields: Any) -> Evidence:  # noqa: ANN401
    seen = NOW - timedelta(minutes=minutes)
    known = {"kind": "health", "service": "ledger", "environment": "staging", "digests": (DIGEST,)}
    return Evidence(**{**known, "verdict": "pass", "since": seen, "observed": seen, **fields})


@pytest.fixture(params=["fake", "files"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> EvidenceStore:
    return FakeEvidence() if request.param == "fake" else EvidenceFiles(str(tmp_path))


def test_an_empty_store_knows_nothing(store: EvidenceStore) -> None:
    assert list(store.of("ledger", "staging")) == []


def test_what_is_kept_is_found_by_service_and_environment(store: EvidenceStore) -> None:
    ref = store.keep(piece(details={"tail": "ö\n", "seconds": 1.5}))
    store.keep(piece(service="shop"))
    store.keep(piece(environment="dev"))
    assert list(store.of("ledger", "staging")) == [(ref, piece(details={"tail": "ö\n", "seconds": 1.5}))]


def test_the_newest_observation_comes_first(store: EvidenceStore) -> None:
    for minutes in (5, 1, 9):
        store.keep(piece(minutes))
    assert [seen.observed for _, seen in store.of("ledger", "staging")] == [
        NOW - timedelta(minutes=each) for each in (1, 5, 9)
    ]


def test_the_same_piece_is_kept_once(store: EvidenceStore) -> None:
    assert store.keep(piece()) == store.keep(piece())
    assert len(store.of("ledger", "staging")) == 1


def test_a_reference_has_the_digest_of_the_canonical_form_and_one_line_for_people(
    store: EvidenceStore,
) -> None:
    ref = store.keep(piece(kind="smoke", source="smoke.sh"))
    canonical = rfc8785.dumps(msgspec.to_builtins(piece(kind="smoke", source="smoke.sh")))
    assert ref.kind == "smoke"
    assert ref.digest == f"sha256:{hashlib.sha256(canonical).hexdigest()}"
    assert ref.summary == "smoke of ledger in staging: pass, seen 2026-11-20T12:00:00Z by smoke.sh"


# Files


def write(root: Path, path: str, *pieces: object) -> Path:
    file = root / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("\n".join(each if isinstance(each, str) else json.dumps(each) for each in pieces))
    return file


def digests(root: Path, *places: str) -> list[str]:
    store = EvidenceFiles(str(root), places or (".sealock/evidence",))
    return [ref.digest for ref, _ in store.of("ledger", "staging")]


def fault(root: Path, *places: str) -> str:
    with pytest.raises(Undecided) as caught:
        digests(root, *places)
    return f"{caught.value.where}: {caught.value.message}"


def test_another_run_finds_what_was_kept_under_the_digest_of_its_bytes(tmp_path: Path) -> None:
    ref = EvidenceFiles(str(tmp_path)).keep(piece())
    (file,) = (tmp_path / ".sealock/evidence").iterdir()
    assert file.name == f"{hashlib.sha256(file.read_bytes()).hexdigest()}.json"
    assert list(EvidenceFiles(str(tmp_path)).of("ledger", "staging")) == [(ref, piece())]


def test_files_and_folders_are_read_wherever_the_configuration_says(tmp_path: Path) -> None:
    write(tmp_path, "seen/a/b/one.json", RAW)
    write(tmp_path, "seen/many.jsonl", {**RAW, "source": "b"}, "", {**RAW, "source": "c"})
    write(tmp_path, "health.jsonl", {**RAW, "source": "d"})
    write(tmp_path, "elsewhere/e.json", {**RAW, "source": "e"})
    write(tmp_path, "seen/README.md", "no evidence")
    write(tmp_path, "seen/.partial.json", "{")
    found = EvidenceFiles(str(tmp_path), ("seen", "health.jsonl", "missing/folder")).of("ledger", "staging")
    assert sorted(seen.source for _, seen in found) == ["", "b", "c", "d"]


def test_what_the_user_gives_is_read_from_anywhere_and_must_be_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path, "outside/one.json", RAW)
    write(tmp_path, "outside/two.jsonl", {**RAW, "source": "two"}, "{")
    (tmp_path / "link").symlink_to("outside")
    (tmp_path / "repository").mkdir()
    monkeypatch.chdir(tmp_path)
    for path in ("outside/one.json", "link/one.json", str(tmp_path / "outside/one.json")):
        found = EvidenceFiles("repository", (), (path,)).of("ledger", "staging")
        assert [seen.source for _, seen in found] == [""]
    with pytest.raises(Undecided) as caught:
        EvidenceFiles("repository", (), ("outside",)).of("ledger", "staging")
    assert str(caught.value.where) == "outside/two.jsonl:2:2"
    with pytest.raises(UsageError, match="there is no evidence at outsid"):
        EvidenceFiles("repository", (), ("outsid",))


def test_a_digest_is_of_the_piece_as_it_is_written_and_not_of_how_it_is_spaced(tmp_path: Path) -> None:
    write(tmp_path, "a/spaced.json", json.dumps(RAW, indent=3))
    write(tmp_path, "a/sorted.json", json.dumps(RAW, sort_keys=True))
    assert digests(tmp_path, "a") == [f"sha256:{hashlib.sha256(rfc8785.dumps(RAW)).hexdigest()}"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "x.json:1:1: this is no JSON: Expecting value"),
        ("{}\n{}", "x.json:2:1: this is no JSON: Extra data"),
        ('{"kind": "a",\n "kind": "b"}', "x.json:1:1: this is no JSON: a key stands there twice"),
        ("[" * 100_000, "x.json:1:1: this is no JSON: it is nested too deeply"),
        ("9" * 5000, "x.json:1:1: this is no JSON: Exceeds the limit"),
        ("[]", "x.json:1:1: this is no evidence: Expected `object`, got `array`"),
        ({**RAW, "verdict": "ok"}, "x.json:1:1: this is no evidence: Invalid enum value 'ok'"),
        ({**RAW, "extra": 1}, "x.json:1:1: this is no evidence: Object contains unknown field `extra`"),
        ({**RAW, "digests": ["sha256:a"]}, "x.json:1:1: this is no evidence: Expected `str` matching regex"),
        ({**RAW, "digests": DIGEST}, "x.json:1:1: this is no evidence: Expected `array`, got `str`"),
        (
            {**RAW, "since": "2026-11-20T08:00:00"},
            "x.json:1:1: this is no evidence: Expected `datetime` with",
        ),
        ({**RAW, "since": 1763625600}, "x.json:1:1: this is no evidence: Expected `datetime`, got `int`"),
        ({**RAW, "since": "2026-11-21T08:00:00Z"}, "x.json:1:1: this is no evidence: `observed` is before"),
        ({**RAW, "schema": "v2"}, "x.json:1:1: this is no evidence: Invalid enum value 'v2'"),
        ({**RAW, "service": "a b"}, "x.json:1:1: this is no evidence: Expected `str` matching regex"),
        ({**RAW, "details": {"n": 2**60}}, "x.json:1:1: this has no canonical form: "),
        (json.dumps({**RAW, "details": {"n": 1}}).replace("1}", "NaN}"), "x.json:1:1: this is no JSON: NaN"),
        ({**RAW, "message": "\ud800"}, "x.json:1:1: this has no canonical form: "),
    ],
)
def test_a_broken_file_is_undecided_at_its_place(tmp_path: Path, text: object, message: str) -> None:
    write(tmp_path, "seen/good.json", RAW)
    write(tmp_path, "seen/x.json", text)
    assert fault(tmp_path, "seen").startswith(f"seen/{message}")


def test_a_broken_line_is_undecided_at_its_place(tmp_path: Path) -> None:
    write(tmp_path, "x.jsonl", RAW, RAW, '{"kind": }')
    assert fault(tmp_path, "x.jsonl") == "x.jsonl:3:10: this is no JSON: Expecting value"


def test_bytes_that_are_no_text_are_undecided(tmp_path: Path) -> None:
    (tmp_path / "x.json").write_bytes(b"\xff\xfe{}")
    assert fault(tmp_path, "x.json").startswith("x.json:1:1: this is no JSON: ")


def link_to_file(root: Path) -> None:
    write(root, "other.json", RAW)
    (root / "seen").mkdir()
    (root / "seen" / "x.json").symlink_to("../other.json")


def link_to_folder(root: Path) -> None:
    write(root, "other/x.json", RAW)
    (root / "seen").mkdir()
    (root / "seen" / "x.json").symlink_to("../other")


def link_as_place(root: Path) -> None:
    write(root, "other/x.json", RAW)
    (root / "seen").symlink_to("other")


def link_above_the_place(root: Path) -> None:
    write(root, "other/below/x.json", RAW)
    (root / "seen").symlink_to("other")


@pytest.mark.parametrize(
    ("make", "place", "where"),
    [
        (link_to_file, "seen", "seen/x.json: this is a symbolic link, which is not followed"),
        (link_to_folder, "seen", "seen/x.json: this is a symbolic link, which is not followed"),
        (
            link_as_place,
            "seen",
            "seen: this cannot be read: a symbolic link is on the way, which is not followed",
        ),
        (
            link_above_the_place,
            "seen/below",
            "seen/below: this cannot be read: a symbolic link is on the way, which is not followed",
        ),
    ],
)
def test_links_are_not_followed(tmp_path: Path, make: Callable[[Path], None], place: str, where: str) -> None:
    make(tmp_path)
    assert fault(tmp_path, place) == where


def test_a_named_pipe_does_not_hang_the_reader(tmp_path: Path) -> None:
    (tmp_path / "seen").mkdir()
    os.mkfifo(tmp_path / "seen" / "x.json")
    assert fault(tmp_path, "seen") == "seen/x.json: this is no regular file"


def test_sizes_depths_and_counts_are_bounded(tmp_path: Path) -> None:
    write(tmp_path, "large/x.json", " " * ((8 << 20) + 1))
    write(tmp_path, "deep/" + "a/" * 9 + "x.json", RAW)
    (tmp_path / "many").mkdir()
    for number in range(10_001):
        os.close(os.open(tmp_path / "many" / f"{number}.jsonl", os.O_CREAT | os.O_WRONLY))
    assert fault(tmp_path, "large") == "large/x.json: this is larger than 8 MiB"
    assert fault(tmp_path, "deep").endswith("evidence lies more than 8 folders deep")
    assert fault(tmp_path, "many").endswith("there is more evidence than 10000 files or 64 MiB")


def test_a_link_instead_of_the_folder_is_not_written_through(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / ".sealock").symlink_to("elsewhere")
    with pytest.raises(Undecided) as caught:
        EvidenceFiles(str(tmp_path)).keep(piece())
    assert caught.value.message == (
        "evidence cannot be kept: a symbolic link is on the way, which is not followed"
    )
    assert list((tmp_path / "elsewhere").iterdir()) == []


def test_what_cannot_be_put_in_place_leaves_nothing_behind(tmp_path: Path) -> None:
    ref = FakeEvidence().keep(piece())
    folder = tmp_path / ".sealock/evidence"
    (folder / f"{ref.digest.removeprefix('sha256:')}.json" / "full").mkdir(parents=True)
    with pytest.raises(Undecided, match="evidence cannot be kept"):
        EvidenceFiles(str(tmp_path)).keep(piece())
    assert len(list(folder.iterdir())) == 1


def test_a_file_in_the_folders_place_is_undecided(tmp_path: Path) -> None:
    write(tmp_path, ".sealock/evidence", "x")
    with pytest.raises(Undecided, match="evidence cannot be kept"):
        EvidenceFiles(str(tmp_path)).keep(piece())


@pytest.mark.parametrize(
    "wrong",
    [{"kind": "Bad kind"}, {"digests": ("sha256:short",)}, {"details": {"n": 2**60}}, {"service": ""}],
)
def test_nothing_is_kept_that_could_not_be_read_back(tmp_path: Path, wrong: dict[str, Any]) -> None:
    with pytest.raises(Undecided):
        EvidenceFiles(str(tmp_path)).keep(piece(**wrong))
    assert list(tmp_path.rglob("*.json")) == []


@settings(max_examples=60)
@given(st.binary(max_size=200))
def test_whatever_bytes_there_are_the_answer_is_evidence_or_undecided(
    tmp_path_factory: pytest.TempPathFactory, content: bytes
) -> None:
    root = tmp_path_factory.getbasetemp() / "any"
    root.mkdir(exist_ok=True)
    for name in ("x.json", "x.jsonl"):
        (root / name).write_bytes(content)
        assert answer(root, name) in ("nothing", f"undecided: {name}")


def answer(root: Path, name: str) -> str:
    try:
        return str(EvidenceFiles(str(root), (name,)).of("ledger", "staging") or "nothing")
    except Undecided as wrong:
        return f"undecided: {wrong.where.file if wrong.where else ''}"


text = st.text(st.characters(exclude_categories=["Cs"]))
whole = st.integers(-(2**53) + 1, 2**53 - 1)
plain = st.none() | st.booleans() | whole | st.floats(-1e15, 1e15) | text
values = st.recursive(
    plain, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(text, inner, max_size=3), max_leaves=8
)


@settings(max_examples=40)
@given(st.dictionaries(text, values, max_size=4))
def test_details_survive_being_kept(
    tmp_path_factory: pytest.TempPathFactory, details: dict[str, Any]
) -> None:
    root = str(tmp_path_factory.mktemp("kept"))
    ref = EvidenceFiles(root).keep(piece(details=details))
    ((found, evidence),) = EvidenceFiles(root).of("ledger", "staging")
    assert (found, evidence.details) == (ref, details)
