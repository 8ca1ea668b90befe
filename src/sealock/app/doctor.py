"""Examine a machine: versions, whether it can seal a run, and what of it would leak into an unsealed one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sealock.domain.doctor import TOOLS, Diagnosis, Examined, dotted, version_in
from sealock.domain.printable import printable
from sealock.errors import Refused, SealockError, Undecided, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sealock.domain.agent_layers import HostInput
    from sealock.domain.doctor import Tool
    from sealock.ports import Patient

_MENDS = {
    "managed": "Move it away, or run sealed: a sealed run has an empty /etc/codex.",
    "requirements": "Move it away, or run sealed: a sealed run has an empty /etc/codex.",
    "system": "Move it away, or run sealed: a sealed run has an empty /etc/codex.",
    "environment": "Run sealed: no variable is inherited.",
    "instructions": "Review it as code: it is told to every agent.",
    "login": "Run sealed: the key stays with Sealock's proxy.",
}
_MEND = "Run sealed, or move it away."
_MOST_SHOWN = 50
_MOST_PLACE = 1000


class Doctor:
    """Looks at one machine and one repository."""

    def __init__(self, patient: Patient) -> None:
        """Look at `patient`."""
        self._patient = patient

    def examine(self) -> Diagnosis:
        """Return what was found; what cannot be looked at is said to be unknown, and nothing is raised."""
        return Diagnosis(
            (
                *(self._tool(each) for each in TOOLS),
                *self._codex(),
                self._container(),
                *self._leaks(),
            )
        )

    def _tool(self, tool: Tool) -> Examined:
        try:
            said = self._patient.said(tool.program, tool.arguments)
        except Undecided as wrong:
            return Examined(tool.name, "unknown", wrong.message, wrong.hint, tool.needed)
        if said is None:
            return Examined(tool.name, "missing", f"not installed; {tool.purpose}", tool.mend, tool.needed)
        version = version_in(said)
        if not version:
            words = printable(said.strip().partition("\n")[0], 100)
            return Examined(tool.name, "unknown", f"it says no version: {words}", tool.mend, tool.needed)
        if version < tool.lowest:
            found = f"{dotted(version)}, and {dotted(tool.lowest)} is the oldest that will do"
            return Examined(tool.name, "old", found, tool.mend, tool.needed)
        return Examined(tool.name, "fine", dotted(version), needed=tool.needed)

    def _codex(self) -> Iterator[Examined]:
        try:
            binary = self._patient.codex()
        except (UsageError, Refused) as wrong:
            state = "broken" if isinstance(wrong, Refused) else "missing"
            yield Examined("Codex", state, wrong.message, wrong.hint, needed=True)  # type: ignore[arg-type]
            yield Examined("Sandbox", "unknown", "it cannot be tried without Codex", needed=False)
            return
        except SealockError as wrong:
            yield Examined("Codex", "unknown", wrong.message, wrong.hint, needed=True)
            yield Examined("Sandbox", "unknown", "it cannot be tried without Codex", needed=False)
            return
        try:
            self._patient.accepts(binary)
            yield Examined("Codex", "fine", f"{binary.version} ({binary.source})", needed=True)
        except UsageError as wrong:
            yield Examined("Codex", "old", wrong.message, wrong.hint, needed=True)
        try:
            yield Examined("Sandbox", "fine", self._patient.sandbox(binary), needed=True)
        except SealockError as wrong:
            yield Examined("Sandbox", "broken", wrong.message, wrong.hint, needed=True)

    def _container(self) -> Examined:
        try:
            return Examined("Container engine", "fine", self._patient.container())
        except Undecided as wrong:
            return Examined("Container engine", "missing", wrong.message, wrong.hint)

    def _leaks(self) -> Iterator[Examined]:
        """Yield what Codex would read of this machine if a run were not sealed."""
        found = [each for each in self._patient.leaks() if each.without == "read"]
        for each in found[:_MOST_SHOWN]:
            yield Examined(f"Leak: {each.layer}", "leak", _fate(each), _MENDS.get(each.layer, _MEND))
        if len(found) > _MOST_SHOWN:
            yield Examined("Leaks", "leak", f"and {len(found) - _MOST_SHOWN} more", _MEND)


def _fate(each: HostInput) -> str:
    sealed = {"read": "read by a sealed run too", "part of the revision": "part of the revision"}
    fate = sealed.get(each.sealed, "kept out of sealed runs")
    return f"{printable(each.place, _MOST_PLACE)} ({fate}: {each.why})"
