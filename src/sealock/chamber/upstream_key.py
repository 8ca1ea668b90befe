"""The provider's key, from where the settings say it is."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from sealock.adapters.secret_source import Sought, read_secret
from sealock.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sealock.domain.settings import TokenSource

_KEY = re.compile(r"[\x21-\x7e]{8,8192}")
_SOUGHT = Sought("the provider's key", "chamber.upstream.key")


def read_key(source: TokenSource, root: str, environment: Mapping[str, str]) -> str:
    """Return the key; a relative file is below `root`. Messages never repeat it. Raises UsageError."""
    found = read_secret(source, root, environment, _SOUGHT)
    if not _KEY.fullmatch(found.text):
        message = f"{found.whence} holds no key of the model's provider: one word was expected"
        raise UsageError(message, hint=_SOUGHT.hint)
    return found.text
