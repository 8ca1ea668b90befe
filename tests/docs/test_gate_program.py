"""The page on programs as gates has the schema of what they read, as the code has it."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import jsonschema_rs
import msgspec
from tests.fakes.gate_ports import car, question

from sealock.domain.gate_question import GateQuestion

PAGE = Path(__file__).resolve().parents[2] / "docs" / "reference" / "gate-program.md"


def schema() -> dict[str, Any]:
    found = {"$schema": "https://json-schema.org/draft/2020-12/schema", **msgspec.json.schema(GateQuestion)}
    written: dict[str, Any] = json.loads(json.dumps(found))
    return written


def shown() -> dict[str, Any]:
    found = re.search(r"^```json\n(.*?)^```$", PAGE.read_text(), re.MULTILINE | re.DOTALL)
    assert found
    decoded: dict[str, Any] = json.loads(found[1])
    return decoded


def test_the_page_has_the_schema_of_the_question() -> None:
    assert shown() == schema()


def test_a_question_is_valid_by_the_schema_of_the_page() -> None:
    asked = json.loads(msgspec.json.encode(question(car(), car("payments"))))
    validator = jsonschema_rs.Draft202012Validator(shown())
    assert [str(each) for each in validator.iter_errors(asked)] == []
    del asked["cars"]
    assert not validator.is_valid(asked)
