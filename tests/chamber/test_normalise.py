"""What of a request is chance, what is meaning, and what the hash says of both."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from inline_snapshot import snapshot

from sealock.chamber import normalise
from sealock.chamber.normalise import normalised, request_hash
from sealock.chamber.structural_diff import differences
from sealock.errors import Undecided

_TEXTS = st.sampled_from(
    [
        "Chunk ID: 677bf5\nWall time: 0.3037 seconds\nProcess exited with code 0\nOutput:\nhi\n",
        "Exit code: 0\nWall time: 0.4 seconds\nOutput:\ndone",
        '{"output":"x","metadata":{"exit_code":0,"duration_seconds":0.1}}',
        "Script completed\nWall time 1.5 seconds\nOutput:\n",
    ]
) | st.text(max_size=20)
_NUMBERS = st.integers(-(2**53) + 1, 2**53 - 1) | st.floats(allow_nan=False, allow_infinity=False)
_SCALARS = st.none() | st.booleans() | _NUMBERS | _TEXTS
_VALUES = st.recursive(
    _SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
_ITEMS = st.fixed_dictionaries(
    {
        "type": st.sampled_from(
            ["message", "function_call", "function_call_output", "custom_tool_call_output"]
        )
    },
    optional={
        "id": st.text(max_size=5),
        "output": _TEXTS | st.lists(st.fixed_dictionaries({"text": _TEXTS})),
    },
)
_REQUESTS = st.fixed_dictionaries(
    {"model": st.text(max_size=5), "input": st.lists(_ITEMS | _VALUES, max_size=5)},
    optional={"client_metadata": _VALUES, "prompt_cache_key": st.text(max_size=5), "tools": _VALUES},
)


_OWN = "01a1ff68-fba3-76f1-ab86-157cd7a5eec4"
_NEXT = "01a1ff68-ff5c-7b91-aabe-110bb991ab2e"


def _output(text: str) -> dict[str, Any]:
    return {"input": [{"type": "function_call_output", "call_id": "c1", "output": text}]}


@given(_REQUESTS)
def test_normalising_twice_is_normalising_once(request: dict[str, Any]) -> None:
    assert normalised(normalised(request)) == normalised(request)


def _turned(value: Any) -> Any:  # noqa: ANN401 - any JSON
    if isinstance(value, dict):
        return {key: _turned(value[key]) for key in reversed(value)}
    return list(map(_turned, value)) if isinstance(value, list) else value


@given(_REQUESTS)
def test_the_order_of_keys_does_not_change_the_hash(request: dict[str, Any]) -> None:
    assert request_hash(request) == request_hash(_turned(request))


@given(_REQUESTS)
def test_the_request_itself_stays_as_it_is(request: dict[str, Any]) -> None:
    before = repr(request)

    normalised(request)

    assert before == repr(request)


@given(_REQUESTS, _VALUES, st.text(max_size=5))
def test_ids_of_the_session_do_not_change_the_hash(request: dict[str, Any], value: Any, key: str) -> None:  # noqa: ANN401
    other = {**request, "client_metadata": value, "prompt_cache_key": key}

    assert request_hash(request) == request_hash(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Chunk ID: 677bf5\nWall time: 0.3 seconds\n", "Chunk ID: 0a0b0c\nWall time: 12 seconds\n"),
        ("Exit code: 0\nWall time: 0.4 seconds\n", "Exit code: 0\nWall time: 0.6 seconds\n"),
        (
            '{"output":"","metadata":{"exit_code":0,"duration_seconds":0.1}}',
            '{"output":"","metadata":{"exit_code":0,"duration_seconds":2}}',
        ),
    ],
)
def test_how_long_a_tool_took_does_not_change_the_hash(one: str, other: str) -> None:
    assert request_hash(_output(one)) == request_hash(_output(other))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Exit code: 0\nWall time: 0.4 seconds\n", "Exit code: 1\nWall time: 0.4 seconds\n"),
        ("Exit code: 0\nOutput:\nWall time: 1 seconds\n", "Exit code: 0\nOutput:\nWall time: 2 seconds\n"),
        ("hi", "ho"),
    ],
)
def test_what_a_tool_said_does_change_it(one: str, other: str) -> None:
    assert request_hash(_output(one)) != request_hash(_output(other))


def _printed(own: str, output: str) -> dict[str, Any]:
    return {"prompt_cache_key": own, "client_metadata": {"session_id": own}, **_output(output)}


def test_the_id_of_the_conversation_in_an_output_does_not_change_the_hash() -> None:
    one = _printed(_OWN, f"CODEX_THREAD_ID={_OWN}\nHOME=/")
    other = _printed(_NEXT, f"CODEX_THREAD_ID={_NEXT}\nHOME=/")

    assert request_hash(one) == request_hash(other)


def test_another_id_in_an_output_does_change_it() -> None:
    assert request_hash(_printed(_OWN, f"id: {_OWN}")) != request_hash(_printed(_OWN, f"id: {_NEXT}"))


def test_an_id_that_the_recorded_model_names_is_the_records_own_in_a_replay() -> None:
    recorded, replayed = _printed(_OWN, f"id: {_OWN}"), _printed(_NEXT, f"id: {_OWN}")

    assert request_hash(recorded) == request_hash(replayed, ids=normalise.own_ids(recorded))


def test_a_record_of_the_first_rules_keeps_its_hashes() -> None:
    one, other = _printed(_OWN, f"id: {_OWN}"), _printed(_NEXT, f"id: {_NEXT}")

    assert request_hash(one, 1) != request_hash(other, 1)
    assert snapshot(
        "sha256:31b19ddc6d8b8833e162826c970399e5c8fbac753701520fc37c5ab270f6e99a"
    ) == request_hash(one, 1)


@pytest.mark.parametrize("version", [1, 2])
def test_every_rule_says_why(version: int) -> None:
    assert all(rule.reason for rule in normalise.rules(version))


def test_rules_of_another_version_are_not_guessed() -> None:
    with pytest.raises(Undecided) as caught:
        normalised({}, 99)

    assert (
        snapshot("the record was made with normalisation rules 99, and this Sealock knows 2")
        == caught.value.message
    )


def test_a_request_without_a_canonical_form_is_said() -> None:
    with pytest.raises(Undecided):
        request_hash({"input": [float("nan")]})


def test_differences_show_both_sides_and_the_place() -> None:
    recorded = {"model": "a", "input": [{"text": "x" * 100 + "one"}], "tools": [1, 2], "gone": None}
    sent = {"model": "a", "input": [{"text": "x" * 100 + "two"}], "tools": [1], "new": True}

    assert snapshot("""\
$.gone
  recorded: null
  sent:     (not there)
$.input[0].text, from character 101
  recorded: …xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxone
  sent:     …xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxtwo
$.new
  recorded: (not there)
  sent:     true
$.tools[1]
  recorded: 2
  sent:     (not there)\
""") == "\n".join(differences(recorded, sent))


@given(_VALUES)
def test_equal_values_have_no_differences(value: Any) -> None:  # noqa: ANN401 - any JSON
    assert differences(value, value) == ()


@given(_VALUES, _VALUES)
def test_values_of_different_hashes_have_differences(one: Any, other: Any) -> None:  # noqa: ANN401 - any JSON
    one, other = {"v": one}, {"v": other}
    if request_hash(one) != request_hash(other):
        assert differences(one, other)


def test_many_differences_are_cut_short() -> None:
    lines = differences(list(range(100)), [])

    assert lines[-1] == "There is more."
    assert len(lines) == 61
