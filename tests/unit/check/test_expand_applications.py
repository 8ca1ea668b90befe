"""What ApplicationSets make, and which line of a set a generated Application's field leads to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from sealock.app.expand_applications import Expanded, expand
from sealock.domain.source_map import SourceMap
from sealock.domain.yaml_document import MANIFEST, Path, parse, to_plain
from sealock.ports import (
    Expansion,
    ExpansionFacts,
    ExpansionProblem,
    GeneratedApplication,
    UnknownGenerator,
)
from sealock.rules.view import ApplicationView, SetRefusal

if TYPE_CHECKING:
    from collections.abc import Sequence

FILE = "sets/teams.yaml"
SET = """\
kind: ApplicationSet
metadata:
  name: teams
  namespace: argocd
spec:
  generators:
  - list: {}
  - list:
      elements: []
      template:
        metadata: {}
        spec:
          source:
            path: ""
            targetRevision: own
  template:
    metadata:
      name: '{{name}}'
    spec:
      source:
        path: '{{path}}'
        targetRevision: HEAD
      syncPolicy: {}
  templatePatch: |
    spec: {syncPolicy: {automated: {}}}
"""
MADE = GeneratedApplication({"metadata": {"name": "a"}}, "spec.generators[1].list", (("spec", "syncPolicy"),))


class FakeSets:
    """Gives `known` back by a set's name; what it does not know makes nothing."""

    def __init__(self, known: dict[str, Expansion]) -> None:
        self.known = known
        self.asked: list[str] = []

    def expand(self, sets: Sequence[dict[str, Any]], facts: ExpansionFacts) -> list[Expansion]:
        del facts
        names = [each["metadata"]["name"] for each in sets]
        self.asked += names
        return [self.known.get(name, Expansion()) for name in names]


def view(text: str = SET) -> ApplicationView:
    (node,) = parse(text, FILE, MANIFEST)
    manifest = to_plain(node)
    assert isinstance(manifest, dict)
    return ApplicationView(manifest, FILE, 0, in_scope=True)


def expanded(*found: Expansion) -> Expanded:
    known = {f"s{index}": each for index, each in enumerate(found)}
    views = [view(SET.replace("teams", name)) for name in known]
    return expand(views, FakeSets(known), ExpansionFacts(()))


def line_of(path: Path, generator: str = MADE.generator) -> str:
    """Return the text of the line that sets a field of the generated Application."""
    made = GeneratedApplication(MADE.manifest, generator, MADE.patched)
    (application,) = expanded(Expansion((made,))).applications
    place = SourceMap({FILE: SET}.__getitem__).in_document(FILE, 0, application.field(path))
    return SET.splitlines()[place.line - 1].strip()


@pytest.mark.parametrize(
    ("path", "line"),
    [
        (("spec", "source", "path"), "path: '{{path}}'"),
        (("spec", "source", "targetRevision"), "targetRevision: own"),
        (("metadata", "name"), "name: '{{name}}'"),
        (("metadata", "namespace"), "namespace: argocd"),
        (("metadata", "finalizers", 0), "metadata:"),
        (("spec", "syncPolicy", "automated", "prune"), "templatePatch: |"),
        (("spec", "syncPolicy"), "templatePatch: |"),
    ],
)
def test_a_field_leads_to_the_line_that_sets_it(path: Path, line: str) -> None:
    assert line_of(path) == line


def test_another_generators_template_sets_nothing() -> None:
    assert line_of(("spec", "source", "targetRevision"), "spec.generators[0].list") == "targetRevision: HEAD"


def test_each_application_knows_its_set() -> None:
    found = expanded(Expansion((MADE,)), Expansion((MADE, MADE)))
    assert [each.by.name for each in found.applications] == ["s0", "s1", "s1"]


def test_what_is_unknown_says_what_to_do() -> None:
    asked = [
        UnknownGenerator("spec.generators[0].clusters", "asks"),
        UnknownGenerator("spec.generators[1].git", "reads"),
        UnknownGenerator("spec.generators[0].pullRequest", "asks"),
        UnknownGenerator("", "the engine died"),
    ]
    found = expanded(Expansion(undecided=tuple(asked))).unknown
    assert [each.path for each in found] == [
        ("spec", "generators", 0, "clusters"),
        ("spec", "generators", 1, "git"),
        ("spec", "generators", 0, "pullRequest"),
        (),
    ]
    assert [each.hint.split(" ")[0] for each in found] == ["List", "Only", "Argo", "Argo"]


def test_what_argocd_refuses_keeps_its_place_and_words() -> None:
    wrong = ExpansionProblem("spec.template.metadata.labels[a.b/c]", "no")
    (found,) = expanded(Expansion(problems=(wrong,))).refused
    assert found == SetRefusal(found.by, ("spec", "template", "metadata", "labels", "a.b/c"), "no")


def test_without_sets_nobody_is_asked() -> None:
    fake = FakeSets({})
    assert (expand([], fake, ExpansionFacts(())), fake.asked) == (Expanded(), [])
