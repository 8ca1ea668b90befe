"""What decides how a run is sealed, on its way from the use case to the chamber."""

from __future__ import annotations

import msgspec

from sealock.domain.agent_run import BackendName, CodexBinary, SandboxImage
from sealock.domain.settings import AgentTask


class SealedRun(msgspec.Struct, frozen=True):
    """What decides how a run is sealed; `schema` is the JSON Schema of the answer as text, or empty.

    `image` is the one of a backend that has images.
    """

    task: AgentTask
    binary: CodexBinary
    prompt: str
    workspace: str
    backend: BackendName
    schema: str = ""
    image: SandboxImage | None = None
