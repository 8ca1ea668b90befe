"""Requests and limits of a container."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sealock.app.manifests.text import quoted, scalar

if TYPE_CHECKING:
    from sealock.domain.catalog import Resources


def quantity(value: str) -> str:
    """Return a Kubernetes quantity as a YAML string: `500m`, `"2"`."""
    return quoted(value) if value.isdigit() else scalar(value)


def resources(amounts: Resources, indent: int) -> str:
    """Return the lines below `resources:`, indented by `indent` blanks; an empty amount is left out."""
    pad = " " * indent
    lines = []
    for name, cpu, memory in (
        ("requests", amounts.cpu_request, amounts.memory_request),
        ("limits", amounts.cpu_limit, amounts.memory_limit),
    ):
        inner = [f"{pad}  cpu: {quantity(cpu)}\n"] if cpu else []
        inner += [f"{pad}  memory: {quantity(memory)}\n"] if memory else []
        lines += [f"{pad}{name}:\n", *inner] if inner else []
    return "".join(lines)
