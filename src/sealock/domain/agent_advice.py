"""Which sandbox a task needs: the decision framework of hermetic runs, as data.

The questions are those of the article on hermetic `codex exec` runs. Where it says `danger-full-access` for
a task that needs the network, Sealock says no, unless it has an allow-list of hosts and runs in a container.
"""

from __future__ import annotations

from typing import Literal

import msgspec

Need = Literal["writes", "network", "structured"]


class Question(msgspec.Struct, frozen=True):
    """One question: the need that answers it, what follows from yes and from no, and why."""

    need: Need
    text: str
    yes: str
    no: str
    why: str


class Advice(msgspec.Struct, frozen=True):
    """One question with its answer."""

    question: str
    answer: bool
    follows: str
    why: str


class Decision(msgspec.Struct, frozen=True):
    """What is advised: `sandbox` is empty where the task is refused."""

    sandbox: Literal["read-only", "workspace-write", ""]
    steps: tuple[Advice, ...]
    always: tuple[str, ...]


QUESTIONS = (
    Question(
        "writes",
        "Does it write files?",
        "sandbox: workspace-write",
        "sandbox: read-only; no --full-auto is needed",
        "What only reads cannot break anything. exec never asks for approval, so nothing hangs without "
        "--full-auto, which newer versions of Codex refuse.",
    ),
    Question(
        "network",
        "Does it need the network?",
        "refused: fetch what it needs before, and commit or mount it; or say network: {allow: […]} and "
        "--backend container",
        "none but the model",
        "An agent with a network can send away what it read. The article runs such tasks with "
        "danger-full-access in a container. Sealock's container has no network but a gate to the hosts and "
        "ports that the task names, and such a run is not hermetic: it cannot be replayed.",
    ),
    Question(
        "structured",
        "Is its answer read by a program?",
        "schema: a JSON Schema, validated by Sealock as well",
        "-o FILE keeps the answer as text",
        "Codex sends the schema and validates nothing: prose ends with status 0.",
    ),
)

ALWAYS = (
    "--ignore-user-config, --ignore-rules, --ephemeral, which Sealock gives",
    "a home folder of its own: the flags alone leave AGENTS.md, skills, hooks, .env and /etc/codex in place",
)


def advise(needs: frozenset[Need], network: tuple[str, ...] = ()) -> Decision:
    """Return what is advised for a task with these needs.

    `network` is its allow-list where a container bounds it to that; empty where the network is not bounded.
    """
    bounded = f"sandbox: workspace-write; network: only {', '.join(network)}" if network else ""
    steps = tuple(
        Advice(each.text, each.need in needs, _follows(each, needs, bounded), each.why) for each in QUESTIONS
    )
    if "network" in needs:
        # Codex gives a network to tools in this sandbox alone.
        return Decision("workspace-write" if network else "", steps, ALWAYS)
    return Decision("workspace-write" if "writes" in needs else "read-only", steps, ALWAYS)


def _follows(question: Question, needs: frozenset[Need], bounded: str) -> str:
    if question.need not in needs:
        return question.no
    return bounded if bounded and question.need == "network" else question.yes
