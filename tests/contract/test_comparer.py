"""What every Comparer promises; there is only the engine's, for no fake could know Kubernetes' merge keys."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from sealock.adapters.engine import open_pool
from sealock.adapters.engine_compare import EngineComparer
from sealock.domain.object_diff import Comparison, FieldChange
from sealock.errors import EngineError
from sealock.ports import States

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sealock.ports import Comparer

pytestmark = pytest.mark.engine
WIDGETS = {
    "kind": "CustomResourceDefinition",
    "spec": {
        "group": "acme.io",
        "names": {"kind": "Widget"},
        "versions": [
            {
                "name": "v1",
                "schema": {
                    "openAPIV3Schema": {
                        "properties": {
                            "parts": {"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["id"]}
                        }
                    }
                },
            }
        ],
    },
}


@pytest.fixture(scope="module")
def comparer() -> Iterator[Comparer]:
    with open_pool() as pool:
        yield EngineComparer(pool)


def settings(number: int, value: str) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": f"c{number}"}, "data": {"a": value}}


def widget(*parts: dict[str, Any]) -> dict[str, Any]:
    return {"apiVersion": "acme.io/v1", "kind": "Widget", "parts": list(parts)}


def test_answers_come_in_the_order_of_the_questions(comparer: Comparer) -> None:
    found = comparer.compare([States(settings(n, "x"), settings(n, f"{n}")) for n in range(50)])
    assert found == [
        Comparison((FieldChange("change", "data.a", "x", f"{n}"),), "built-in") for n in range(50)
    ]


def test_nothing_asked_is_nothing_answered(comparer: Comparer) -> None:
    assert comparer.compare([]) == []


def test_equal_states_have_no_changes(comparer: Comparer) -> None:
    assert comparer.compare([States(settings(1, "x"), settings(1, "x"))]) == [Comparison((), "built-in")]


def test_definitions_say_how_lists_of_custom_resources_merge(comparer: Comparer) -> None:
    states = States(widget({"id": "a", "n": 1}, {"id": "b"}), widget({"id": "b"}, {"id": "a", "n": 2}))
    (known,) = comparer.compare([states], [WIDGETS])
    (unknown,) = comparer.compare([states])
    assert known == Comparison((FieldChange("change", "parts[id=a].n", 1, 2),), "definition")
    assert (unknown.schema, len(unknown.changes)) == ("none", 2)


def test_a_question_without_objects_cannot_be_answered(comparer: Comparer) -> None:
    with pytest.raises(EngineError, match="neither before nor after"):
        comparer.compare([States(None, None)])
