"""What the engine is asked to render."""

from __future__ import annotations

from typing import Any

import msgspec

from sealock.domain.manifest_folder import options_of, path_of


def render_item(name: str) -> dict[str, Any]:
    """Return the item of a `render` request for an overlay, or for a folder of plain manifests."""
    options = options_of(name)
    if options is None:
        return {"overlay": name}
    return {"overlay": path_of(name), "directory": msgspec.to_builtins(options)}
