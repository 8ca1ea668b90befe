"""Layouts of files with images, before and after an edit, written by hand.

A file begins with a sentence. `do` is the edit, `style` and `tag` what is asked for (`comment`, `1.4.2`),
`bytes` how the text is written (`crlf`, `bom`, `open` for no last line break). `lines` are those
that differ: `-5` of before, `+5` of after; `refused` is what is said instead. Digests are `sha256:OLD` and
`sha256:NEW`.
"""

from __future__ import annotations

import difflib
import json
import re
from pathlib import Path
from typing import NamedTuple

from sealock.domain.image_edit import (
    Place,
    TagStyle,
    ValuePaths,
    add_entry,
    set_argocd_image,
    set_entry,
    set_image,
    set_values,
)
from sealock.domain.promotion import ImagePin

FOLDER = Path(__file__).parent
NAMES = sorted(each.stem for each in FOLDER.glob("*.txtar"))
OLD = f"sha256:{'a1' * 32}"
NEW = f"sha256:{'b2' * 32}"
IMAGE = "ghcr.io/acme/api"
STYLES: tuple[TagStyle, ...] = ("comment", "newTag", "drop")


class Layout(NamedTuple):
    """One layout; `after` is None where the edit is refused."""

    do: str
    style: TagStyle
    pin: ImagePin
    lines: str
    refused: str
    file: str
    before: str
    after: str | None

    def apply(self, text: str) -> str:
        """Return the text after the edit. Raises NotEditable."""
        verb, _, about = self.do.partition(" ")
        if verb == "entry":
            return set_entry(text, self.file, int(about), self.pin, self.style)
        if verb == "add":
            return add_entry(text, self.file, self.pin, self.style)
        if verb == "argocd":
            return set_argocd_image(text, self.file, int(about), self.pin, self.style)
        asked = json.loads(about)
        if verb == "values":
            paths = [tuple(filter(None, asked.get(key, "").split("."))) for key in ValuePaths._fields]
            return set_values(text, self.file, tuple(asked.get("below", ())), ValuePaths(*paths), self.pin)
        assert verb == "scalar"
        place = Place(tuple(asked["path"]), asked.get("document", 0), tuple(asked.get("within", ())))
        return set_image(text, self.file, place, self.pin, self.style)


def read_layout(name: str) -> Layout:
    """Return the layout of that name."""
    archive = (FOLDER / f"{name}.txtar").read_bytes().decode()
    head, file, before, *after = re.split(r"^-- (?:before (.+)|after) --\n", archive, flags=re.MULTILINE)
    said = dict(re.findall(r"^(\w+):[ ]?(.*)$", head.partition("\n")[2], flags=re.MULTILINE))
    assert said.keys() <= {"do", "style", "tag", "bytes", "lines", "refused"}, said
    assert ("lines" in said) != ("refused" in said)
    how = said.get("bytes", "").split()
    style = next(each for each in STYLES if each == said.get("style", "comment"))
    return Layout(
        said["do"],
        style,
        ImagePin(IMAGE, "", said.get("tag", "1.4.2"), NEW),
        said.get("lines", ""),
        said.get("refused", ""),
        file,
        _written(before, how),
        _written(after[1], how) if after else None,
    )


def _written(text: str, how: list[str]) -> str:
    text = text.replace("sha256:OLD", OLD).replace("sha256:NEW", NEW)
    text = text.removesuffix("\n") if "open" in how else text
    text = text.replace("\n", "\r\n") if "crlf" in how else text
    return f"\ufeff{text}" if "bom" in how else text


def differing(before: str, after: str) -> str:
    """Return which lines differ, as a layout's `lines` say it."""
    old, new = before.splitlines(keepends=True), after.splitlines(keepends=True)
    gone: list[str] = []
    come: list[str] = []
    for what, *where in difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if what != "equal":
            gone += [f"-{each + 1}" for each in range(*where[:2])]
            come += [f"+{each + 1}" for each in range(*where[2:])]
    return " ".join((*gone, *come))
