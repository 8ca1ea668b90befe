"""Which images overlays ran, as the `images:` of their kustomizations say, now and in Git's history."""

from __future__ import annotations

import msgspec


class ImageEntry(msgspec.Struct, frozen=True):
    """One entry of `images:`, the `index`-th; what it does not set is empty."""

    index: int
    name: str
    new_name: str = ""
    tag: str = ""
    digest: str = ""


class FileVersion(msgspec.Struct, frozen=True):
    """A file as one commit left it; `text` is empty where the commit removed it.

    `authored` is in seconds since 1970. `subject` is the first line of the commit's message, `author` who
    wrote it as `Name <mail>`.
    """

    commit: str
    authored: int
    subject: str
    text: str
    author: str = ""


class FileHistory(msgspec.Struct, frozen=True):
    """Versions of files, each file's newest first; a file that no commit changed is not there.

    `complete` says whether that is all there ever was; if not, `why` says what cut it off.
    """

    versions: dict[str, tuple[FileVersion, ...]]
    why: str = ""

    @property
    def complete(self) -> bool:
        """Say whether nothing was cut off."""
        return not self.why


class ImageVersion(msgspec.Struct, frozen=True):
    """The entries of one file as one commit left them."""

    commit: str
    authored: int
    subject: str
    images: tuple[ImageEntry, ...]


class ImageHistory(msgspec.Struct, frozen=True):
    """What overlays ran, by kustomization file: `now` on the disk, and `before`, newest first.

    Only files that a rule could doubt are there. `why` says what cut the history off; empty: nothing.
    """

    now: dict[str, tuple[ImageEntry, ...]]
    before: dict[str, tuple[ImageVersion, ...]]
    why: str = ""

    def digests(self, file: str, name: str) -> frozenset[str]:
        """Return every digest that the image `name` ever had in `file`, now included."""
        then = (each.images for each in self.before.get(file, ()))
        return frozenset(
            entry.digest
            for images in (self.now.get(file, ()), *then)
            for entry in images
            if entry.name == name and entry.digest
        )

    def came_together(self, file: str, other: str, entry: ImageEntry) -> bool:
        """Say whether `file` had the entry's digest from its first commit on, which brought `other` too.

        So it is after an import, or where folders were moved: what was before, nobody can tell.
        """
        own, others = self.before.get(file), self.before.get(other)
        if not own or not others or own[-1].commit != others[-1].commit:
            return False
        return any(each.name == entry.name and each.digest == entry.digest for each in own[-1].images)

    def previous(self, file: str, entry: ImageEntry) -> tuple[ImageEntry, ImageVersion | None] | None:
        """Return what the entry's image had in `file` before its tag, and the version that brought the tag.

        The version is None for a tag that is not committed. None where there never was another tag.
        """
        brought: ImageVersion | None = None
        for version in self.before.get(file, ()):
            for each in version.images:
                if each.name == entry.name and each.tag and each.tag != entry.tag:
                    return each, brought
            brought = version
        return None


def images_of(text: str) -> tuple[ImageEntry, ...]:
    """Return the entries of `images:` in a kustomization; none for what is no YAML."""
    if "images" not in text:
        return ()
    import yaml  # noqa: PLC0415 - heavy, and most checks need no history

    loader = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
    try:
        # Every scalar stays text: a tag 1.10 is no number.
        found = yaml.load(text, loader)  # noqa: S506 - the base loader makes text, lists and mappings only
    except (yaml.YAMLError, RecursionError, TypeError, ValueError):
        return ()
    entries = found.get("images") if isinstance(found, dict) else None
    return tuple(
        ImageEntry(index, *(_text(entry, key) for key in ("name", "newName", "newTag", "digest")))
        for index, entry in enumerate(entries if isinstance(entries, list) else ())
        if isinstance(entry, dict)
    )


def _text(entry: dict[object, object], key: str) -> str:
    found = entry.get(key)
    return found if isinstance(found, str) else ""
