"""Schemas for strict mode: what is wrong with one, what the fix makes of it, and answers back again."""

from __future__ import annotations

import copy
from typing import Any

import jsonschema_rs
import pytest
from hypothesis import given
from hypothesis import strategies as st
from inline_snapshot import snapshot

from sealock.domain.strict_answer import as_asked
from sealock.domain.strict_schema import SchemaFault, pointer, strict

# The schemas of the two articles, as they are printed there.
APPLICATIONS: dict[str, Any] = {
    "type": "object",
    "properties": {
        "applications": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {"filename": {"type": "string"}, "content": {"type": "string"}},
                "required": ["filename", "content"],
            },
        }
    },
    "required": ["applications"],
}
REVIEW: dict[str, Any] = {
    "type": "object",
    "properties": {
        "risk_level": {"type": "string", "enum": ["low", "medium", "high", "critical"]},
        "issues": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {
                    "file": {"type": "string"},
                    "line": {"type": "integer"},
                    "severity": {"type": "string"},
                    "description": {"type": "string"},
                },
                "required": ["file", "severity", "description"],
            },
        },
        "summary": {"type": "string"},
    },
    "required": ["risk_level", "issues", "summary"],
    "additionalProperties": False,
}


def told(schema: Any) -> list[tuple[str, str, str]]:  # noqa: ANN401 - any JSON
    found = strict(schema).faults
    return [(pointer(each.path), each.message, each.change or each.help) for each in found]


def closed(**properties: Any) -> dict[str, Any]:  # noqa: ANN401 - schemas
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def test_the_schema_of_the_article_on_batches_lets_objects_have_more() -> None:
    assert told(APPLICATIONS) == snapshot(
        [
            ("/", "`additionalProperties` is not false", "set `additionalProperties` to false"),
            (
                "/properties/applications/items",
                "`additionalProperties` is not false",
                "set `additionalProperties` to false",
            ),
        ]
    )


def test_the_schema_of_the_article_on_hermetic_runs_has_an_optional_line() -> None:
    assert told(REVIEW) == snapshot(
        [
            (
                "/properties/issues/items",
                "`additionalProperties` is not false",
                "set `additionalProperties` to false",
            ),
            (
                "/properties/issues/items/properties/line",
                "`line` is not required",
                "require it, and let it be null",
            ),
        ]
    )


def test_the_fix_of_the_article_requires_a_line_that_may_be_null() -> None:
    fixed = strict(REVIEW).schema
    assert fixed["properties"]["issues"]["items"] == closed(
        file={"type": "string"},
        line={"type": ["integer", "null"]},
        severity={"type": "string"},
        description={"type": "string"},
    )


@pytest.mark.parametrize("schema", [APPLICATIONS, REVIEW])
def test_what_was_fixed_has_no_faults_and_is_fixed_no_further(schema: dict[str, Any]) -> None:
    fixed = strict(schema).schema
    assert strict(fixed).faults == ()
    assert fixed == strict(fixed).schema


def test_the_schema_that_was_asked_for_is_left_alone() -> None:
    before = copy.deepcopy(REVIEW)
    strict(REVIEW)
    assert before == REVIEW


@pytest.mark.parametrize(
    ("schema", "expected"),
    [
        ({"type": "string", "enum": ["a"]}, {"type": ["string", "null"], "enum": ["a", None]}),
        ({"type": "string", "const": "a"}, {"type": ["string", "null"], "enum": ["a", None]}),
        ({"type": ["string", "integer"]}, {"type": ["string", "integer", "null"]}),
        ({"enum": ["a", 1]}, {"enum": ["a", 1, None], "type": ["string", "integer", "null"]}),
        ({"anyOf": [{"type": "string"}]}, {"anyOf": [{"type": "string"}, {"type": "null"}]}),
        ({"oneOf": [{"type": "string"}]}, {"anyOf": [{"type": "string"}, {"type": "null"}]}),
        ({"$ref": "#"}, {"anyOf": [{"$ref": "#"}, {"type": "null"}]}),
        ({"type": ["string", "null"]}, {"type": ["string", "null"]}),
    ],
)
def test_an_optional_property_is_required_and_may_be_null(schema: Any, expected: Any) -> None:  # noqa: ANN401
    optional = {**closed(it=schema), "required": []}
    assert expected == strict(optional).schema["properties"]["it"]


@pytest.mark.parametrize(
    ("schema", "word"),
    [
        ({"type": "string", "minLength": 1}, "minLength"),
        ({"type": "array", "items": {"type": "string"}, "uniqueItems": True}, "uniqueItems"),
        ({"type": "string", "default": "x"}, "default"),
        ({"type": "string", "not": {"const": "x"}}, "not"),
        ({"type": "string", "format": "uri"}, "format"),
        ({"type": "string", "x-mine": 1}, "x-mine"),
    ],
)
def test_what_strict_mode_does_not_check_is_dropped_from_what_is_sent(
    schema: dict[str, Any], word: str
) -> None:
    found = strict(closed(it=schema))
    assert word not in found.schema["properties"]["it"]
    assert [each.change for each in found.faults] == [f"drop `{word}`"]


@pytest.mark.parametrize(
    ("schema", "message"),
    [
        ({}, "it permits any value"),
        (True, "it permits any value"),
        ({"description": "anything"}, "it has no type"),
        ({"type": "array"}, "an array has no `items`"),
        ({"type": "object"}, "an object without properties is always empty"),
        ({"type": "object", "properties": {"a": {"type": "null"}}, "required": ["a", "b"],
          "additionalProperties": False}, "`b` is required and is no property"),
        ({"type": "object", "additionalProperties": {"type": "string"}}, "keys that are not known before"),
        ({"allOf": [{"type": "string"}, {"type": "string"}]}, "`allOf` is not supported"),
        ({"$ref": "https://example.com/x"}, "'https://example.com/x' is not in this schema"),
        ({"$ref": "#/$defs/none"}, "'#/$defs/none' is not in this schema"),
    ],
)  # fmt: skip
def test_what_only_a_person_can_say_is_not_mended(schema: Any, message: str) -> None:  # noqa: ANN401
    found = strict(closed(it=schema)).unmendable
    assert any(each.message.startswith(message) for each in found)
    assert all(each.help for each in found)


@pytest.mark.parametrize(
    "schema", [[], "x", None, {"type": "string"}, {"anyOf": [closed(a={"type": "null"})]}]
)
def test_the_root_is_an_object(schema: Any) -> None:  # noqa: ANN401
    assert strict(schema).unmendable


def test_one_schema_in_allof_takes_its_place() -> None:
    found = strict({**closed(it={"allOf": [{"$ref": "#/$defs/a"}]}), "$defs": {"a": {"type": "string"}}})
    assert found.schema["properties"]["it"] == {"$ref": "#/$defs/a"}
    assert found.unmendable == ()


def nested(levels: int) -> dict[str, Any]:
    schema: dict[str, Any] = {"type": "string"}
    for _ in range(levels):
        schema = closed(it=schema)
    return schema


def test_ten_levels_of_nesting_are_permitted_and_eleven_are_not() -> None:
    assert strict(nested(10)).faults == ()
    (fault,) = strict(nested(11)).faults
    assert fault == SchemaFault((), "it has 11 levels of nesting", help="At most 10: split the task.")


def test_a_recursive_schema_is_counted_once() -> None:
    assert strict(closed(children={"type": "array", "items": {"$ref": "#"}})).faults == ()


@pytest.mark.parametrize(
    ("schema", "message"),
    [
        (closed(**{f"p{n}": {"type": "null"} for n in range(5001)}), "it has 5001 properties"),
        (closed(it={"type": "integer", "enum": list(range(1001))}), "it has 1001 values of enums"),
        (closed(it={"type": "string", "enum": [f"{n:060}" for n in range(251)]}), "an enum of more than 250"),
        (closed(it={"type": "string", "const": "x" * 120_001}), "it has 120003 characters"),
    ],
)
def test_a_schema_over_a_limit_is_refused(schema: dict[str, Any], message: str) -> None:
    assert [each.message.startswith(message) for each in strict(schema).faults] == [True]


def test_nulls_of_optional_properties_are_left_out_again() -> None:
    issue = {"file": "a", "line": None, "severity": "s", "description": "d"}
    answer = {"risk_level": "low", "issues": [issue], "summary": ""}
    expected = [{"file": "a", "severity": "s", "description": "d"}]
    assert expected == as_asked(answer, REVIEW)["issues"]


def test_a_null_that_was_permitted_stays() -> None:
    schema = {"type": "object", "properties": {"a": {"type": ["string", "null"]}, "b": {"enum": ["x", None]}}}
    assert as_asked({"a": None, "b": None}, schema) == {"a": None, "b": None}


def test_a_null_where_a_value_is_required_stays_for_the_validator() -> None:
    assert as_asked({"risk_level": None}, REVIEW) == {"risk_level": None}


def test_the_choice_that_fits_decides_which_nulls_are_left_out() -> None:
    dog = {"type": "object", "properties": {"kind": {"const": "dog"}, "n": {"type": "integer"}},
           "required": ["kind"]}  # fmt: skip
    cat = {"type": "object", "properties": {"kind": {"const": "cat"}, "n": {"type": ["integer", "null"]}},
           "required": ["kind"]}  # fmt: skip
    schema = {"type": "object", "properties": {"pets": {"type": "array", "items": {"oneOf": [dog, cat]}}}}
    answer = {"pets": [{"kind": "dog", "n": None}, {"kind": "cat", "n": None}]}
    assert as_asked(answer, schema) == {"pets": [{"kind": "dog"}, {"kind": "cat", "n": None}]}


# Schemas as people write them: scalars, optional properties, arrays, choices, no closed objects.
SCALARS: st.SearchStrategy[dict[str, Any]] = st.sampled_from(
    [
        {"type": "string"},
        {"type": "string", "minLength": 2},
        {"type": "integer", "minimum": 0},
        {"type": ["string", "null"]},
        {"enum": ["a", "b", 3]},
        {"type": "boolean", "default": True},
    ]
)


def objects(inner: st.SearchStrategy[dict[str, Any]]) -> st.SearchStrategy[dict[str, Any]]:
    properties = st.dictionaries(st.sampled_from("abcd"), inner, min_size=1)
    return properties.flatmap(
        lambda them: st.sets(st.sampled_from(sorted(them))).map(
            lambda required: {"type": "object", "properties": them, "required": sorted(required)}
        )
    )


def arrays(inner: st.SearchStrategy[dict[str, Any]]) -> st.SearchStrategy[dict[str, Any]]:
    return inner.map(lambda items: {"type": "array", "items": items})


SCHEMAS = objects(st.recursive(SCALARS, lambda inner: objects(inner) | arrays(inner), max_leaves=6))


@given(SCHEMAS)
def test_a_fixed_schema_needs_no_more_fixing(schema: dict[str, Any]) -> None:
    fixed = strict(schema)
    assert fixed.unmendable == ()
    assert strict(fixed.schema).faults == ()


def fullest(schema: dict[str, Any]) -> Any:  # noqa: ANN401 - plain JSON
    """Return an answer to a strict schema that is null wherever it may be."""
    if any(each == {"type": "null"} for each in schema.get("anyOf", ())):
        return None
    if "null" in schema.get("type", ()):
        return None
    values = {"string": "xx", "integer": 1, "boolean": True}
    if schema["type"] == "object":
        return {name: fullest(each) for name, each in schema["properties"].items()}
    if schema["type"] == "array":
        return [fullest(schema["items"])]
    return schema["enum"][0] if "enum" in schema else values[schema["type"]]


@given(SCHEMAS)
def test_an_answer_of_nulls_is_one_that_the_schema_permits(schema: dict[str, Any]) -> None:
    answer = fullest(strict(schema).schema)
    jsonschema_rs.validator_for(strict(schema).schema).validate(answer)
    jsonschema_rs.validator_for(schema).validate(as_asked(answer, schema))
