"""Puts the engine's verdict beside the API server's, in the API server's own words."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

import msgspec

if TYPE_CHECKING:
    from tests.agreement.api_server import Reply
    from tests.agreement.manifests import Manifest

    from sealock.domain.rendered import Admission

Fault = tuple[str, str]
"""A field path and a message; the path is empty for the whole object."""

_POD_SECURITY = re.compile(r'violates? PodSecurity "([^"]+)": (.*)$', re.DOTALL)
_POLICY = re.compile(
    r"(ValidatingAdmissionPolicy '[^']+' with binding '[^']+' denied request: .*)$", re.DOTALL
)
_ADDED = re.compile(r" \((?:pod \d+ of \d+|LimitRange \S+|after the defaults of LimitRange .*)\)$")
_STRICT = re.compile(r'((?:unknown|duplicate) field "([^"]+)")')
_UNTYPED = "failed to create typed patch object"
LONGEST_VALUE = 200
"""Beyond so many characters the engine leaves a refused change's value out."""

_BAD_REQUEST = 400
_ALREADY_EXISTS = 409
_INVALID = 422


class Verdict(NamedTuple):
    """What a judge said. `partial`: it stopped at the first thing it could not take, so there may be more."""

    refused: bool
    faults: frozenset[Fault] = frozenset()
    warnings: frozenset[str] = frozenset()
    partial: bool = False
    undecided: str = ""

    def __str__(self) -> str:
        if self.undecided and not self.refused:
            return f"undecided: {self.undecided}"
        if not self.refused:
            return "accepted"
        return "refused" + "".join(f"; {_shown(fault)}" for fault in sorted(self.faults))


NOT_SERVED = Verdict(refused=True, partial=True)
"""No such kind is served in that version: clients find no place to send the object to."""


class PolicyVerdict(msgspec.Struct, frozen=True):
    """A policy that an object breaks, as the engine says it; `reason` is why it is undecided."""

    id: str
    binding: str = ""
    action: str = ""
    message: str = ""
    reason: str = ""


class Policies(msgspec.Struct, frozen=True):
    """The engine's answer about one object."""

    verdicts: tuple[PolicyVerdict, ...]
    undecided: tuple[PolicyVerdict, ...]


class QuotaProblem(msgspec.Struct, frozen=True):
    """What the engine says of an object under quotas: its place among those asked about, and why."""

    index: int
    message: str


class Quotas(msgspec.Struct, frozen=True):
    """The engine's answer about the objects of a namespace."""

    problems: tuple[QuotaProblem, ...]
    undecided: str = ""


class Difference(NamedTuple):
    """One way in which two verdicts differ: `about` is verdict, fault or warning; who is silent is empty."""

    about: str
    server: str
    engine: str

    def __str__(self) -> str:
        return f"{self.about}\n  server: {self.server or '–'}\n  engine: {self.engine or '–'}"


def of_server(reply: Reply) -> Verdict:
    """Read an answer to a dry run.

    That an object of that name exists already is found after validation and admission: no refusal.
    """
    warnings = frozenset(part for text in reply.warnings for part in _parts(text))
    if reply.accepted or (reply.status == _ALREADY_EXISTS and reply.body.get("reason") == "AlreadyExists"):
        return Verdict(refused=False, warnings=warnings)
    message = str(reply.body.get("message", ""))
    if found := _POLICY.search(message):  # it names only the first policy
        return Verdict(refused=True, faults=frozenset({("", found[1])}), warnings=warnings, partial=True)
    if reply.status == _INVALID:
        causes = (reply.body.get("details") or {}).get("causes") or [{"message": message}]
        faults = frozenset((_path(each.get("field", "")), each.get("message", "")) for each in causes)
        return Verdict(refused=True, faults=faults, warnings=warnings)
    if _UNTYPED in message:  # server-side apply has its own words for what does not decode
        return Verdict(refused=True, warnings=warnings, partial=True)
    if violations := _violations(message):
        return Verdict(refused=True, faults=frozenset(("", each) for each in violations), warnings=warnings)
    strict = _STRICT.findall(message) if reply.status == _BAD_REQUEST else []
    faults = frozenset((path, text) for text, path in strict) or frozenset({("", message)})
    return Verdict(refused=True, faults=faults, warnings=warnings, partial=True)


def _parts(warning: str) -> list[str]:
    return _violations(warning) or [warning]


def _violations(text: str) -> list[str]:
    """Take apart what Pod Security says in one sentence."""
    found = _POD_SECURITY.search(text)
    return [f"{found[1]} {each}" for each in re.split(r"(?<=\)), ", found[2])] if found else []


def _path(field: str) -> str:
    return "" if field in {"<nil>", "[]"} else field


def of_engine(manifest: Manifest, *admissions: Admission) -> Verdict:
    """Read the engine's verdicts on one object: that on creating it, and perhaps that on changing it.

    What Pod Security forbids refuses Pods; controllers are warned of it, for it will refuse theirs.
    """
    faults = {pair for each in admissions for pair in each.errors}
    warnings = {_warning(*pair) for each in admissions for pair in each.warnings}
    violations = {f"{each.level} {each.message}" for found in admissions for each in found.pod_security}
    if manifest.get("kind") != "Pod":
        warnings |= violations
    elif not faults:  # it is asked last
        faults |= {("", each) for each in violations}
    undecided = " ".join(each.undecided for each in admissions if each.undecided)
    return Verdict(bool(faults), frozenset(faults), frozenset(warnings), undecided=undecided)


def of_policies(answer: Policies) -> Verdict:
    """Read what the engine says of policies, in the words of the server's plugin."""
    denied = [each for each in answer.verdicts if each.action == "deny"]
    warned = [each for each in answer.verdicts if each.action == "warn"]
    return Verdict(
        refused=bool(denied),
        faults=frozenset(("", f"{_policy(each)} denied request: {each.message}") for each in denied),
        warnings=frozenset(f"Validation failed for {_policy(each)}: {each.message}" for each in warned),
        undecided=" ".join(f"{each.id}: {each.reason}" for each in answer.undecided),
    )


def _policy(each: PolicyVerdict) -> str:
    return f"ValidatingAdmissionPolicy '{each.id}' with binding '{each.binding}'"


def of_quotas(answer: Quotas, index: int) -> Verdict:
    """Read what the engine says of one object; what it adds in brackets is left out."""
    faults = {("", _ADDED.sub("", each.message)) for each in answer.problems if each.index == index}
    return Verdict(bool(faults), frozenset(faults), undecided=answer.undecided)


def _warning(path: str, message: str) -> str:
    # The engine adds the place of what the server says of the version as a whole.
    return message if path in {"", "apiVersion"} else f"{path}: {message}"


def both(one: Verdict, other: Verdict) -> Verdict:
    """Return the verdict of a judge that was asked twice."""
    return Verdict(
        one.refused or other.refused,
        one.faults | other.faults,
        one.warnings | other.warnings,
        one.partial or other.partial,
        " ".join(filter(None, (one.undecided, other.undecided))),
    )


def differences(server: Verdict, engine: Verdict, *, of_change: bool = False) -> list[Difference]:
    """Return how the two differ, in a fixed order; empty when they agree.

    A server that refuses stops there, so the engine may have more to say. Of a change the server often
    refuses a whole field, of which the engine names the parts that have changed.
    """
    if server.refused != engine.refused or (engine.undecided and not engine.refused):
        return [Difference("verdict", str(server), str(engine))]
    pairs = [(a, b) for a in server.faults for b in engine.faults if _same(a, b, of_change=of_change)]
    missed = server.faults - {theirs for theirs, _ in pairs}
    invented = frozenset() if server.partial else engine.faults - {ours for _, ours in pairs}
    later = frozenset() if server.refused else engine.warnings - server.warnings
    return [
        *(Difference("fault", _shown(fault), "") for fault in sorted(missed)),
        *(Difference("fault", "", _shown(fault)) for fault in sorted(invented)),
        *(Difference("warning", text, "") for text in sorted(server.warnings - engine.warnings)),
        *(Difference("warning", "", text) for text in sorted(later)),
    ]


def _same(theirs: Fault, ours: Fault, *, of_change: bool) -> bool:
    """Compare two faults; where the server gives no path, the words decide."""
    if not theirs[0] and ours[1] in theirs[1]:
        return True
    part = of_change and ours[0].startswith((theirs[0] + ".", theirs[0] + "["))
    place = theirs[0] == ours[0] or part
    return place and (theirs[1] == ours[1] or _shortened(theirs[1], ours[1]))


def _shortened(full: str, short: str) -> bool:
    """Say whether the engine left out what nobody reads: a long value, and all below the first line."""
    first = full.split("\n", 1)[0]
    kind, _, detail = short.partition(": ")
    return first == short or (
        len(first) > LONGEST_VALUE and first.startswith(kind) and first.endswith(detail)
    )


def _shown(fault: Fault) -> str:
    return ": ".join(filter(None, fault))
