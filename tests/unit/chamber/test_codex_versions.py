"""The table of versions, what they showed, and the page about them say the same."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.chamber.versions import kept

from sealock.chamber import codex_versions
from sealock.chamber.codex_versions import parse, release

ROOT = Path(__file__).resolve().parents[3]
PROOFS = kept.proofs()


def test_the_versions_that_are_taken_are_those_that_showed_all_of_it() -> None:
    assert tuple(each.version for each in PROOFS.values() if not each.faults) == codex_versions.TESTED


def test_every_pinned_release_was_proven_or_has_no_program() -> None:
    pinned = json.loads((ROOT / "tools" / "codex_packages.json").read_text())
    assert list(PROOFS) == list(pinned)
    assert not set(pinned) & set(codex_versions.NO_PROGRAM)


def test_the_page_is_made_of_the_proofs() -> None:
    assert kept.PAGE.read_text(encoding="utf-8") == kept.page(list(PROOFS.values()))


def test_wheels_are_of_pinned_releases() -> None:
    assert set(json.loads(kept.WHEELS.read_text())) <= set(PROOFS)


def test_the_wheels_that_hints_name_are_those_that_pypi_has() -> None:
    assert list(codex_versions.WHEELS) == json.loads(kept.WHEELS.read_text())


@pytest.mark.parametrize(
    ("version", "by_path", "words"),
    [
        ("0.163.0", False, "Install that version: pip install openai-codex-cli-bin==0.163.0."),
        ("0.133.0", True, "==0.133.0, and take chamber.codex.path away."),
        ("0.169.0", False, "No wheel of it is known: npm install @openai/codex@0.169.0, and pin the program"),
        ("9.9.9", True, "npm install @openai/codex@9.9.9, and pin"),
        ("0.142.1", False, "npm has it, and no program of it for Linux: pin another version."),
    ],
)
def test_where_a_version_is_had_is_said(version: str, by_path: bool, words: str) -> None:  # noqa: FBT001
    assert words in codex_versions.how_to_get(version, by_path=by_path)


@pytest.mark.parametrize("found", PROOFS.values(), ids=lambda each: each.version)
def test_what_the_table_says_of_a_version_is_what_it_showed(found: kept.Proof) -> None:
    resumes = "a schema of the answer is lost with `exec resume`" not in release(found.version).cannot
    full_auto = parse(found.version) <= codex_versions.LAST_FULL_AUTO
    assert (found.resumes, found.refuses) == (resumes, () if full_auto else ("--full-auto",))


def test_what_a_release_describes_begins_with_a_version_that_was_proven() -> None:
    begins = [each.since for each in codex_versions._RELEASES]
    assert begins == sorted(set(begins))
    assert set(begins) <= set(map(parse, codex_versions.TESTED))
