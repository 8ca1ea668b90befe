"""Engines without processes: answers in this process, and remembers what was asked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
from tests.fakes.scripted_engine import render

from sealock.adapters.engine_pool import Answer, Problem

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence


class InProcessEngines:
    """Renders as the scripted engine does; `rendered` lists the overlays in order."""

    def __init__(self) -> None:
        self.rendered: list[str] = []

    def call(
        self,
        op: str,
        params: Mapping[str, Any],
        items: Sequence[Any],
        *,
        deadline_seconds: float | None = None,
    ) -> Iterator[tuple[int, Answer]]:
        del deadline_seconds
        assert op == "render"
        for index, item in enumerate(items):
            self.rendered.append(item["overlay"])
            ok, error = render(params["root"], item["overlay"])
            problem = msgspec.convert(error, Problem) if error else None
            yield index, Answer(msgspec.Raw(msgspec.json.encode(ok)) if ok else msgspec.Raw(b""), problem)
