"""Which repository a URL names, however it is written."""

from __future__ import annotations

import re

_URL = re.compile(r"(?:[a-z][a-z0-9+.-]*://)?(?:[^@/]*@)?([^/:]+)(?::[0-9]+(?=/))?[:/]+(.*)", re.IGNORECASE)

_DECLARED = re.compile(r"^repository:[ \t]+[\"']?([^\s\"'#]+)", re.MULTILINE)


def same_form(url: str) -> str:
    """Return host and path in one form: `git@github.com:acme/x.git` → `github.com/acme/x`.

    Scheme, user, port, a trailing slash and `.git` do not count; neither does the case of the host.
    """
    found = _URL.fullmatch(url.strip())
    if not found:
        return url.strip().rstrip("/").removesuffix(".git")
    path = found[2].strip("/").removesuffix(".git")
    return f"{found[1].lower()}/{path}"


def spellings(url: str) -> tuple[str, ...]:
    """Return the usual ways to write a repository's URL; of one that has no host, itself.

    Argo CD tells HTTPS from SSH when it compares URLs, but both name one repository.
    """
    form = same_form(url)
    host, slash, path = form.partition("/")
    if not (host and slash and path):
        return (url,)
    return (
        *dict.fromkeys([url, f"https://{form}", f"http://{form}", f"ssh://git@{form}", f"git@{host}:{path}"]),
    )


def declared_in(catalog: str) -> str:
    """Return the URL at the top of services.yaml, or an empty text, without reading the whole catalog."""
    found = _DECLARED.search(catalog)
    return found[1] if found else ""
