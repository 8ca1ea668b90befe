"""The gates that run programs: what they ask, and what they make of the answer."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

import pytest
from tests.fakes.gate_ports import DIGEST, NOW, MemoryEvidence, ScriptedPrograms, car, ports, question, ref

from sealock.app.gates import ask
from sealock.domain.settings import Gate
from sealock.ports import ProgramAnswer

if TYPE_CHECKING:
    from sealock.domain.promotion import GateResult

SMOKE = Gate("smoke", path="tests/smoke.sh", timeout_seconds=300)
PROGRAM = Gate("program", path="gates/window", timeout_seconds=60)
PRINTED = b"one\ntwo\x07\nbad\n"
BROKEN = [
    (ProgramAnswer(0, b"", b"", 0.0, missing="it is not executable"), "could not be started: it is not"),
    (ProgramAnswer(-9, b"", b"", 61.0, timed_out=True), "was killed after"),
    (ProgramAnswer(-11, b"", b"", 0.1), "was ended by signal 11"),
]


def asked(gate: Gate, answer: ProgramAnswer, evidence: MemoryEvidence | None = None) -> GateResult:
    (found,) = ask((gate,), question(), ports(programs=ScriptedPrograms(answer), evidence=evidence))
    return found


def said(**values: object) -> ProgramAnswer:
    return ProgramAnswer(0, json.dumps(values).encode(), b"", 0.2)


def test_a_smoke_test_that_ends_well_passes() -> None:
    found = asked(SMOKE, ProgramAnswer(0, b"fine\n", b"", 65.2))
    assert (found.verdict, found.message) == ("pass", "tests/smoke.sh passed in 1m 5s")
    assert (found.gate, found.environment, found.service) == ("smoke", "production", "ledger")


def test_a_smoke_test_that_fails_refuses_with_its_last_words() -> None:
    found = asked(SMOKE, ProgramAnswer(3, b"trying\n", b"login: \x1b[31mrefused\n\n", 1.0))
    assert found.verdict == "refuse"
    assert found.message == r"tests/smoke.sh ended with status 3: login: \x1b[31mrefused"


@pytest.mark.parametrize("gate", [SMOKE, PROGRAM], ids=lambda gate: gate.kind)
@pytest.mark.parametrize(("answer", "words"), BROKEN)
def test_a_program_that_came_to_no_end_of_its_own_leaves_it_open(
    gate: Gate, answer: ProgramAnswer, words: str
) -> None:
    found = asked(gate, answer)
    assert found.verdict == "unknown"
    assert words in found.message


def test_a_smoke_test_runs_for_each_service_with_its_facts_and_no_input() -> None:
    programs = ScriptedPrograms(ProgramAnswer(0, b"", b"", 0.0))
    results = ask((SMOKE,), question(car(), car("payments")), ports(programs=programs))
    assert [each.service for each in results] == ["ledger", "payments"]
    (path, facts, stdin, seconds), (_, second, _, _) = programs.asked
    assert (path, stdin, seconds) == ("tests/smoke.sh", b"", 300)
    assert facts == {
        "SEALOCK_ACTION": "promote",
        "SEALOCK_BASE": question().base,
        "SEALOCK_ENVIRONMENT": "production",
        "SEALOCK_SOURCE": "staging",
        "SEALOCK_SERVICE": "ledger",
        "SEALOCK_DIGESTS": DIGEST,
        "SEALOCK_IMAGES": f"registry.example/acme/ledger:1.4@{DIGEST}",
    }
    assert second["SEALOCK_SERVICE"] == "payments"


def test_what_a_program_printed_is_kept_as_evidence() -> None:
    store = MemoryEvidence()
    found = asked(SMOKE, ProgramAnswer(1, b"one\ntwo\x07\n", b"bad\n", 1.5, dropped=7), store)
    (kept,) = store.kept
    assert found.evidence == (ref(kept),)
    assert (kept.kind, kept.service, kept.environment, kept.digests) == (
        "smoke",
        "ledger",
        "production",
        (DIGEST,),
    )
    assert (kept.verdict, kept.commit, kept.since, kept.observed) == ("refuse", question().base, NOW, NOW)
    assert kept.details == {
        "program": "tests/smoke.sh",
        "status": 1,
        "seconds": 1.5,
        "timedOut": False,
        "outputDigest": f"sha256:{hashlib.sha256(PRINTED).hexdigest()}",
        "stdoutTail": "one\ntwo\\x07\n",
        "stderrTail": "bad\n",
        "droppedBytes": 7,
    }


def test_only_the_end_of_a_long_output_is_kept() -> None:
    store = MemoryEvidence()
    asked(SMOKE, ProgramAnswer(1, b"x" * 100_000 + b"end", b"", 1.5), store)
    tail = store.kept[0].details["stdoutTail"]
    assert (len(tail), tail[-4:]) == (4000, "xend")


def test_a_program_that_never_ran_is_no_evidence() -> None:
    store = MemoryEvidence()
    assert asked(SMOKE, BROKEN[0][0], store).evidence == ()
    assert store.kept == []


@pytest.mark.parametrize("verdict", ["pass", "refuse", "unknown"])
def test_a_programs_verdict_is_taken(verdict: str) -> None:
    found = asked(PROGRAM, said(verdict=verdict, message="change\nwindow"))
    assert (found.verdict, found.message, found.service, found.hint) == (
        verdict,
        "change\\nwindow",
        "",
        "",
    )


def test_a_program_reads_the_whole_question_once() -> None:
    programs = ScriptedPrograms(said(verdict="pass", message="fine"))
    ask((PROGRAM,), question(car(), car("payments")), ports(programs=programs))
    ((path, facts, stdin, seconds),) = programs.asked
    assert (path, seconds, facts["SEALOCK_SERVICE"]) == ("gates/window", 60, "ledger payments")
    read = json.loads(stdin)
    assert read["schema"] == "sealock.dev/gate-question/v1"
    assert (read["environment"], read["now"]) == ("production", "2026-11-02T09:30:00Z")
    assert [each["service"] for each in read["cars"]] == ["ledger", "payments"]
    assert read["cars"][0]["images"][0]["after"]["digest"] == DIGEST


def test_what_a_program_says_besides_is_kept() -> None:
    store = MemoryEvidence()
    asked(PROGRAM, said(verdict="pass", message="fine", evidence={"ticket": "CHG-7"}), store)
    assert (store.kept[0].kind, store.kept[0].details["evidence"]) == ("program", {"ticket": "CHG-7"})


@pytest.mark.parametrize(
    "answer",
    [
        ProgramAnswer(0, b"", b"", 0.1),
        ProgramAnswer(0, b"fine", b"", 0.1),
        ProgramAnswer(0, b"\xff", b"", 0.1),
        ProgramAnswer(1, b'{"verdict": "pass", "message": ""}', b"", 0.1),
        ProgramAnswer(0, b'{"verdict": "pass", "message": ""}\n{}', b"", 0.1),
        said(verdict="PASS", message=""),
        said(verdict="pass"),
        said(verdict="pass", message="", more=1),
        said(verdict="pass", message="", evidence=[]),
        ProgramAnswer(0, b'["pass"]', b"", 0.1),
    ],
)
def test_anything_but_one_verdict_and_status_0_is_unknown(answer: ProgramAnswer) -> None:
    found = asked(PROGRAM, answer)
    assert found.verdict == "unknown"
    assert found.hint
