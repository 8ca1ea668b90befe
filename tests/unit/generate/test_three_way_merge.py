"""The three-way merge: properties on generated documents, and the cases that people meet."""

from __future__ import annotations

import json
import re
from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st

from sealock.domain.three_way_merge import MergeConflict, Merged, merge
from sealock.domain.yaml_document import MANIFEST, parse_one, to_plain

BASE = """\
# What the service is.
apiVersion: apps/v1
kind: Deployment
metadata:
  name: ledger
spec:
  replicas: 2
  template:
    spec:
      containers:
        - name: ledger
          image: acme/ledger:1.0
          ports:
            - name: http
              containerPort: 8080
"""


def _value(text: str) -> Any:  # noqa: ANN401
    root = parse_one(text, "text", MANIFEST)
    assert root is not None
    return to_plain(root)


def test_a_hand_edit_survives_a_change_of_the_generator() -> None:
    ours = BASE.replace("replicas: 2", "replicas: 3  # Black Friday")
    theirs = BASE.replace("acme/ledger:1.0", "acme/ledger:1.1")

    assert Merged(ours.replace("acme/ledger:1.0", "acme/ledger:1.1")) == merge(BASE, ours, theirs)


def test_a_key_comes_in_where_the_generator_has_it_and_with_its_comment() -> None:
    ours = BASE.replace("replicas: 2", "replicas: 3")
    theirs = BASE.replace("  template:", "  # Keep few.\n  revisionHistoryLimit: 3\n  template:")

    expected = theirs.replace("replicas: 2", "replicas: 3")
    assert Merged(expected) == merge(BASE, ours, theirs)


def test_a_key_that_the_generator_dropped_goes_with_its_generated_comment() -> None:
    base = BASE.replace("  template:", "  # Keep few.\n  revisionHistoryLimit: 3\n  template:")
    ours = base.replace("replicas: 2", "replicas: 3")

    assert Merged(BASE.replace("replicas: 2", "replicas: 3")) == merge(base, ours, BASE)


def test_a_key_that_holds_a_persons_comment_is_not_dropped_in_silence() -> None:
    base = BASE.replace("  template:", "  revisionHistoryLimit: 3\n  template:")
    ours = base.replace("revisionHistoryLimit: 3", "revisionHistoryLimit: 3  # asked by audit")

    conflict = merge(base, ours, BASE).conflicts[0]

    assert (
        conflict.path,
        conflict.reason,
    ) == ("spec.revisionHistoryLimit", "the comment '# asked by audit' would be lost")


def test_list_items_are_matched_by_name() -> None:
    sidecar = "        - name: proxy\n          image: acme/proxy:1\n"
    ours = BASE.replace("        - name: ledger\n", sidecar + "        - name: ledger\n")
    theirs = (
        BASE.replace("acme/ledger:1.0", "acme/ledger:1.1")
        + "            - name: metrics\n              containerPort: 9090\n"
    )

    expected = theirs.replace("        - name: ledger\n", sidecar + "        - name: ledger\n")
    assert Merged(expected) == merge(BASE, ours, theirs)


def test_items_without_a_name_are_matched_by_value() -> None:
    base = "resources:\n  - deployment.yaml\n  - service.yaml\n"
    ours = "resources:\n  - deployment.yaml\n  - service.yaml\n  - cron-job.yaml  # ours\n"
    theirs = "resources:\n  - deployment.yaml\n  - network-policy.yaml\n"

    expected = "resources:\n  - deployment.yaml\n  - network-policy.yaml\n  - cron-job.yaml  # ours\n"
    assert Merged(expected) == merge(base, ours, theirs)


def test_a_new_order_of_a_list_that_nobody_edited_is_taken_over() -> None:
    base = "a:\n  - name: p\n  - name: q\nb: 1\n"
    theirs = "a:\n  - name: q\n  - name: p\nb: 1\n"

    assert Merged(theirs.replace("b: 1", "b: 2")) == merge(base, base.replace("b: 1", "b: 2"), theirs)


def test_both_changed_differently_is_a_conflict_with_both_values_and_the_place() -> None:
    ours = BASE.replace("replicas: 2", "replicas: 3")
    theirs = BASE.replace("replicas: 2", "replicas: 5")

    conflict = MergeConflict("spec.replicas", 7, 13, "3", "5", "changed on both sides")
    assert Merged(ours, (conflict,)) == merge(BASE, ours, theirs)


def test_the_same_change_on_both_sides_is_none() -> None:
    ours = BASE.replace("replicas: 2", "replicas:   5  # five")
    theirs = BASE.replace("replicas: 2", "replicas: 5")

    assert Merged(ours) == merge(BASE, ours, theirs)


def test_deleted_here_and_changed_there_is_a_conflict() -> None:
    ours = BASE.replace("  replicas: 2\n", "")
    theirs = BASE.replace("replicas: 2", "replicas: 5")

    found = [(each.path, each.ours, each.theirs) for each in merge(BASE, ours, theirs).conflicts]

    assert found == [("spec.replicas", "(absent)", "5")]


def test_changed_here_and_deleted_there_is_a_conflict() -> None:
    ours = BASE.replace("replicas: 2", "replicas: 3")
    theirs = BASE.replace("  replicas: 2\n", "")

    found = [(each.path, each.ours, each.theirs) for each in merge(BASE, ours, theirs).conflicts]

    assert found == [("spec.replicas", "3", "(absent)")]


def test_windows_line_breaks_stay() -> None:
    ours = BASE.replace("replicas: 2", "replicas: 3").replace("\n", "\r\n")
    theirs = BASE.replace("1.0", "1.1").replace("  template:", "  paused: false\n  template:")

    expected = theirs.replace("replicas: 2", "replicas: 3").replace("\n", "\r\n")
    assert Merged(expected) == merge(BASE, ours, theirs)


def test_quotes_of_an_edited_file_stay() -> None:
    base = 'a: "1"\nb: 1\n'
    ours = "a: '1'\nb: 2\n"

    assert Merged("a: '7'\nb: 2\n") == merge(base, ours, 'a: "7"\nb: 1\n')


def test_a_flow_mapping_written_by_hand_is_merged_in_place() -> None:
    base = "labels:\n  a: x\nkeep: 1\n"
    ours = "labels: {a: x, team: core}\nkeep: 1\n"
    theirs = "labels:\n  a: y\nkeep: 1\n"

    assert Merged('labels: {"a":"y","team":"core"}\nkeep: 1\n') == merge(base, ours, theirs)


def test_a_change_under_an_anchor_that_is_used_elsewhere_is_refused() -> None:
    base = "a:\n  x: 1\nb:\n  x: 1\n"
    ours = "a: &same\n  x: 1\nb: *same\n"
    theirs = "a:\n  x: 2\nb:\n  x: 1\n"

    merged = merge(base, ours, theirs)

    assert (ours, 1) == (merged.text, len(merged.conflicts))


def test_a_file_that_is_no_yaml_is_left_alone_and_named_with_its_line() -> None:
    merged = merge("a: 1\n", "a: [1\n", "a: 2\n")

    assert (merged.text, merged.conflicts[0].line) == ("a: [1\n", 2)
    assert merged.conflicts[0].reason.startswith("the file cannot be read: ")


def test_a_comment_that_the_generator_changed_is_taken_over_where_nobody_touched_it() -> None:
    base = "images:\n  # No digest yet.\n  - name: a\nb: 1  # one\n"
    ours = "images:\n  # No digest yet.\n  - name: a\nb: 1  # one\nmine: true\n"
    theirs = "images:\n  - name: a\n    digest: sha256:1\nb: 2  # two\n"

    expected = "images:\n  - name: a\n    digest: sha256:1\nb: 2  # two\nmine: true\n"
    assert Merged(expected) == merge(base, ours, theirs)


# Properties. Documents are nested mappings, lists of named mappings and lists of scalars.

_KEYS = st.sampled_from("abcdef")
_SCALARS = st.one_of(
    st.integers(-9, 9), st.booleans(), st.sampled_from(["x", "on", "0777", "1e3", "# no comment", "a: b", ""])
)
_NAMED = st.lists(
    st.fixed_dictionaries({"name": st.sampled_from("pqrs")}, optional={"v": _SCALARS, "w": _SCALARS}),
    unique_by=lambda each: each["name"],
    max_size=4,
)
_VALUES = st.recursive(
    st.one_of(_SCALARS, _NAMED, st.lists(_SCALARS, unique_by=json.dumps, max_size=4)),
    lambda inner: st.dictionaries(_KEYS, inner, max_size=4),
    max_leaves=12,
)
_DOCUMENTS = st.dictionaries(_KEYS, _VALUES, min_size=1, max_size=5)


def _dump(value: Any, indent: str = "") -> str:  # noqa: ANN401
    """Write plain values as block YAML; text in quotes."""
    if isinstance(value, dict) and value:
        lines = []
        for key, inner in value.items():
            nested = isinstance(inner, (dict, list)) and inner
            lines.append(
                f"{indent}{key}:"
                + ("\n" + _dump(inner, indent + "  ") if nested else f" {json.dumps(inner)}\n")
            )
        return "".join(lines)
    if isinstance(value, list) and value:
        return "".join(f"{indent}- " + _dump(item, indent + "  ").lstrip(" ") for item in value)
    return f"{indent}{json.dumps(value)}\n"


@st.composite
def _edited(draw: st.DrawFn, value: Any) -> Any:  # noqa: ANN401
    """Change some of a value: what a person or a new template does."""
    if draw(st.integers(0, 3)) == 0:
        return draw(_VALUES)
    if isinstance(value, dict):
        kept = {
            key: draw(_edited(inner)) if draw(st.booleans()) else inner
            for key, inner in value.items()
            if draw(st.integers(0, 4))
        }
        return kept | (draw(st.dictionaries(_KEYS, _SCALARS, max_size=1)) if draw(st.booleans()) else {})
    return value


@st.composite
def _three(draw: st.DrawFn) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
    base = draw(_DOCUMENTS)
    sides = [draw(_edited(base)) for _ in range(2)]
    return base, *(side if isinstance(side, dict) and side else base for side in sides)  # type: ignore[return-value]


def _commented(text: str, lines: set[int]) -> tuple[str, list[str]]:
    """Add a comment of its own above and behind the given lines."""
    out, added = [], []
    for number, line in enumerate(text.splitlines()):
        if number not in lines:
            out.append(line)
            continue
        above, behind = f"# hand above {number}", f"# hand behind {number}"
        out += [re.match(" *", line)[0] + above, f"{line}  {behind}"]  # type: ignore[index]
        added += [above, behind]
    return "\n".join(out) + "\n", added


@given(_three())
def test_without_a_hand_edit_the_result_is_what_was_generated(three: tuple[Any, Any, Any]) -> None:
    base, _, theirs = map(_dump, three)

    assert Merged(theirs) == merge(base, base, theirs)


@given(_three(), st.sets(st.integers(0, 12)))
def test_without_a_change_of_the_generator_a_file_stays_as_it_is(
    three: tuple[Any, Any, Any], lines: set[int]
) -> None:
    base = _dump(three[0])
    ours, _ = _commented(_dump(three[1]), lines)

    assert Merged(ours) == merge(base, ours, base)


@given(_three(), st.sets(st.integers(0, 12)))
def test_a_persons_comments_are_never_lost(three: tuple[Any, Any, Any], lines: set[int]) -> None:
    base, _, theirs = map(_dump, three)
    ours, comments = _commented(_dump(three[1]), lines)

    merged = merge(base, ours, theirs).text

    assert [comment for comment in comments if comment not in merged] == []


@given(_three(), st.sets(st.integers(0, 12)))
def test_merging_again_changes_nothing(three: tuple[Any, Any, Any], lines: set[int]) -> None:
    base, _, theirs = map(_dump, three)
    ours, _ = _commented(_dump(three[1]), lines)
    merged = merge(base, ours, theirs)

    assert merged == merge(base, merged.text, theirs)


_GONE = object()


def _reference(base: Any, ours: Any, theirs: Any) -> tuple[Any, bool]:  # noqa: ANN401
    """Merge plain values on mappings only; the flag says whether a conflict was met."""
    same = [json.dumps(each, sort_keys=True, default=str) for each in (base, ours, theirs)]
    if same[0] == same[2] or same[1] == same[2]:
        return ours, False
    base = {} if base is _GONE else base
    if isinstance(ours, dict) and isinstance(theirs, dict) and isinstance(base, dict):
        out, clash = {}, False
        for key in ours | theirs:
            value, hit = _reference(*(each.get(key, _GONE) for each in (base, ours, theirs)))
            clash |= hit
            if value is not _GONE:
                out[key] = value
        return out, clash
    return (theirs, False) if same[0] == same[1] else (ours, True)


@example(({"a": {}, "b": 0}, {"b": {}}, {"b": {"a": 0}}))
@example(({"b": {}}, {"a": {}}, {"a": {"a": 0}}))
@given(_three())
def test_the_result_means_the_same_as_a_merge_of_the_plain_values(three: tuple[Any, Any, Any]) -> None:
    merged = merge(*map(_dump, three))
    expected, clash = _reference(*three)

    assert clash <= bool(merged.conflicts) or _has_list(three)
    if not clash and not merged.conflicts:
        assert expected == _value(merged.text)


def _has_list(value: Any) -> bool:  # noqa: ANN401
    """Say whether lists are in play: the reference takes them whole, the merge item by item."""
    if isinstance(value, dict):
        return any(map(_has_list, value.values()))
    return isinstance(value, list) or (isinstance(value, tuple) and any(map(_has_list, value)))


@given(_three())
def test_changes_of_different_fields_never_conflict(three: tuple[Any, Any, Any]) -> None:
    base, ours, theirs = ({"mine": side, "generated": side, "z": 1} for side in three)
    ours["generated"] = theirs["mine"] = base["mine"]

    merged = merge(_dump(base), _dump(ours), _dump(theirs))

    assert merged.conflicts == ()
    assert {"mine": ours["mine"], "generated": theirs["generated"], "z": 1} == _value(merged.text)
