"""Which repository a URL names, however it is written."""

from __future__ import annotations

import re

_URL = re.compile(r"(?:[a-z][a-z0-9+.-]*://)?(?:[^@/]*@)?([^/:]+)(?::[0-9]+(?=/))?[:/]+(.*)", re.IGNORECASE)


def same_form(url: str) -> str:
    """Return host and path in one form: `git@github.com:acme/x.git` → `github.com/acme/x`.

    Scheme, user, port, a trailing slash and `.git` do not count; neither does the case of the host.
    """
    found = _URL.fullmatch(url.strip())
    if not found:
        return url.strip().rstrip("/").removesuffix(".git")
    path = found[2].strip("/").removesuffix(".git")
    return f"{found[1].lower()}/{path}"
