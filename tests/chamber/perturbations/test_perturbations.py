"""A sample of the changes of a host: they matter with the article's flags, and not sealed.

All of them run in `python -m tests.chamber.perturbations.report`, which writes the page of the reference.
"""

from __future__ import annotations

import dataclasses
import re
from functools import cache
from pathlib import Path

import pytest
from tests.chamber.conftest import codex_program
from tests.chamber.perturbations import report
from tests.chamber.perturbations.catalogue import PERTURBATIONS, SECRET, Perturbation
from tests.chamber.perturbations.judge import effects
from tests.chamber.perturbations.observe import Arrangement, Observation, observe

from sealock.chamber.codex_binary import bundled_bwrap

pytestmark = [pytest.mark.enable_socket, pytest.mark.timeout(300)]

_BY_NAME = {each.name: each for each in PERTURBATIONS}
_SAMPLE = (
    "AGENTS.md in CODEX_HOME",
    "skill in /etc/codex",
    "managed config: instructions",
    "hooks in /etc/codex",
    "~/.ssh/id_ed25519",
    "variable GITHUB_TOKEN",
    "variable BASH_ENV",
    "a secret in a remote's URL",
)


@cache
def _usual(version: str, arrangement: Arrangement) -> tuple[Observation, ...]:
    binary = codex_program(version)
    return report.usual(_bwrap(), binary, arrangement)


def _bwrap() -> str:
    return bundled_bwrap(codex_program("0.169.0"))


def _effects(version: str, arrangement: Arrangement, change: Perturbation) -> tuple[str, ...]:
    binary = codex_program(version)
    return effects(_usual(version, arrangement), observe(_bwrap(), binary, change, arrangement))


@pytest.mark.parametrize("version", report.VERSIONS)
@pytest.mark.parametrize("name", _SAMPLE)
def test_a_change_of_the_host_does_not_reach_a_sealed_run(name: str, version: str) -> None:
    assert _effects(version, "sealed", _BY_NAME[name]) == ()


@pytest.mark.parametrize("name", _SAMPLE[:3])
def test_the_same_change_reaches_a_run_with_the_articles_flags(name: str) -> None:
    assert "secret" in _effects("0.169.0", "article", _BY_NAME[name])


def test_an_unchanged_host_shows_no_effect() -> None:
    assert _effects("0.169.0", "sealed", report.NOTHING) == ()


def test_a_run_that_never_asked_the_model_is_no_proof() -> None:
    silent = Observation((), 1, "")
    assert effects(_usual("0.169.0", "sealed"), silent) == ("prompt", "headers", "outcome")


def test_a_secret_in_the_output_alone_is_seen() -> None:
    usual = _usual("0.169.0", "sealed")
    told = dataclasses.replace(usual[0], said=f"{usual[0].said} {SECRET}")
    assert effects(usual, told) == ("secret",)


def test_at_least_forty_changes_have_names_of_their_own() -> None:
    assert len(_BY_NAME) == len(PERTURBATIONS) >= 40


def test_the_page_has_a_row_for_each_change_and_nothing_sealed_in_it() -> None:
    text = Path(report.PAGE).read_text(encoding="utf-8")
    rows = dict(re.findall(r"(?m)^\| ([^|]+?) \|.*?\| ([^|]+ \| [^|]+) \|$", text))
    assert {name: rows.get(name) for name in _BY_NAME} == dict.fromkeys(_BY_NAME, "– | –")
