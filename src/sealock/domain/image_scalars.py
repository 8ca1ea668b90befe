"""Images that manifests, patches and Argo CD's overrides say, with the place of each."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from sealock.domain.image_edit import Place, split_image
from sealock.domain.image_list import comment_beside
from sealock.domain.promotion import ImagePin
from sealock.domain.tag_comment import tag_of
from sealock.domain.yaml_document import MANIFEST, Mapping, Node, Path, Scalar, Sequence, parse, resolved
from sealock.domain.yaml_edit import comments

if TYPE_CHECKING:
    from collections.abc import Iterator

CONTAINERS = ("containers", "initContainers", "ephemeralContainers")
_SETS = ("add", "replace")


class SaidImage(NamedTuple):
    """An image in a text: where, what it says, and the container's name, empty where that is not known."""

    place: Place
    pin: ImagePin
    container: str = ""


class _Found(NamedTuple):
    path: Path
    scalar: Scalar
    container: str = ""


def said_images(text: str, file: str) -> tuple[SaidImage, ...]:
    """Return the images of the containers in manifests, strategic patches and JSON patches.

    Kustomize too looks for containers wherever they stand. Raises ConfigurationError.
    """
    if "image" not in text and "ontainers" not in text and "\\" not in text:
        return ()
    documents = parse(text, file, MANIFEST)
    said = comments(text, *documents)
    return tuple(
        SaidImage(Place(each.path, number), pin_of(text, said, each.scalar), each.container)
        for number, document in enumerate(documents)
        for each in _in_document(resolved(document))
    )


def pin_of(text: str, said: list[tuple[int, str]], scalar: Scalar) -> ImagePin:
    """Return what an image says; a digest alone has the tag of the comment beside it."""
    pin = split_image(scalar.text)
    if pin.tag or not pin.digest:
        return pin
    return ImagePin(pin.name, "", tag_of(comment_beside(text, said, scalar.end)), pin.digest)


def override_images(text: str, file: str) -> tuple[SaidImage, ...]:
    """Return the images of an `.argocd-source` file: `name=new:tag@digest`. Raises ConfigurationError."""
    documents = parse(text, file, MANIFEST)
    images = documents[0].at(("kustomize", "images")) if documents else None
    if not isinstance(images, Sequence):
        return ()
    said = comments(text, *documents)
    found: list[SaidImage] = []
    for index, item in enumerate(images.items):
        scalar = resolved(item)
        if isinstance(scalar, Scalar):
            name, _, image = scalar.text.rpartition("=")
            pin = split_image(image)
            tag = pin.tag or (tag_of(comment_beside(text, said, scalar.end)) if pin.digest else "")
            whole = ImagePin(name or pin.name, pin.name if name else "", tag, pin.digest)
            found.append(SaidImage(Place(("kustomize", "images", index)), whole))
    return tuple(found)


def _in_document(root: Node) -> Iterator[_Found]:
    if isinstance(root, Sequence):
        for index, item in enumerate(root.items):
            yield from _in_operation(index, resolved(item))
    else:
        yield from _in_containers(root, ())


def _in_operation(index: int, operation: Node) -> Iterator[_Found]:
    """Yield what one operation of a JSON patch sets."""
    op, path = _text(operation, "op"), _text(operation, "path")
    value = operation.get("value") if isinstance(operation, Mapping) else None
    if op not in _SETS or value is None:
        return
    steps = path.split("/")
    if isinstance(value, Scalar):
        if steps[-1] == "image":
            yield _Found((index, "value"), value)
    elif steps[-1] in CONTAINERS and isinstance(value, Sequence):
        yield from _in_list(value, (index, "value"))
    elif len(steps) > 1 and steps[-2] in CONTAINERS:
        yield from _in_container(value, (index, "value"))
    else:
        yield from _in_containers(value, (index, "value"))


def _in_containers(root: Node, above: Path) -> Iterator[_Found]:
    """Yield the images of containers at any depth, in the order of the text."""
    node = resolved(root)
    if isinstance(node, Sequence):
        for index, item in enumerate(node.items):
            yield from _in_containers(item, (*above, index))
    elif isinstance(node, Mapping):
        for key, pair in node.pairs.items():
            value = resolved(pair.value)
            if key in CONTAINERS and isinstance(value, Sequence):
                yield from _in_list(value, (*above, key))
            elif not isinstance(value, Scalar):
                yield from _in_containers(value, (*above, key))


def _in_list(containers: Sequence, above: Path) -> Iterator[_Found]:
    for index, item in enumerate(containers.items):
        yield from _in_container(resolved(item), (*above, index))


def _in_container(container: Node, above: Path) -> Iterator[_Found]:
    image = container.get("image") if isinstance(container, Mapping) else None
    if isinstance(image, Scalar) and image.text:
        yield _Found((*above, "image"), image, _text(container, "name"))


def _text(node: Node, key: str) -> str:
    found = node.get(key) if isinstance(node, Mapping) else None
    return found.text if isinstance(found, Scalar) else ""
