"""Applications as YAML and JSON."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st

from sealock.app.list_applications import Listed
from sealock.domain.location import Location
from sealock.domain.yaml_document import MANIFEST, parse, to_plain
from sealock.report.applications import documents, json_lines

_TEXT = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]) | st.just("\n"), max_size=20)
_VALUES = st.recursive(
    _TEXT | st.booleans() | st.none() | st.integers(-(2**53), 2**53),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_TEXT, inner, max_size=3),
    max_leaves=6,
)
_MANIFESTS = st.dictionaries(st.from_regex(r"[a-z]{1,8}", fullmatch=True), _VALUES, max_size=4)
WHERE = Location("a/b.yaml", 3, 5)


@given(_MANIFESTS)
@example(
    {"a": "yes", "b": "1e3", "c": "0o17", "d": "~", "e": "2020-01-01", "f": "0x1F", "g": "1_000", "h": "="}
)
@example({"a": ["{{x}}", "", " b", "# c", "a: b", "*", "&x", "\n", "a\n", "a\n b\n\n"]})
def test_kubernetes_reads_back_what_is_written(manifest: dict[str, Any]) -> None:
    text = documents([Listed(manifest, WHERE), Listed(manifest, WHERE)]).decode()
    assert [manifest, manifest] == [to_plain(node) for node in parse(text, "out.yaml", MANIFEST)]


def test_nothing_is_no_document() -> None:
    assert (documents([]), json_lines([])) == (b"", b"")


def test_a_comment_says_where_it_came_from() -> None:
    listed = [
        Listed({"a": 1}, WHERE),
        Listed({"a": 2}, WHERE, "apps/dev", "teams", "spec.generators[0].git"),
    ]
    assert documents(listed).decode() == (
        "# a/b.yaml:3:5\na: 1\n---\n"
        "# a/b.yaml:3:5 ApplicationSet teams, spec.generators[0].git, rendered by apps/dev\na: 2\n"
    )


def test_a_name_cannot_end_the_comment() -> None:
    listed = Listed({"a": 1}, Location("x\nb: 2", 1, 1))
    assert documents([listed]).decode() == "# x\\nb: 2:1:1\na: 1\n"


def test_json_has_one_line_for_each() -> None:
    first, second = json_lines([Listed({"a": "\n"}, WHERE), Listed({}, WHERE, "o", "s", "g")]).splitlines()
    assert json.loads(first) == {
        "schema": 1,
        "application": {"a": "\n"},
        "from": {"file": "a/b.yaml", "line": 3, "column": 5},
    }
    assert json.loads(second)["from"] == {
        "file": "a/b.yaml",
        "line": 3,
        "column": 5,
        "overlay": "o",
        "applicationset": "s",
        "generator": "g",
    }
