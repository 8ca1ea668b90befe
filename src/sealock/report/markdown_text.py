"""Foreign text in Markdown: shown as it is, without meaning anything, and without calling anybody."""

from __future__ import annotations

import re

_SPECIAL = re.compile(r"[\\`*_\[\]<>|~&@#]|:(?=//)|(?<=www)\.")


def plain(text: str) -> str:
    """Return text that Markdown shows as it is, in a table too: what means something as an entity."""
    return _SPECIAL.sub(lambda found: f"&#{ord(found[0])};", text)


def table(rows: list[list[str]]) -> str:
    """Return a table, its first row the head."""
    head, *body = (f"| {' | '.join(map(plain, row))} |" for row in rows)
    return "\n".join([head, f"|{' --- |' * len(rows[0])}", *body, ""])
