"""Where the images of an overlay are set, by plain reading, and the edit that belongs to each place.

No engine runs: a promotion proves by rendering that an edit does what it should. What `replacements` or
transformers of their own set is not looked for.
"""

from __future__ import annotations

import re
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Literal, TypeAlias

import msgspec

from sealock.app.base_images import BaseImages, matches
from sealock.app.kustomization_reader import (
    PATCH_LISTS,
    KustomizationReader,
    inline_images,
    is_manifest,
    items,
    path_from,
)
from sealock.domain import image_edit
from sealock.domain.image_edit import Place, TagStyle, ValuePaths, split_image
from sealock.domain.image_list import listed_images
from sealock.domain.image_scalars import override_images, said_images
from sealock.domain.overlays import KUSTOMIZATION_NAMES
from sealock.domain.promotion import ImagePin
from sealock.domain.yaml_document import MANIFEST, Mapping, Scalar, parse
from sealock.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from collections.abc import Sequence as Many

    from sealock.domain.image_scalars import SaidImage
    from sealock.domain.service_overlays import ServiceOverlay
    from sealock.domain.settings import HelmValues, Settings
    from sealock.domain.yaml_document import Path

SiteKind: TypeAlias = Literal["argocd-source", "images", "patch", "resource", "helm", "base"]

_OVERRIDE = re.compile(r"\.argocd-source(?:-[^/]+)?\.yaml")
_MOST_KUSTOMIZATIONS = 200


NOWHERE = Place(())


class ImageSite(msgspec.Struct, frozen=True):
    """One place that sets an image for the overlay in the folder `overlay`.

    By `kind` the place is the entry `index` of a list (`images`; `argocd-source`), the scalar at `place`
    (`patch`, `resource`), or some of the chart `values` below `place.path` (`helm`). A `base` says what
    only resources of the overlay set: `file` is the overlay's, and the edit adds an entry there. `shared`
    places lie outside the overlay's folder: others may use them too.
    """

    overlay: str
    file: str
    kind: SiteKind
    pin: ImagePin
    index: int = -1
    place: Place = NOWHERE
    values: ValuePaths | None = None
    shared: bool = False


def find_sites(
    read_text: Callable[[str], str],
    overlay: ServiceOverlay,
    settings: Settings,
    *,
    deep: bool = False,
) -> tuple[ImageSite, ...]:
    """Return the places that set images of an overlay, the one that counts first.

    `ImageSites` does the same for many overlays, and is told more.
    """
    return ImageSites(read_text, settings).of(overlay, deep=deep)


def edit(site: ImageSite, text: str, pin: ImagePin, style: TagStyle) -> str:
    """Return the text of the site's file with the tag and digest of `pin` there. Raises NotEditable.

    Names stay those of the site; a new entry has its name and, where `pin` has one, the new name.
    """
    if site.kind == "images":
        return image_edit.set_entry(text, site.file, site.index, pin, style)
    if site.kind == "argocd-source":
        return image_edit.set_argocd_image(text, site.file, site.index, pin, style)
    if site.kind == "base":
        new_name = "" if pin.new_name == site.pin.name else pin.new_name
        entry = ImagePin(site.pin.name, new_name, pin.tag, pin.digest)
        return image_edit.add_entry(text, site.file, entry, style)
    here = ImagePin(site.pin.repository, "", pin.tag, pin.digest)
    if site.values is not None:
        return image_edit.set_values(text, site.file, site.place.path, site.values, here)
    return image_edit.set_image(text, site.file, site.place, here, style)


def in_overlay(site: ImageSite, file: str) -> ImageSite:
    """Return the place to set a shared site's image for this overlay alone; `file` is its kustomization."""
    pin = ImagePin(site.pin.repository, "", site.pin.tag, site.pin.digest)
    return ImageSite(site.overlay, file, "base", pin)


def override_files(files: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """Return the `.argocd-source` files among `files` by folder, those of one Application first."""
    found: dict[str, list[str]] = {}
    for file in files:
        if ".argocd-source" in file:
            folder, _, name = file.rpartition("/")
            if _OVERRIDE.fullmatch(name):
                found.setdefault(folder or ".", []).append(file)
    return {
        folder: tuple(sorted(names, key=lambda each: (each.endswith("/.argocd-source.yaml"), each)))
        for folder, names in found.items()
    }


def pins_of(text: str, file: str) -> tuple[ImagePin, ...]:
    """Return every image that one file says, on its own; none for what is no YAML."""
    name = file.rpartition("/")[2]
    try:
        if _OVERRIDE.fullmatch(name):
            return tuple(each.pin for each in override_images(text, file))
        if name not in KUSTOMIZATION_NAMES:
            return tuple(each.pin for each in said_images(text, file))
        listed = tuple(each.pin for each in listed_images(text, file))
        if not any(key in text for key in PATCH_LISTS):
            return listed
        root = parse(text, file, MANIFEST)[0]
        inline = _inline_images(root, file) if isinstance(root, Mapping) else ()
        return (*listed, *(each.pin for each in inline))
    except ConfigurationError:
        return ()


class ImageSites:
    """Finds the places that set images in overlays of one revision; reads each file once."""

    def __init__(
        self,
        read_text: Callable[[str], str],
        settings: Settings,
        is_plain: Callable[[str], bool] | None = None,
    ) -> None:
        """Read with `read_text`, which raises FileNotFoundError or SealockError.

        `is_plain` says whether a path is a plain file of the revision, and no link or behind one.
        """
        self._reader = KustomizationReader(read_text, is_plain)
        self._values = settings.promotion.helm_values

    def of(
        self, overlay: ServiceOverlay, *, deep: bool = False, overrides: Iterable[str] | None = None
    ) -> tuple[ImageSite, ...]:
        """Return the places that set images of an overlay, the one that counts first.

        Without `deep`, what `images` of the overlay's own kustomization and Argo CD's overrides say is all
        where they say something. `overrides` are the `.argocd-source` files beside it (see
        `override_files`); None looks for the one that holds for any Application.

        Raises FileNotFoundError where the overlay is not there; Refused for a path that leaves the
        repository, leads into `.git` or is a link; ConfigurationError for what is no YAML.
        """
        text = self._reader.text(overlay.file)
        if text is None:
            raise FileNotFoundError(overlay.file)
        search = _Search(self._reader, overlay, self._values)
        own = [*search.overrides(overrides), *search.listed(overlay.file, text)]
        if own and not deep:
            return tuple(own)
        return (*own, *search.rest())


class _Search:
    """The search in one overlay."""

    def __init__(
        self, reader: KustomizationReader, overlay: ServiceOverlay, values: Many[HelmValues]
    ) -> None:
        self._reader = reader
        self._overlay = overlay
        self._values = values
        self._seen: set[str] = set()
        self._found: list[ImageSite] = []
        self._containers: set[str] = set()

    def overrides(self, files: Iterable[str] | None) -> Iterator[ImageSite]:
        """Yield what Argo CD is told to set on top of all."""
        folder = self._overlay.path
        if files is None:
            files = (".argocd-source.yaml" if folder in {"", "."} else f"{folder}/.argocd-source.yaml",)
        for file in files:
            text = self._reader.text(file)
            for each in override_images(text, file) if text else ():
                yield self._site(file, "argocd-source", each.pin, index=int(each.place.path[-1]))

    def listed(self, file: str, text: str) -> list[ImageSite]:
        """Return the entries of `images`; of those for one name the last counts, and comes first."""
        found = listed_images(text, file)
        first: dict[str, int] = {}
        for each in found:
            first.setdefault(each.pin.name, each.place)
        ordered = sorted(found, key=lambda each: (first[each.pin.name], -each.place))
        return [self._site(file, "images", each.pin, index=each.place) for each in ordered]

    def rest(self) -> list[ImageSite]:
        """Return everything but the overlay's own `images`, and overrides."""
        self._found = []
        self._below(self._overlay.file)
        rules = self._chart_files(self._overlay.file)
        self._found += [site for file, rule, below in rules for site in self._chart(file, rule, below)]
        return [*self._found, *self._only_in_bases()]

    def _site(
        self, file: str, kind: SiteKind, pin: ImagePin, *, index: int = -1, place: Place = NOWHERE
    ) -> ImageSite:
        folder = self._overlay.path
        shared = folder != "." and not file.startswith(f"{folder}/")
        return ImageSite(folder, file, kind, pin, index, place, shared=shared)

    def _below(self, file: str) -> None:
        """Add what a kustomization sets besides its `images`, then its components, then its resources."""
        root = self._reader.root(file)
        if root is None or file in self._seen or len(self._seen) >= _MOST_KUSTOMIZATIONS:
            return
        self._seen.add(file)
        self._found += self._patches(file, root)
        for folder, where in reversed(list(self._reader.named(file, root, "components"))):
            component = self._reader.kustomization_in(folder, where)
            text = self._reader.text(component) if component else None
            if text is not None:
                self._found += self.listed(component, text)
                self._below(component)
        for path, where in self._reader.named(file, root, "resources"):
            if is_manifest(path):
                said = self._reader.said(path, where)
                self._found += [self._site(path, "resource", each.pin, place=each.place) for each in said]

    def _patches(self, file: str, root: Mapping) -> Iterator[ImageSite]:
        """Yield what patches set, the last applied first."""
        for key in PATCH_LISTS:
            for index, item in reversed(list(enumerate(items(root, key)))):
                holder, said = self._reader.patch(file, (key, index), item)
                self._containers |= {each.container for each in said if each.container}
                for each in said:
                    yield self._site(holder, "patch", each.pin, place=each.place)

    def _only_in_bases(self) -> Iterator[ImageSite]:
        """Yield the images of bases that nothing above them sets."""
        root = self._reader.root(self._overlay.file)
        text = self._reader.text(self._overlay.file) or ""
        set_here = [*self.listed(self._overlay.file, text), *self._found]
        bases = BaseImages(self._reader).below(self._overlay.file, root) if root else ()
        yielded: set[str] = set()
        for container, pin in bases:
            name = pin.repository
            if name in yielded or (container and container in self._containers):
                continue
            if not any(_is_about(each, name) for each in set_here):
                yielded.add(name)
                own = ImagePin(name, "", pin.tag, pin.digest)
                yield ImageSite(self._overlay.path, self._overlay.file, "base", own)

    def _chart_files(self, file: str) -> Iterator[tuple[str, HelmValues, Path]]:
        """Yield the files of values that a rule names, and where in them the values are."""
        if not self._values:
            return
        root = self._reader.root(file)
        for index, chart in enumerate(items(root, "helmCharts") if root else ()):
            if not isinstance(chart, Mapping):
                continue
            inline = chart.get("valuesInline")
            for rule in self._values:
                if isinstance(inline, Mapping) and fnmatchcase(file, rule.file):
                    yield file, rule, ("helmCharts", index, "valuesInline")
        candidates = list(self._named_values(file, root)) if root else []
        folder = "" if self._overlay.path == "." else f"{self._overlay.path}/"
        candidates += [folder + rule.file.rpartition("/")[2] for rule in self._values]
        for path in dict.fromkeys(candidates):
            for rule in self._values:
                if path != file and fnmatchcase(path, rule.file) and not set(path) & set("*?["):
                    yield path, rule, ()

    def _named_values(self, file: str, root: Mapping) -> Iterator[str]:
        for chart in items(root, "helmCharts"):
            if isinstance(chart, Mapping):
                named = [chart.get("valuesFile"), *items(chart, "additionalValuesFiles")]
                for each in named[::-1]:
                    path = path_from(file, each) if isinstance(each, Scalar) else ""
                    if path:
                        yield path

    def _chart(self, file: str, rule: HelmValues, below: Path) -> Iterator[ImageSite]:
        text = self._reader.text(file)
        root = self._reader.root(file)
        if text is None or root is None:
            return
        paths = ValuePaths(
            *(tuple(each.split(".")) if each else () for each in (rule.repository, rule.tag, rule.digest))
        )
        said = {key: _scalar(root, below + path) for key, path in paths._asdict().items() if path}
        if not any(said.values()):
            return
        whole = split_image(said.get("repository") or "")
        tag, _, beside = (said.get("tag") or "").partition("@")
        name = whole.name or rule.repository or rule.tag or rule.digest
        pin = ImagePin(name, "", tag or whole.tag, said.get("digest") or beside or whole.digest)
        yield msgspec.structs.replace(self._site(file, "helm", pin, place=Place(below)), values=paths)


def _scalar(root: Mapping, path: Path) -> str:
    found = root.at(path)
    return found.text if isinstance(found, Scalar) else ""


def _is_about(site: ImageSite, name: str) -> bool:
    """Say whether a site sets the image that a base calls `name`; the names of entries are expressions."""
    if name in {site.pin.name, site.pin.repository}:
        return True
    return site.kind == "images" and matches(site.pin.name, name)


def _inline_images(root: Mapping, file: str) -> Iterator[SaidImage]:
    for key in PATCH_LISTS:
        for index, item in enumerate(items(root, key)):
            yield from inline_images(file, (key, index), item)
