"""Shows foreign text in messages: short, and without characters that a terminal obeys."""

from __future__ import annotations


def printable(text: str, most: int = 60) -> str:
    """Return at most `most` characters of `text`, with what cannot be printed as an escape."""
    cut = text if len(text) <= most else f"{text[:most]}…"
    if cut.isprintable():
        return cut
    return "".join(each if each.isprintable() else each.encode("unicode_escape").decode() for each in cut)


def writable(text: str) -> str:
    """Return text as any encoding of Unicode can hold it: bytes of a name that is no UTF-8 as escapes."""
    return text.encode("utf-8", "backslashreplace").decode()
