"""Which sandbox a task needs: the decision framework of hermetic runs, as data.

The questions are those of the article on hermetic `codex exec` runs. Where it says `danger-full-access` for
a task that needs the network, Sealock says no: no backend of it opens the network to an agent.
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
        "refused: fetch what it needs before, and commit or mount it",
        "none but the model",
        "An agent with a network can send away what it read. The article runs such tasks with "
        "danger-full-access in a container; no backend of Sealock has an allow-list of hosts, so it says no.",
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


def advise(needs: frozenset[Need]) -> Decision:
    """Return what is advised for a task with these needs."""
    steps = tuple(
        Advice(each.text, each.need in needs, each.yes if each.need in needs else each.no, each.why)
        for each in QUESTIONS
    )
    sandbox: Literal["read-only", "workspace-write", ""] = (
        "" if "network" in needs else "workspace-write" if "writes" in needs else "read-only"
    )
    return Decision(sandbox, steps, ALWAYS)
