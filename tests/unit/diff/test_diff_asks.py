"""What `diff` asks the API server's code about."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from sealock.app.diff import Change, DiffRevisions, Side
from sealock.domain.object_diff import Comparison, FieldChange
from sealock.domain.rendered import Admission, Origin, Rendered, RenderedObject, TraceEntry

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sealock.ports import RenderRequest, States


class Tree:
    """One overlay whose only object has the label or field value `value`."""

    def __init__(self, value: str) -> None:
        self._value = value

    def files(self) -> tuple[str, ...]:
        return ("o/kustomization.yaml",)

    def read_text(self, path: str) -> str:
        return f"# {path}\nresources: []\n"

    def render(self, request: RenderRequest) -> Iterator[Rendered]:
        manifest = {"kind": "Deployment", "metadata": {"name": "a", "labels": {"v": self._value}}}
        origin = Origin("o/a.yaml", "Deployment", "a")
        trace = (TraceEntry("o/kustomization.yaml", "file"),)
        for each in request.overlays:
            yield Rendered(each, (RenderedObject(manifest, origin),), "", trace)


class Answers:
    """Compares as it was told, and refuses every change it is asked about."""

    def __init__(self, *paths: str) -> None:
        self._paths = paths

    def compare(self, states: Sequence[States], _: Sequence[dict[str, Any]] = ()) -> list[Comparison]:
        return [Comparison(tuple(FieldChange("change", each) for each in self._paths)) for _ in states]

    def admit(self, states: Sequence[States], _: object = None) -> list[Admission]:
        return [Admission(errors=(("spec", "field is immutable"),)) for _ in states]


def side(value: str) -> Side:
    tree: Any = Tree(value)
    return Side(value, tree, tree, tree)


def dangers(*paths: str) -> int:
    change = Change(side("a"), side("b"), ["o/kustomization.yaml"], list)
    answers = Answers(*paths)
    return len(DiffRevisions(change, answers, answers).run().dangers)


@pytest.mark.parametrize(
    "paths",
    [["metadata.labels"], ["metadata.labels.v"], ['metadata.labels["a.b/c"]', "metadata.labels.v"]],
)
def test_whether_labels_may_change_is_not_asked(paths: list[str]) -> None:
    assert dangers(*paths) == 0


@pytest.mark.parametrize(
    "paths",
    [
        ["metadata.labels.v", "spec.selector.matchLabels.v"],
        ["metadata.annotations.v"],
        ["metadata.labelsOf"],
        ["spec.metadata.labels"],
        [""],
    ],
)
def test_whether_anything_else_may_change_is_asked(paths: list[str]) -> None:
    assert dangers(*paths) == 1
