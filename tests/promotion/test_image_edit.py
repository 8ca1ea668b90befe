"""Edits of images change the lines that they must, and nothing else."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.promotion.layouts.layout import IMAGE, NAMES, NEW, OLD, STYLES, differing, read_layout

from sealock.domain import image_list
from sealock.domain.image_edit import TagStyle, add_entry, set_entry
from sealock.domain.image_list import listed_images
from sealock.domain.promotion import ImagePin
from sealock.domain.yaml_document import MANIFEST, Mapping, parse
from sealock.domain.yaml_edit import NotEditable

if TYPE_CHECKING:
    from collections.abc import Iterator

CHANGED = [name for name in NAMES if read_layout(name).after is not None]
REFUSED = [name for name in NAMES if read_layout(name).after is None]


def test_there_are_many_layouts() -> None:
    assert len(CHANGED) >= 40
    assert len(REFUSED) >= 8


@pytest.mark.parametrize("name", CHANGED)
def test_a_layout_comes_out_as_written_by_hand(name: str) -> None:
    layout = read_layout(name)
    assert layout.after == layout.apply(layout.before)


@pytest.mark.parametrize("name", CHANGED)
def test_the_lines_that_differ_are_those_that_may(name: str) -> None:
    layout = read_layout(name)
    assert layout.lines == differing(layout.before, layout.apply(layout.before))


@pytest.mark.parametrize("name", CHANGED)
def test_the_same_edit_again_changes_nothing(name: str) -> None:
    layout = read_layout(name)
    once = layout.apply(layout.before)
    assert once == layout.apply(once)


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_spliced_is_refused_with_its_place_and_a_way_out(name: str) -> None:
    layout = read_layout(name)
    with pytest.raises(NotEditable) as refused:
        layout.apply(layout.before)
    assert layout.refused == f"{refused.value.where}: {refused.value.message}"
    assert refused.value.hint


KEYS = ("name", "newName", "newTag", "digest")
OTHER_KEYS = {
    "resources": ["../../base"],
    "namespace": "shop",
    "namePrefix": "eu-",
    "replicas": [{"name": "api", "count": 3}],
    "configMapGenerator": [{"name": "web", "literals": ["A=# no comment", "images=x"]}],
    "commonAnnotations": {"note": "digest: sha256:0 # 1.4.1"},
}
BLANKS = ("", "", "", "\n", "# images: none\n", "  # digest: none\n", "   \n")
REMARKS = ("", "", "", " # 1.4.1", "  # kept by hand", "\t# v1.4.1 # both", " # OPS-12", "  ")
TAGS = ("1.4.2", "v2", "1.10", "main-3f2a1b", "blue", "12345e6", "2026-11-21", "latest", "")


class Styled(NamedTuple):
    """A generated kustomization: what it says of images, how it is written, and the entry to change."""

    text: str
    entries: list[dict[str, str]]
    chosen: int


def quoted(value: str, how: str) -> str:
    plain_is_text = isinstance(yaml.safe_load(value), str)
    return f"{how}{value}{how}" if how else value if plain_is_text else f'"{value}"'


@st.composite
def entries_of_images(draw: st.DrawFn) -> dict[str, str]:
    keys = ["name", *draw(st.sets(st.sampled_from(KEYS[1:])))]
    values = {
        "name": draw(st.sampled_from([IMAGE, "api", "localhost:5000/web", "nginx"])),
        "newName": draw(st.sampled_from(["registry.example/api", "api"])),
        "newTag": draw(st.sampled_from(["1.4.1", "v1", "1.10"])),
        "digest": OLD,
    }
    return {key: values[key] for key in draw(st.permutations(keys))}


@st.composite
def kustomizations(draw: st.DrawFn) -> Styled:
    entries = draw(st.lists(entries_of_images(), min_size=1, max_size=4))
    shape = draw(st.sampled_from(["block", "block", "block", "braces", "brackets", "lines"]))
    images = "".join(written_images(draw, entries, shape))
    others = draw(st.permutations(sorted(OTHER_KEYS)))[: draw(st.integers(0, len(OTHER_KEYS)))]
    parts = [images, *(yaml.safe_dump({key: OTHER_KEYS[key]}, width=1000) for key in others)]
    text = "".join(draw(st.sampled_from(BLANKS)) + each for each in draw(st.permutations(parts)))
    text = ("---\n" if draw(st.booleans()) else "") + text + draw(st.sampled_from(BLANKS))
    text = text.rstrip("\n") if draw(st.booleans()) else text
    text = text.replace("\n", "\r\n") if draw(st.booleans()) else text
    text = f"\ufeff{text}" if draw(st.booleans()) else text
    return Styled(text, entries, draw(st.integers(0, len(entries) - 1)))


def written_images(draw: st.DrawFn, entries: list[dict[str, str]], shape: str) -> Iterator[str]:
    quote = draw(st.sampled_from(["", "", "'", '"']))
    indent = " " * draw(st.sampled_from([0, 2, 4]))
    width = draw(st.sampled_from([1, 1, 3]))
    yield "images:" + (" [" if shape in {"brackets", "lines"} else draw(st.sampled_from(REMARKS)) + "\n")
    for index, entry in enumerate(entries):
        fields = [f"{key}: {quoted(value, quote)}" for key, value in entry.items()]
        braces = "{" + ", ".join(fields) + "}"
        if shape == "block":
            for number, field in enumerate(fields):
                yield draw(st.sampled_from(BLANKS)) if index or number else ""
                dash = " " if number else "-"
                yield f"{indent}{dash}{' ' * width}{field}{draw(st.sampled_from(REMARKS))}\n"
        elif shape == "braces":
            yield f"{indent}-{' ' * width}{braces}{draw(st.sampled_from(REMARKS))}\n"
        elif shape == "brackets":
            yield braces + (", " if index + 1 < len(entries) else "")
        else:
            comma = "," if index + 1 < len(entries) or draw(st.booleans()) else ""
            yield f"\n  {braces}{comma}{draw(st.sampled_from(REMARKS))}"
    yield {"brackets": "]\n", "lines": "\n]\n"}.get(shape, "")


def meant(text: str) -> Any:  # noqa: ANN401 - plain data
    return yaml.load(text.removeprefix("\ufeff"), yaml.CBaseLoader)  # noqa: S506 - makes texts only


def wanted_entry(entry: dict[str, str], pin: ImagePin, style: TagStyle) -> dict[str, str]:
    kept = {key: value for key, value in entry.items() if key not in {"newTag", "digest"}}
    tag = {"newTag": pin.tag} if style == "newTag" and pin.tag else {}
    return kept | tag | {"digest": pin.digest}


def words(text: str) -> Counter[str]:
    """Return what people said in comments: all that is no tag."""
    said = (each.strip() for line in text.splitlines() for each in re.split(r"(?:^|\s)#", line)[1:])
    return Counter(each for each in said if not re.fullmatch(r"(tag: )?\S*", each))


@settings(max_examples=100, deadline=None)
@given(kustomizations(), st.sampled_from(STYLES), st.sampled_from(TAGS))
def test_an_entry_in_any_style_changes_alone(styled: Styled, style: TagStyle, tag: str) -> None:
    pin = ImagePin(IMAGE, "", tag, NEW)
    after = set_entry(styled.text, "kustomization.yaml", styled.chosen, pin, style)

    expected = meant(styled.text)
    expected["images"][styled.chosen] = wanted_entry(styled.entries[styled.chosen], pin, style)
    assert expected == meant(after)
    assert words(styled.text) == words(after)
    assert after == set_entry(after, "kustomization.yaml", styled.chosen, pin, style)
    assert_only_lines_of_the_entry_differ(styled, after)


def assert_only_lines_of_the_entry_differ(styled: Styled, after: str) -> None:
    """At most two lines of the entry go, and two come; at an open end a neighbour and a blank line may go."""
    item = parse(styled.text, "", MANIFEST)[0].at(("images", styled.chosen))
    assert isinstance(item, Mapping)
    old, new = (each.splitlines(keepends=True) for each in (styled.text, after))
    above, below = item.line - 1, len(old) - item.end_line
    assert old[:above] == new[:above]
    assert old[len(old) - below :] == new[len(new) - below :]
    own, then = old[above : len(old) - below], new[above : len(new) - below]
    signs = Counter(each[0] for each in differing("".join(own), "".join(then)).split())
    assert max(signs.values(), default=0) <= (2 if styled.text.endswith("\n") else 4)
    ends = {line[len(line.rstrip("\r\n")) :] for line in after.splitlines(keepends=True)[:-1]}
    assert len(ends) <= 1
    assert styled.text.endswith("\n") == after.endswith("\n")
    assert styled.text.startswith("\ufeff") == after.startswith("\ufeff")


@settings(max_examples=100, deadline=None)
@given(kustomizations(), st.sampled_from(STYLES), st.sampled_from(TAGS))
def test_an_entry_is_added_to_any_style(styled: Styled, style: TagStyle, tag: str) -> None:
    pin = ImagePin("ghcr.io/acme/new", "", tag, NEW)
    after = add_entry(styled.text, "kustomization.yaml", pin, style)

    expected = meant(styled.text)
    expected["images"].append(wanted_entry({"name": pin.name}, pin, style))
    assert expected == meant(after)
    assert words(styled.text) == words(after)
    assert after == add_entry(after, "kustomization.yaml", pin, style)
    assert styled.text.endswith("\n") == after.endswith("\n")


@settings(max_examples=100, deadline=None)
@given(kustomizations())
def test_what_is_read_line_by_line_is_what_the_parser_reads(styled: Styled) -> None:
    parsed = tuple(image_list._read_nodes(styled.text, "kustomization.yaml"))
    assert parsed == listed_images(styled.text, "kustomization.yaml")
    fields = [(each.pin.name, each.pin.new_name, each.pin.digest) for each in parsed]
    assert fields == [
        (each["name"], each.get("newName", ""), each.get("digest", "")) for each in styled.entries
    ]


@settings(max_examples=100, deadline=None)
@given(kustomizations(), st.sampled_from(TAGS))
def test_the_tag_that_was_written_is_the_tag_that_is_read(styled: Styled, tag: str) -> None:
    pin = ImagePin(IMAGE, "", tag, NEW)
    after = set_entry(styled.text, "kustomization.yaml", styled.chosen, pin, "newTag")
    read = listed_images(after, "kustomization.yaml")[styled.chosen].pin
    assert (tag, NEW) == (read.tag, read.digest)


@pytest.mark.parametrize("tag", [each for each in TAGS if each])
def test_a_tag_in_a_comment_is_read_again(tag: str) -> None:
    before = f"images:\n- name: api\n  digest: {OLD} # kept by hand\n"
    after = set_entry(before, "kustomization.yaml", 0, ImagePin(IMAGE, "", tag, NEW), "comment")
    assert tag == listed_images(after, "kustomization.yaml")[0].pin.tag


@pytest.mark.parametrize(
    "pin",
    [
        ImagePin(IMAGE, "", "1.4.2", "sha256:abc"),
        ImagePin(IMAGE, "", "1.4.2", NEW.upper()),
        ImagePin(IMAGE, "", "1.4.2", NEW + "\n- name: evil"),
        ImagePin(IMAGE, "", "1.4.2\n- name: evil", NEW),
        ImagePin(IMAGE, "", "1.4.2 # x", NEW),
        ImagePin(IMAGE, "", "-" * 129, NEW),
        ImagePin(IMAGE, "evil\r\nname: x", "1.4.2", NEW),
    ],
    ids=["short digest", "capitals", "line in the digest", "line in the tag", "comment", "long", "line"],
)
def test_what_is_no_digest_tag_or_name_is_never_written(pin: ImagePin) -> None:
    with pytest.raises(NotEditable):
        set_entry("images:\n- name: api\n", "kustomization.yaml", 0, pin, "newTag")


def test_a_name_that_is_none_is_never_added() -> None:
    with pytest.raises(NotEditable, match="is no name of an image"):
        add_entry("images: []\n", "kustomization.yaml", ImagePin("a: b", "", "", NEW), "comment")
