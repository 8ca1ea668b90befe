"""Byte-minimal edits of images: in a kustomization's `images`, in manifests, for Argo CD, in Helm values.

Each function takes a file's text and returns it with the lines changed that must. Comments, order, quotes,
indentation and line breaks stay; nothing is written anew. What cannot be spliced raises NotEditable with its
place. Doing the same twice changes nothing the second time.

How the tag is kept beside the digest is the `style`: `comment` writes it as a comment on the digest's line,
`newTag` into the field, `drop` not at all. Kustomize makes `name:tag@digest` of `newTag` and `digest`, and
`name@digest` of the digest alone, which is why `comment` removes `newTag`. In braces on a line with other
images, and in JSON, there is no room for a comment: there the tag is dropped.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from sealock.domain.image_entry_edit import TagStyle, add_entry, refuse_pin, set_entry
from sealock.domain.location import Location
from sealock.domain.promotion import ImagePin
from sealock.domain.yaml_document import Mapping, Path, Scalar, Sequence
from sealock.domain.yaml_draft import Draft, written
from sealock.domain.yaml_edit import NotEditable, insert_after, mapping_entries

if TYPE_CHECKING:
    from sealock.domain.yaml_document import Node

__all__ = [
    "Place",
    "TagStyle",
    "ValuePaths",
    "add_entry",
    "set_argocd_image",
    "set_entry",
    "set_image",
    "set_scalar",
    "set_values",
    "split_image",
]


class ValuePaths(NamedTuple):
    """Where a chart's values say the image, as keys; an empty path is none.

    With `tag` alone it holds `1.2@sha256:…`; with `repository` alone, the whole reference.
    """

    repository: Path = ()
    tag: Path = ()
    digest: Path = ()


class Place(NamedTuple):
    """Where a scalar stands: its `path` in a document of the file, counted from 0.

    For an inline patch `within` is the path of the text that holds it in the file's first document, and
    `path` and `document` count in that text.
    """

    path: Path
    document: int = 0
    within: Path = ()


def set_scalar(text: str, file: str, place: Place, image: str, *, tag: str | None = None) -> str:
    """Return the text with the scalar at `place` set to `image`.

    `tag` is what a comment on its line is to say; empty for no tag, None leaves comments alone.
    """
    if place.within:
        return _set_inline(text, file, place, image, tag)
    draft = Draft(text, file)
    nodes = draft.walk(place.document, place.path)
    parent, node = nodes[-2:] if place.path else (None, nodes[0])
    pair = parent.pairs.get(str(place.path[-1])) if isinstance(parent, Mapping) else None
    key = pair.key if pair else None
    draft.set_scalar(node, image, key)
    if tag is not None and place.path:
        rivals = [each for root in draft.documents for each in _named(root, place.path[-1])]
        draft.set_tag_comment(draft.value_end(node, key), tag, [each for each in rivals if each is not node])
    expected = draft.plain()
    expected[place.document] = _with(expected[place.document], place.path, image)
    return draft.result(expected)


def set_image(text: str, file: str, place: Place, pin: ImagePin, style: TagStyle) -> str:
    """Return the text with the image at `place` set to the name and digest of `pin`, the tag by `style`."""
    refuse_pin(pin, file)
    tag = f":{pin.tag}" if pin.tag and style == "newTag" else ""
    said = pin.tag if style == "comment" else ""
    return set_scalar(text, file, place, f"{pin.repository}{tag}@{pin.digest}", tag=said)


def _set_inline(text: str, file: str, place: Place, image: str, tag: str | None) -> str:
    draft = Draft(text, file)
    node = draft.walk(0, place.within)[-1]
    if not isinstance(node, Scalar):
        draft.refuse("a patch as text was expected here", node.where)
    literal = node.style == "|"
    inner = Place(place.path, place.document)
    try:
        before = Draft(node.text, file).walk(inner.document, inner.path)[-1]
        wanted = set_scalar(node.text, file, inner, image, tag=tag if literal else None)
    except NotEditable as wrong:
        draft.refuse(f"in this patch: {wrong.message}", node.where, wrong.hint)
    if wanted != node.text:
        if literal:
            _replace_lines(draft, node, wanted)
        else:
            _replace_once(draft, node, before, image)
    expected = draft.plain()
    expected[0] = _with(expected[0], place.within, wanted)
    return draft.result(expected)


def set_argocd_image(text: str, file: str, index: int, pin: ImagePin, style: TagStyle) -> str:
    """Return an `.argocd-source` file with the image `index` of `kustomize.images` with the digest of `pin`.

    Its names on both sides of `=` stay as they are.
    """
    refuse_pin(pin, file)
    draft = Draft(text, file)
    path: Path = ("kustomize", "images", index)
    *_, images, node = draft.walk(0, path)
    if not isinstance(node, Scalar) or not isinstance(images, Sequence):
        draft.refuse("an image such as name=new@digest was expected here", node.where)
    name, equals, value = node.text.rpartition("=")
    repository = split_image(value).name
    tag = f":{pin.tag}" if pin.tag and style == "newTag" else ""
    image = f"{name}{equals}{repository}{tag}@{pin.digest}"
    draft.set_scalar(node, image)
    rivals = [each for each in images.items if each is not node]
    draft.set_tag_comment(draft.value_end(node), pin.tag if style == "comment" else "", rivals)
    expected = draft.plain()
    expected[0] = _with(expected[0], path, image)
    return draft.result(expected)


def set_values(text: str, file: str, below: Path, paths: ValuePaths, pin: ImagePin) -> str:
    """Return Helm values with digest and tag of `pin` at configured places; `below` leads to the values."""
    refuse_pin(pin, file)
    if not pin.tag and (paths.tag and (paths.digest or pin.digest)):
        message = "the tag of this digest is not known, and the chart's values hold one"
        raise NotEditable(message, where=Location(file), hint="Name it with --tag.")
    wanted: dict[Path, str] = {}
    if paths.digest:
        wanted[below + paths.digest] = pin.digest
        if paths.tag:
            wanted[below + paths.tag] = pin.tag
    elif paths.tag:
        wanted[below + paths.tag] = f"{pin.tag}@{pin.digest}"
    else:
        tag = f":{pin.tag}" if pin.tag else ""
        wanted[below + paths.repository] = f"{pin.repository}{tag}@{pin.digest}"
    for path, value in wanted.items():
        text = _set_value(text, file, path, value)
    return text


def split_image(text: str) -> ImagePin:
    """Return name, tag and digest of an image as a manifest writes it; nothing is refused."""
    rest, _, digest = text.partition("@")
    head, slash, last = rest.rpartition("/")
    name, _, tag = last.partition(":")
    return ImagePin(head + slash + name, "", tag, digest)


def _set_value(text: str, file: str, path: Path, value: str) -> str:
    draft = Draft(text, file)
    *above, last = path
    parent = draft.walk(0, tuple(above))[-1]
    expected = draft.plain()
    if isinstance(parent, Mapping) and last not in parent.pairs and isinstance(last, str):
        if parent.flow or not parent.pairs:
            draft.refuse(f"there is no {last} among these values", parent.where, f"Add {last} by hand, once.")
        entry = list(mapping_entries(text, parent).values())[-1]
        line = f"{last}: {written(value)}"
        draft.edits.append(insert_after(text, entry, [line], draft.newline))
        expected[0] = _with(expected[0], path, value)
        return draft.result(expected)
    node = draft.walk(0, path)[-1]
    pair = parent.pairs.get(str(last)) if isinstance(parent, Mapping) else None
    draft.set_scalar(node, value, pair.key if pair else None)
    expected[0] = _with(expected[0], path, value)
    return draft.result(expected)


def _with(value: Any, path: Path, wanted: str) -> Any:  # noqa: ANN401 - plain data
    """Return a copy of a plain value with `wanted` at `path`."""
    if not path:
        return wanted
    step, rest = path[0], path[1:]
    if isinstance(value, list) and isinstance(step, int):
        return [*value[:step], _with(value[step], rest, wanted), *value[step + 1 :]]
    return value | {step: _with(value.get(step), rest, wanted)}


def _named(root: Node, name: str | int) -> list[Node]:
    """Return every value under the key `name`, at any depth."""
    found: list[Node] = []
    left = [root]
    while left:
        each = left.pop()
        if isinstance(each, Sequence):
            left += each.items
        elif isinstance(each, Mapping):
            left += [pair.value for pair in each.pairs.values()]
            found += [pair.value for key, pair in each.pairs.items() if key == name]
    return found


def _replace_lines(draft: Draft, node: Scalar, wanted: str) -> None:
    """Change only the lines of a literal block scalar that differ."""
    old, new = node.text.split("\n"), wanted.split("\n")
    if len(old) != len(new):
        draft.refuse("the patch would get other lines", node.where)
    position = draft.text.index("\n", node.start) + 1
    for before, after in zip(old, new, strict=True):
        end = draft.line_end(position)
        raw = draft.text[position:end]
        if before != after:
            if not raw.endswith(before) or raw.removesuffix(before).strip(" "):
                draft.refuse("the lines of this patch cannot be told apart", node.where)
            draft.splice(end - len(before), end, after)
        following = draft.text.find("\n", position)
        position = len(draft.text) if following < 0 else following + 1


def _replace_once(draft: Draft, node: Scalar, before: Node, image: str) -> None:
    """Change the one place in a quoted or folded text that says the image."""
    old = before.text if isinstance(before, Scalar) else ""
    raw = draft.text[node.start : node.end]
    if not old or raw.count(old) != 1:
        message = "the image does not stand exactly once in this text"
        draft.refuse(message, node.where, "Write the patch as a block: `patch: |-`.")
    at = node.start + raw.index(old)
    draft.splice(at, at + len(old), image)
