"""A forge's token, from where sealock.yaml says it is."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from sealock.adapters.secret_source import Sought, read_secret
from sealock.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sealock.domain.settings import TokenSource

_TOKEN = re.compile(r"[\x21-\x7e]{1,4096}")
_SOUGHT = Sought("the forge's token", "promotion.forge.token")


class Token:
    """A secret, which shows itself to nobody, and where it came from, which messages may say."""

    __slots__ = ("_text", "whence")

    def __init__(self, text: str, whence: str) -> None:
        """Keep `text`. Raises UsageError for what no token looks like."""
        text = text.strip()
        if not _TOKEN.fullmatch(text):
            message = f"{whence} holds no token: one word was expected"
            raise UsageError(message, hint=_SOUGHT.hint)
        self._text = text
        self.whence = whence

    def __repr__(self) -> str:
        return f"Token({self.whence})"

    def header(self, scheme: str) -> str:
        """Return the value of the header Authorization."""
        return f"{scheme} {self._text}"

    def without(self, text: str) -> str:
        """Return `text` with the secret blacked out."""
        return text.replace(self._text, "***")


def read_token(source: TokenSource, root: str, environment: Mapping[str, str]) -> Token:
    """Return the token of a source; a relative file is below `root`. Raises UsageError."""
    if source.env:
        return usual_token((source.env,), environment)
    return Token(*read_secret(source, root, environment, _SOUGHT))


def usual_token(names: tuple[str, ...], environment: Mapping[str, str]) -> Token:
    """Return the token of the first variable that is set. Raises UsageError where none is."""
    for name in names:
        text = environment.get(name, "")
        if text:
            return Token(text, f"${name}")
    message = f"there is no token for the forge: {' and '.join(f'${each}' for each in names)} is not set"
    raise UsageError(message, hint=_SOUGHT.hint)
