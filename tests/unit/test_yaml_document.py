import re

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from inline_snapshot import snapshot

from sealock.domain.yaml_document import (
    MANIFEST,
    Alias,
    Limits,
    Mapping,
    Node,
    Scalar,
    Sequence,
    decode,
    parse,
    parse_one,
    plain_value,
    to_plain,
)
from sealock.errors import ConfigurationError


def fault(text: str, limits: Limits = Limits()) -> str:  # noqa: B008 - frozen
    with pytest.raises(ConfigurationError) as caught:
        parse(text, "x.yaml", limits)
    return f"{caught.value.where}: {caught.value.message} | {caught.value.hint}"


def only(text: str, limits: Limits = MANIFEST) -> Node:
    node = parse_one(text, "x.yaml", limits)
    assert node is not None
    return node


def spans(node: Node, text: str) -> list[str]:
    match node:
        case Mapping():
            inner = [each for pair in node.pairs.values() for each in (pair.key, pair.value)]
        case Sequence():
            inner = list(node.items)
        case _:
            inner = []
    return [text[node.start : node.end], *(each for child in inner for each in spans(child, text))]


def test_spans_cut_the_source_exactly() -> None:
    text = "a: é😀\r\nb: 'ü'\r\nc:\r\n- {d: 1}\r\n- |\r\n  x\r\n# end\r\n"
    assert spans(only(text), text) == snapshot(
        [
            "a: é😀\r\nb: 'ü'\r\nc:\r\n- {d: 1}\r\n- |\r\n  x\r\n",
            "a",
            "é😀",
            "b",
            "'ü'",
            "c",
            "- {d: 1}\r\n- |\r\n  x\r\n",
            "{d: 1}",
            "d",
            "1",
            "|\r\n  x\r\n",
        ]
    )


def test_a_byte_order_mark_shifts_spans_but_not_columns() -> None:
    text = "\ufeffa: b\nc: d\n"
    node = only(text).at(("a",))
    assert isinstance(node, Scalar)
    assert (text[node.start : node.end], node.line, node.column) == ("b", 1, 4)


def test_a_span_starts_behind_anchor_and_tag() -> None:
    text = "a: &x !!str 1\nb: &y # note\n  c: 2\n"
    root = only(text)
    a, b = root.at(("a",)), root.at(("b",))
    assert a is not None
    assert b is not None
    assert (text[a.start : a.end], text[b.start : b.end]) == ("1", "c: 2")
    assert (a.anchor, b.line, b.column) == ("x", 3, 3)


def test_an_empty_value_has_an_empty_span_behind_its_key() -> None:
    node = only("a:\nb: 1\n").at(("a",))
    assert node is not None
    assert (node.start, node.end, node.line, node.column) == (2, 2, 1, 3)


_WORD = st.text(alphabet="abé😀x", min_size=1, max_size=6)


@given(
    st.dictionaries(_WORD, _WORD, min_size=1, max_size=6),
    st.sampled_from(["\n", "\r\n"]),
    st.sampled_from(["", "\ufeff"]),
    st.sampled_from(["", "'", '"']),
)
def test_every_scalar_of_any_mapping_is_cut_out_whole(
    values: dict[str, str], line_break: str, mark: str, quote: str
) -> None:
    lines = [f"{key}:  {quote}{value}{quote}  # note" for key, value in values.items()]
    text = mark + line_break.join(["# top", *lines, ""])
    root = only(text)
    assert isinstance(root, Mapping)
    cut = {
        text[pair.key.start : pair.key.end]: text[pair.value.start : pair.value.end]
        for pair in root.pairs.values()
    }
    assert cut == {key: f"{quote}{value}{quote}" for key, value in values.items()}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("on", "on"),
        ("yes", "yes"),
        ("y", "y"),
        ("=", "="),
        ("true", True),
        ("False", False),
        ("~", None),
        ("", None),
        ("0777", 511),
        ("0o777", 511),
        ("08", 8.0),
        ("0x1F", 31),
        ("-0b11", -3),
        ("1_000", 1000),
        ("+5", 5),
        ("1e3", 1000.0),
        (".5", 0.5),
        ("1.", 1.0),
        ("18446744073709551615", 2**64 - 1),
        ("18446744073709551616", 2.0**64),
        ("1e999", "1e999"),
        ("9" * 5000, "9" * 5000),
        ("2026-11-21", "2026-11-21"),
        ("1:30", "1:30"),
        ("1.2.3", "1.2.3"),
        ("0x", "0x"),
        ("-", "-"),
        ("٣", "٣"),
    ],
)
def test_a_plain_scalar_reads_as_in_kubernetes(text: str, value: object) -> None:
    read = plain_value(text)
    assert (value, type(value)) == (read, type(read))


def test_a_quoted_or_text_tagged_scalar_is_text() -> None:
    assert to_plain(only("['1', \"true\", !!str 2, ! 3]")) == [
        "1",
        "true",
        "2",
        "3",
    ]


def test_aliases_and_merges_are_written_out() -> None:
    text = "base: &b {x: 1, y: 2}\nmore: &m {z: 3, x: 9}\nout: {<<: [*b, *m], y: 5}\nlist: [*b]\n"
    root = only(text)
    assert to_plain(root) == {
        "base": {"x": 1, "y": 2},
        "more": {"z": 3, "x": 9},
        "out": {"x": 1, "y": 5, "z": 3},
        "list": [{"x": 1, "y": 2}],
    }
    found = root.at(("out", "x"))
    assert isinstance(found, Scalar)
    assert found.text == "1"


def test_an_alias_keeps_its_own_place() -> None:
    root = only("a: &x 1\nb: *x\n")
    assert isinstance(root, Mapping)
    alias = root.pairs["b"].value
    assert isinstance(alias, Alias)
    assert (alias.line, alias.column, to_plain(alias) and getattr(alias.target, "text", "")) == (2, 4, "1")


def test_each_document_is_a_node() -> None:
    assert [to_plain(each) for each in parse("a: 1\n---\n- 2\n---\n", "x.yaml")] == [{"a": 1}, [2], None]


def test_the_pure_parser_yields_the_same_nodes(monkeypatch: pytest.MonkeyPatch) -> None:
    text = "\ufeffa: é\r\nb: &x {c: 'd', e: [1]}\nf:\n- *x\n- |\n  g\n# h\n---\nx: !!str 1\n"
    fast = parse(text, "x.yaml", MANIFEST)
    monkeypatch.delattr(yaml, "CLoader")
    assert parse(text, "x.yaml", MANIFEST) == fast


def test_an_anchor_ends_with_its_document() -> None:
    assert fault("a: &x 1\n---\nb: *x\n").startswith("x.yaml:3:4: alias *x has no anchor before it")


def test_at_finds_nothing_where_nothing_is() -> None:
    root = only("a: [1]\n")
    assert [root.at(path) for path in [("b",), ("a", 1), ("a", -1), ("a", "x"), ("a", 0, "y")]] == [None] * 5


def test_every_duplicate_key_is_listed_with_both_places() -> None:
    with pytest.raises(ConfigurationError) as caught:
        parse("a: 1\nb:\n  c: 1\n  c: 2\na: 3\n", "x.yaml")
    assert [f"{each.where}: {each.message}" for each in caught.value.problems] == snapshot(
        [
            "x.yaml:4:3: key 'c' stands twice, first at line 3, column 3",
            "x.yaml:5:1: key 'a' stands twice, first at line 1, column 1",
        ]
    )


def test_at_most_a_hundred_faults_are_listed() -> None:
    with pytest.raises(ConfigurationError) as caught:
        parse("a: 1\n" * 151, "x.yaml")
    assert len(caught.value.problems) == 100
    assert caught.value.message == "x.yaml has 150 faults (the first 100 are listed); nothing was written"


def test_reading_stops_where_nearly_everything_is_a_fault() -> None:
    with pytest.raises(ConfigurationError) as caught:
        parse("a: 1\n" * 1_000_000, "x.yaml")
    assert caught.value.message.startswith("x.yaml has at least 1000 faults (the first 100 are listed)")


def test_a_bomb_is_refused_before_it_expands() -> None:
    lines = ["a0: &a0 [x, x]"] + [f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}]" for n in range(1, 64)]
    assert fault("\n".join(lines)) == snapshot(
        "x.yaml:15:18: aliases expand to more than 100000 values | Write the repeated values out."
    )


def test_aliases_below_the_cap_are_fine() -> None:
    text = "a: &a [1, 2]\nb: [*a, *a]\n"
    limit = Limits(max_expanded_nodes=6)
    assert to_plain(only(text, limit)) == {"a": [1, 2], "b": [[1, 2], [1, 2]]}
    assert "more than 5 values" in fault(text, Limits(max_expanded_nodes=5))


def test_a_value_that_contains_itself_is_refused() -> None:
    assert fault("a: &a [*a]\n") == snapshot(
        "x.yaml:1:8: alias *a contains itself | "
        "Put &a before the value that it should repeat, or write the value out."
    )


@pytest.mark.parametrize(
    "text",
    ["a: !!python/object/apply:os.system [x]\n", "a: !foo 1\n", "!!omap [a: 1]\n", "a: !<tag:x,1:y> z\n"],
)
def test_a_foreign_tag_is_refused_at_its_place(text: str) -> None:
    assert re.match(r"x\.yaml:1:\d+: tag \S+ is not allowed", fault(text))


def test_manifests_may_use_core_tags_but_no_others() -> None:
    assert to_plain(only("a: !!int '5'\nb: !!binary aGk=\n")) == {"a": 5, "b": "aGk="}
    assert fault("a: !!python/name:os.system x\n", MANIFEST).startswith(
        "x.yaml:1:4: tag !!python/name:os.system"
    )


def test_merge_keys_are_refused_in_configuration() -> None:
    assert fault("a: &a {x: 1}\nb: {<<: *a}\n") == snapshot(
        "x.yaml:2:5: merge key << is not allowed | Write the keys out, or put them under `defaults`."
    )


def test_depth_is_limited_and_never_a_crash() -> None:
    assert fault("[" * 5000) == snapshot("x.yaml:1:65: nested deeper than 64 levels | Check the indentation.")


def test_depth_counts_what_aliases_stand_for() -> None:
    chain = ["a0: &a0 [x]"] + [f"a{n}: &a{n} [*a{n - 1}]" for n in range(1, 80)]
    assert fault("\n".join(chain)).startswith("x.yaml:64:12: nested deeper than 64 levels")


def test_size_counts_bytes_not_characters() -> None:
    limits = Limits(max_bytes=10)
    assert to_plain(only("a: ééé", limits)) == {"a": "ééé"}
    assert fault("a: éééé", limits).startswith("x.yaml: the file is larger than")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: 1\nb: \x1b[0m\n", "x.yaml:2:4: character U+001B is not allowed in YAML"),
        ("a: \x00\n", "x.yaml:1:4: character U+0000 is not allowed in YAML"),
        ("a: \ud800\n", "x.yaml:1:4: character U+D800 is not allowed in YAML"),
    ],
)
def test_a_control_character_is_refused_at_its_place(text: str, message: str) -> None:
    assert fault(text).startswith(message)


def test_a_tab_is_named_as_the_fault() -> None:
    assert fault("a:\n\tb: 1\n") == snapshot(
        "x.yaml:2:1: this is no YAML: found character that cannot start any token | "
        "Indent with spaces: YAML allows no tabs there."
    )


def test_broken_yaml_is_reported_at_its_place() -> None:
    assert fault("a: [1\nb: 2\n").startswith("x.yaml:2:2: this is no YAML: did not find expected ',' or ']'")


def test_a_mapping_as_a_key_is_refused() -> None:
    assert fault("{a: b}: 1\n").startswith("x.yaml:1:1: a mapping or list cannot be a key")


def test_bytes_that_are_no_utf8_are_refused_at_their_place() -> None:
    with pytest.raises(ConfigurationError) as caught:
        decode("a: é\nb: ".encode() + b"\xff\n", "x.yaml")
    assert f"{caught.value.where}: {caught.value.message}" == "x.yaml:2:4: byte 0xff is no UTF-8"


def test_a_second_document_is_refused_where_one_is_expected() -> None:
    with pytest.raises(ConfigurationError) as caught:
        parse_one("a: 1\n---\nb: 2\n", "x.yaml")
    assert (
        f"{caught.value.where}: {caught.value.message}"
        == "x.yaml:3:1: x.yaml holds 2 documents; expected one"
    )


@given(st.text(alphabet="ab:-[]{}&*!|>'\"#\n\t ,?%@`~0", max_size=40))
def test_any_text_is_read_or_refused_in_our_words(text: str) -> None:
    try:
        documents = parse(text, "x.yaml", MANIFEST)
    except ConfigurationError:
        return
    for document in documents:
        to_plain(document)
        assert 0 <= document.start <= document.end <= len(text)
