"""Folders of plain manifests that an Application deploys, and how they are named among overlays.

What is deployed of a folder depends on the Application's options, so that one folder may be several. The name
is the folder's path, `//`, and the options that are not the usual ones; no overlay's path has `//` in it.
"""

from __future__ import annotations

import msgspec

_MARK = "//"


class FolderOptions(msgspec.Struct, frozen=True, omit_defaults=True):
    """The `source.directory` of an Application; `explicit` says that there is one.

    `application` is its name where a `.argocd-source-<name>.yaml` of the folder may change them.
    """

    recurse: bool = False
    include: str = ""
    exclude: str = ""
    explicit: bool = False
    application: str = ""


_USUAL = FolderOptions()
_OPTIONS = msgspec.json.Decoder(FolderOptions)


def name_of(path: str, options: FolderOptions) -> str:
    """Return the name of a folder of plain manifests."""
    return path + _MARK + ("" if options == _USUAL else msgspec.json.encode(options).decode())


def options_of(name: str) -> FolderOptions | None:
    """Return the options of a folder of plain manifests; None for an overlay."""
    _, mark, options = name.partition(_MARK)
    if not mark:
        return None
    return _OPTIONS.decode(options) if options else _USUAL


def is_folder(name: str) -> bool:
    """Say whether a name is that of a folder of plain manifests."""
    return _MARK in name


def path_of(name: str) -> str:
    """Return the path of an overlay or of a folder of plain manifests."""
    return name.partition(_MARK)[0]
