"""Deprecated fields of a kustomization, written anew with the fewest possible edits."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from sealock.domain.yaml_document import MANIFEST, Mapping, parse, to_plain
from sealock.domain.yaml_edit import apply
from sealock.rules.kustomize.replaced_fields import edits


def rewritten(text: str, field: str) -> str | None:
    """Return the text after the edits; None where there are none."""
    (root,) = parse(text, "kustomization.yaml", MANIFEST)
    assert isinstance(root, Mapping)
    found = edits(text, root, field)
    return apply(text, found) if found else None


LABELLED = """\
labels:  # all
  - pairs:
      # one
      a: "1"
      b: c # d
    includeSelectors: true
namespace: x
"""
CASES = {
    "a key alone is renamed": ("bases", "bases: # b\n- ../b  # c\n", "resources: # b\n- ../b  # c\n"),
    "a list in brackets is renamed": ("bases", "bases: [../b]\n", "resources: [../b]\n"),
    "items go behind those that are there, with their comments": (
        "bases",
        "resources:\n  - a.yaml\n\n# shared\nbases: # old\n# one\n- ../b\nimages: []\n",
        "resources:\n  - a.yaml\n  # shared\n  # old\n  # one\n  - ../b\n\nimages: []\n",
    ),
    "what is above the first key stays there": (
        "bases",
        "# Ours.\nbases:\n- ../b\nresources:\n- a.yaml\n",
        "# Ours.\nresources:\n- a.yaml\n- ../b\n",
    ),
    "a file without a last line break keeps none": (
        "bases",
        "resources:\n- a.yaml\nbases:\n- ../b",
        "resources:\n- a.yaml\n- ../b",
    ),
    "the line break before a key that was last goes with it": (
        "bases",
        "resources:\n- a.yaml\nimages: []\nbases:\n- ../b",
        "resources:\n- a.yaml\n- ../b\nimages: []",
    ),
    "line breaks of Windows stay": (
        "commonLabels",
        "resources:\r\n- a\r\ncommonLabels:\r\n  a: b\r\n",
        "resources:\r\n- a\r\nlabels:\r\n- pairs:\r\n    a: b\r\n  includeSelectors: true\r\n",
    ),
    "patch files and texts become entries": (
        "patchesStrategicMerge",
        'patchesStrategicMerge:\n- "a.yaml" # a\n- |-\n  kind: X\n\n  b: c\n- d.yaml\n',
        'patches:\n- path: "a.yaml" # a\n- patch: |-\n    kind: X\n\n    b: c\n- path: d.yaml\n',
    ),
    "patches that ran first stay first": (
        "patchesStrategicMerge",
        "patches:\n  # own\n  - path: own.yaml\npatchesStrategicMerge:\n- |\n  kind: X\n",
        "patches:\n  - patch: |\n      kind: X\n  # own\n  - path: own.yaml\n",
    ),
    "patch files in brackets become entries": (
        "patchesStrategicMerge",
        "patchesStrategicMerge: [a.yaml, 'b.yml']\n",
        "patches: [{path: a.yaml}, {path: 'b.yml'}]\n",
    ),
    "labels keep quotes and comments": (
        "commonLabels",
        'commonLabels: # all\n      # one\n      a: "1"\n      b: c # d\nnamespace: x\n',
        LABELLED,
    ),
    "labels in braces stay in braces": (
        "commonLabels",
        "labels:\n- pairs: {c: d}\ncommonLabels: {a: b}\n",
        "labels:\n- pairs: {c: d}\n- pairs: {a: b}\n  includeSelectors: true\n",
    ),
    "late patches go last": (
        "patchesJson6902",
        "patches:\n- path: a.yaml\npatchesJson6902:\n- target: {kind: X, name: y}\n  path: b.yaml\n",
        "patches:\n- path: a.yaml\n- target: {kind: X, name: y}\n  path: b.yaml\n",
    ),
}


@pytest.mark.parametrize(("field", "text", "expected"), CASES.values(), ids=CASES)
def test_a_field_is_rewritten_and_all_else_stays(field: str, text: str, expected: str) -> None:
    assert expected == rewritten(text, field)


REFUSED = {
    "a kustomization in braces": ("bases", "{bases: [a], resources: [b]}\n"),
    "a list in brackets beside one of lines": ("bases", "bases: [a]\nresources:\n- b\n"),
    "a patch that is no file name": ("patchesStrategicMerge", "patchesStrategicMerge:\n- '{kind: X}'\n"),
    "an alias among the patches": (
        "patchesStrategicMerge",
        "crds: &c [a.yaml]\npatchesStrategicMerge: *c\npatches:\n- path: b.yaml\n",
    ),
    "labels that are none": ("commonLabels", "commonLabels: {}\n"),
    "labels in braces over lines": ("commonLabels", "commonLabels: {a: b,\n  c: d}\n"),
}


@pytest.mark.parametrize(("field", "text"), REFUSED.values(), ids=REFUSED)
def test_an_unusual_shape_is_left_to_people(field: str, text: str) -> None:
    assert rewritten(text, field) is None


NAMES = st.sampled_from(["../base", "a.yaml", '"b.yaml"', "'c.yml'  # why", "d.yaml # 1"])
LISTS = st.lists(NAMES, min_size=1, max_size=3)


@st.composite
def kustomizations(draw: st.DrawFn) -> str:
    """Return a kustomization with both fields, in any order, indented and broken in some way."""
    indent = draw(st.sampled_from(["", "  ", "    "]))
    fields = ["resources", "bases"]
    if draw(st.booleans()):
        fields.reverse()
    if draw(st.booleans()):
        fields.insert(draw(st.integers(0, 2)), "images")
    lines: list[str] = []
    for field in fields:
        lines += draw(st.sampled_from([[], [""], ["# above"]]))
        lines.append(f"{field}:{draw(st.sampled_from(['', ' # behind']))}")
        lines += [f"{indent}- {name}" for name in draw(LISTS)]
    newline = draw(st.sampled_from(["\n", "\r\n"]))
    return newline.join(lines) + draw(st.sampled_from([newline, ""]))


@given(kustomizations())
@example("resources:\n- a.yaml\nbases:\n- ../base")
@example("resources:\n- a.yaml\n\nbases:\n- ../base")
def test_a_moved_list_says_the_same_and_loses_no_line(text: str) -> None:
    after = rewritten(text, "bases")
    assert after is not None
    (before,), (now,) = parse(text, "k", MANIFEST), parse(after, "k", MANIFEST)
    old, new = to_plain(before), to_plain(now)
    assert [*old["resources"], *old["bases"]] == new["resources"]
    assert text.endswith("\n") == after.endswith("\n")
    lost = {line.strip() for line in text.splitlines()} - {line.strip() for line in after.splitlines()} - {""}
    assert {line.partition(" ")[0] for line in lost} <= {"bases:"}
    assert "bases" not in new
