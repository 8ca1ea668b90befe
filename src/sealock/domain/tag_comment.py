"""The tag of an image, kept as a comment beside its digest: `digest: sha256:… # 1.4.2`.

A comment is a tag when it is one word that looks like one, when it begins with a version, when it says so
(`# tag: canary`), and when other words follow as a comment of their own (`# 1.4.2 # do not touch`).
"""

from __future__ import annotations

import re

_TAG = r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}"
_COMMENT = re.compile(rf"(#[ \t]*)(tag[ \t]*[:=][ \t]*)?({_TAG})(?![^ \t])([ \t]*)(.*)", re.DOTALL)
_VERSION = re.compile(r"v?[0-9]+(?:\.[0-9]+)+(?:[-.][A-Za-z0-9_.-]*)?")
# `OPS-1234` is where to read why, not what runs.
_ISSUE = re.compile(r"[A-Z][A-Z0-9]*-[0-9]+")
_WORDS = frozenset(
    {"latest", "stable", "edge", "main", "master", "nightly", "canary", "dev", "develop", "staging"}
    | {"release", "production", "prod", "test", "snapshot", "current", "lts"}
)


def tag_of(comment: str) -> str:
    """Return the tag that a comment (from `#` on) says, or nothing."""
    found = _match(comment)
    return found[3] if found else ""


def with_tag(comment: str, tag: str) -> str:
    """Return a comment that says `tag`, or none when that is empty; words of people stay."""
    found = _match(comment)
    if found is None:
        return " ".join(each for each in (_said(tag), comment) if each)
    if tag and (found[2] or found[5] or _speaks_for_itself(tag)):
        return f"{found[1]}{found[2] or ''}{tag}{found[4]}{found[5]}"
    if tag:
        return _said(tag)
    rest = found[5]
    return rest if not rest or rest.startswith("#") else f"{found[1]}{rest}"


def _match(comment: str) -> re.Match[str] | None:
    found = _COMMENT.fullmatch(comment)
    if found is None:
        return None
    tag, rest = found[3], found[5]
    if found[2] or rest.startswith("#") or (rest and _VERSION.fullmatch(tag)):
        return found
    return found if not rest and _speaks_for_itself(tag) else None


def _speaks_for_itself(tag: str) -> bool:
    """Say whether anybody who reads this one word takes it for a tag."""
    return tag in _WORDS or (any(map(str.isdigit, tag)) and not _ISSUE.fullmatch(tag))


def _said(tag: str) -> str:
    if not tag:
        return ""
    return f"# {tag}" if _speaks_for_itself(tag) else f"# tag: {tag}"
