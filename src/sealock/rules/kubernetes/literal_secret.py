"""A credential stands in Git.

## What it does
Reports Secrets whose values stand in the repository, in manifests or in what a `secretGenerator` reads, and
credentials in ConfigMaps and environment variables: tokens of known forms, private keys, passwords in URLs,
and settings whose name says `PASSWORD`, `API_KEY` and the like. Placeholders (`<path:…>`, `${TOKEN}`,
`changeme`), encrypted values (sops, SealedSecret), public certificates and files that Git ignores are left
alone. The value is never printed.

## Why is this bad
Whoever may read the repository, a clone, a CI log or an old backup has the credential, and taking it out of
the last commit does not take it out of the history.

## Bad
```yaml
kind: Secret
stringData:
  password: hunter2
```

## Good
```yaml
kind: ExternalSecret
spec:
  target: {name: ledger-database}
```

## How to fix
Change the credential first: it is known. Then keep it in a store, and let External Secrets, Sealed Secrets
or sops bring it to the cluster.
"""

from __future__ import annotations

import base64
import binascii
from typing import TYPE_CHECKING

from sealock.domain.finding import Confidence, Finding, Severity
from sealock.domain.location import Location
from sealock.domain.printable import printable
from sealock.errors import SealockError
from sealock.rules.kubernetes.credentials import has_token, is_named_credential, is_secret, is_telling
from sealock.rules.kubernetes.generated import is_ignored
from sealock.rules.kubernetes.pods import mappings, texts
from sealock.rules.meta import Meta
from sealock.rules.view import containers, text_of, value_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sealock.domain.yaml_document import Path
    from sealock.rules.view import JudgedObject, OverlayView, RepositoryView

META = Meta("literal-secret", "a credential stands in Git", Severity.ERROR)

_MOST_KEYS = 3
_TELLING = 3
_FIX = "Change the credential, and bring it to the cluster from a store (see --explain)."
_ARGOCD = ("metadata", "labels", "argocd.argoproj.io/secret-type")


def check(view: RepositoryView) -> Iterator[Finding]:
    """Yield every Secret, ConfigMap and variable that holds a credential."""
    for overlay, each in view.in_scope():
        kind = each.manifest.get("kind")
        if kind == "Secret" and each.key.api_version == "v1":
            yield from _in_secret(view, overlay, each)
        elif kind == "ConfigMap":
            yield from _in_settings(view, overlay, each)
        else:
            yield from _in_variables(view, overlay, each)


def _in_secret(view: RepositoryView, overlay: OverlayView, each: JudgedObject) -> Iterator[Finding]:
    if "sops" in each.manifest:
        return
    held = list(_held(each))
    found = [(path, text, raw) for path, text, raw in held if is_secret(str(path[-1]), text)]
    found = [one for one in found if not is_ignored(view, each.origin, str(one[0][-1]))]
    if text_of(each.manifest, *_ARGOCD):
        found = [one for one in found if _is_argocd_credential(str(one[0][-1]), one[1])]
    if found:
        keys = [str(path[-1]) for path, _, _ in found]
        sure = any(is_telling(key) or has_token(text) for key, (_, text, _) in zip(keys, found, strict=True))
        places: list[Path] = [found[0][0][:1], ("metadata", "name")]
        where = _place(view, each, places, [value for _, *values in found for value in values])
        more = f" and {len(keys) - _MOST_KEYS} more" if len(keys) > _MOST_KEYS else ""
        shown = ", ".join(map(printable, keys[:_MOST_KEYS]))
        message = f"Secret {_name(each)} has {shown}{more} in plain text"
        yield _finding(overlay, each, where, message, sure=sure)


def _is_argocd_credential(key: str, text: str) -> bool:
    """Say whether a part of a repository's or cluster's Secret is secret; most of it is settings.

    Source: docs/operator-manual/declarative-setup.md of Argo CD 3.5 (Repositories, Clusters).
    """
    return key == "config" or is_telling(key) or has_token(text)


def _held(each: JudgedObject) -> Iterator[tuple[Path, str, str]]:
    """Yield path, text, and text as written of what a Secret holds; bytes count as text too."""
    for key, text in texts(value_of(each.manifest, "stringData")).items():
        yield ("stringData", key), text, text
    for key, raw in texts(value_of(each.manifest, "data")).items():
        try:
            yield ("data", key), base64.b64decode(raw).decode("utf-8", "replace"), raw
        except binascii.Error:
            # The API server refuses it; nobody knows what it should be.
            continue


def _in_settings(view: RepositoryView, overlay: OverlayView, each: JudgedObject) -> Iterator[Finding]:
    for key, text in texts(value_of(each.manifest, "data")).items():
        named = is_named_credential(key, text)
        if named or has_token(text):
            where = _place(view, each, [("data",), ("metadata", "name")], [text])
            message = f"ConfigMap {_name(each)} has a credential under {printable(key)}"
            yield _finding(overlay, each, where, message, sure=not named)


def _in_variables(view: RepositoryView, overlay: OverlayView, each: JudgedObject) -> Iterator[Finding]:
    for path, container in containers(each.manifest):
        for index, variable in enumerate(mappings(container.get("env"))):
            name, text = str(variable.get("name", "")), variable.get("value")
            if not isinstance(text, str) or not text:
                continue
            named = is_named_credential(name, text)
            if named or has_token(text):
                places = [(*path, "env", index, "name"), (*path, "name"), ("metadata", "name")]
                where = _place(view, each, places, [text])
                message = f"the variable {printable(name)} has a credential for its value"
                yield _finding(overlay, each, where, message, sure=not named)


def _finding(
    overlay: OverlayView, each: JudgedObject, where: Location, message: str, *, sure: bool
) -> Finding:
    return META.finding(
        where,
        message,
        fix=_FIX,
        resource=str(each.key),
        overlay=overlay.path,
        severity=None if sure else Severity.WARNING,
        confidence=None if sure else Confidence.MEDIUM,
    )


def _name(each: JudgedObject) -> str:
    """Return the name as it is written, which is without the hash of what a generator makes."""
    return printable(each.origin.name if each.origin.generator else each.key.name)


def _place(
    view: RepositoryView, each: JudgedObject, paths: Sequence[Path], values: Sequence[str]
) -> Location:
    """Return the first place whose line, which reports print, does not show a value; else the file's."""
    for path in paths:
        where = view.where(each, path)
        try:
            lines = view.sources.text(where.file).split("\n")
        except (FileNotFoundError, SealockError):
            return where
        line = lines[where.line - 1] if 0 < where.line <= len(lines) else ""
        if not any(
            part in line for value in values for part in value.split("\n") if len(part.strip()) >= _TELLING
        ):
            return where
    return Location(where.file, 0, 0)
