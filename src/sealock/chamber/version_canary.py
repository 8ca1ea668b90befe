"""What a version of Codex that no test of Sealock ran has to show before it runs: two canaries."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from sealock.app.explain import doubts
from sealock.chamber.canary import capture
from sealock.domain.agent_layers import Told
from sealock.errors import Refused

if TYPE_CHECKING:
    from sealock.domain.agent_run import ModelEndpoint, SealedCommand


def prove(command: SealedCommand, backend: str, version: str) -> None:
    """Start a command twice up to its first request, which goes to nobody, and look at what it says.

    Raises Refused where it says what it should not or not the same twice, Undecided where it says nothing.
    """

    def caught_instead(model: ModelEndpoint) -> SealedCommand:
        return msgspec.structs.replace(command, relay=model.url)

    first, second = (capture(caught_instead, backend) for _ in range(2))
    found = list(doubts(Told(first.fingerprint, first.normalised)))
    if first.fingerprint != second.fingerprint:
        found.append("it tells two runs different things")
    if found:
        message = f"Codex {version}, which no test of Sealock ran, is not sealed: {'; '.join(found)}"
        raise Refused(message, hint="Pin a tested version; `sealock explain` shows what this one tells.")
