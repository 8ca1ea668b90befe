"""Sealed runs for people and programs: what would be started, what came of it, what is advised."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Any

import msgspec

from sealock.domain.egress import EgressReport
from sealock.domain.printable import printable
from sealock.domain.trial import TrialReport
from sealock.report.trial import report_lines

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sealock.app.run_agent import Prepared, RunOutcome
    from sealock.domain.agent_advice import Decision
    from sealock.domain.agent_run import Mount

PREPARED_SCHEMA = "sealock.dev/agent-run-plan/v1"
RESULT_SCHEMA = "sealock.dev/agent-run-result/v1"
ADVICE_SCHEMA = "sealock.dev/agent-advice/v1"

_SECRET = "SEALOCK_MODEL_TOKEN"  # noqa: S105 - a variable's name
_SHOWN_BYTES = 2000


def prepared_json(prepared: Prepared) -> bytes:
    """Return what would be started as JSON; the prompt is text, the bearer is made for each run."""
    command = prepared.command
    environment = {**command.environment, _SECRET: "(made for each run)"}
    return _json(
        {
            "schema": PREPARED_SCHEMA,
            "action": prepared.action,
            "commit": prepared.commit,
            "baseTree": prepared.base_tree,
            "codex": msgspec.to_builtins(prepared.binary),
            "image": msgspec.to_builtins(command.image),
            "network": command.network,
            "argv": command.argv,
            "environment": environment,
            "workdir": command.workdir,
            "mounts": msgspec.to_builtins(command.mounts),
            "files": command.files,
            "settings": msgspec.to_builtins(command.settings),
            "keptOut": command.unset,
            "prompt": command.stdin.decode("utf-8", "replace"),
        }
    )


def prepared_text(prepared: Prepared) -> Iterator[str]:
    """Yield what would be started, for people: the command line, then where each part comes from."""
    command = prepared.command
    yield f"Codex {prepared.binary.version} ({prepared.binary.source}), SHA-256 {prepared.binary.sha256}"
    if command.image:
        yield f"image {command.image.name} {command.image.id}"
    if command.network:
        yield f"network {', '.join(command.network)}: not hermetic, and not to be replayed"
    yield f"base commit {prepared.commit}, tree {prepared.base_tree}"
    yield f"action {prepared.action}"
    yield "\narguments"
    yield f"  {shlex.join(_flags(command.argv))}"
    yield "\nsettings (each with -c)"
    for setting in command.settings:
        yield f"  {setting.key} = {setting.value}\n      {setting.reason}"
    yield "\nenvironment (all of it)"
    for name, value in command.environment.items():
        yield f"  {name}={'(made for each run)' if name == _SECRET else value}"
    yield "\nfiles and folders that it sees"
    for mount in command.mounts:
        yield f"  {_mount(mount)}"
    for path in command.files:
        yield f"  {path}  written by Sealock"
    yield "\nkept out"
    for each in command.unset:
        yield f"  {each}"
    prompt = command.stdin.decode("utf-8", "replace")
    yield f"\nprompt, on standard input\n  {printable(prompt, _SHOWN_BYTES)}"


def _flags(argv: tuple[str, ...]) -> list[str]:
    """Return argv without the settings, which are listed with their reasons."""
    kept, rest = [], iter(argv)
    for each in rest:
        if each == "-c":
            next(rest, None)
        else:
            kept.append(each)
    return kept


def _mount(mount: Mount) -> str:
    if mount.kind == "tmpfs":
        return f"{mount.target}  empty, gone afterwards"
    if mount.kind == "masked":
        return f"{mount.target}  masked: empty, whatever the machine has there"
    source = "" if mount.source == mount.target else f" from {mount.source or 'the workspace'}"
    return f"{mount.target}  {mount.kind}{source}"


def result_json(outcome: RunOutcome) -> bytes:
    """Return what came of a run as JSON."""
    return _json(_result(outcome))


def result_line(outcome: RunOutcome) -> bytes:
    """Return what came of a run as one line of JSON, the last after its events."""
    return msgspec.json.encode({"type": "result", **_result(outcome)}) + b"\n"


def _result(outcome: RunOutcome) -> dict[str, Any]:
    report = msgspec.to_builtins(outcome.report)
    del report["exchanges"]
    return {
        "schema": RESULT_SCHEMA,
        "answer": outcome.answer,
        "run": msgspec.to_builtins(outcome.manifest),
        "model": report,
    }


def result_lines(outcome: RunOutcome) -> Iterator[str]:
    """Yield what came of a run, for people: the outcome, what is refused, the tree, what it cost."""
    manifest = outcome.manifest
    reason = f": {manifest.reason}" if manifest.reason else ""
    sealed = "" if manifest.sealed else " (unsealed)"
    yield f"{manifest.outcome}{sealed}{reason}"
    tree = manifest.result
    for each in tree.refused if tree else ():
        yield f"  refused {printable(each.path)}: {each.reason}"
    for path in tree.restored if tree else ():
        yield f"  put back {printable(path.path)}: the task protects it"
    for refused in manifest.details.get("answer", {}).get("refused", ()):
        for problem in refused["problems"]:
            yield f"  the answer did not fit: {printable(problem, 300)}"
    yield from (f"  {line}" for line in network_lines(manifest.details, brief=True))
    if tested := manifest.details.get("tests"):
        yield from (f"  {line}" for line in report_lines(msgspec.convert(tested, TrialReport)))
    if tree and tree.changed and manifest.outcome == "done":
        count = len(tree.changed)
        yield f"  {count} {'path' if count == 1 else 'paths'} changed: tree {tree.tree}"
        yield f"  see it: git diff {manifest.base_commit[:12]} {tree.tree[:12]}"
        yield f"  take it: git restore --source={tree.tree[:12]} -- ."
    usage = manifest.usage
    yield (
        f"  {usage.input} tokens in ({usage.cached_input} cached), {usage.output} out "
        f"({usage.reasoning} reasoning), {manifest.cost_usd:.4f} USD, {manifest.seconds:.1f} s"
    )
    yield f"  run {manifest.id}"


def network_lines(details: dict[str, Any], *, brief: bool = False) -> Iterator[str]:
    """Yield what tools asked of the network, in one line where it is to be brief; nothing without one."""
    found = details.get("network")
    if not found:
        return
    report = msgspec.convert(found, EgressReport)
    refused = sum(not each.allowed for each in report.attempts)
    made = len(report.attempts) - refused
    more = f", {report.unlisted} not listed" if report.unlisted else ""
    counts = f"{made} {'connection' if made == 1 else 'connections'}, {refused} refused{more}"
    if brief:
        yield f"not hermetic, it had the network: {counts}"
        return
    yield f"network   not hermetic: {', '.join(found['allow'])}; {counts}"
    for each in report.attempts:
        to = f"{printable(each.host, 260)} port {each.port}"
        if each.allowed:
            why = f", cut: {printable(each.reason, 300)}" if each.reason else ""
            yield f"  {to} at {each.address}: {each.sent} bytes sent, {each.received} received{why}"
        else:
            yield f"  refused {to}: {printable(each.reason, 300)}"


def advice_text(decision: Decision) -> Iterator[str]:
    """Yield a decision, for people: each question, its answer, what follows, and why."""
    for step in decision.steps:
        yield f"{step.question} {'yes' if step.answer else 'no'} → {step.follows}"
        yield f"    {step.why}"
    for each in decision.always:
        yield f"Always: {each}"
    refused = "\nrefused: it needs the network, and has no allow-list in a container"
    yield f"\nsandbox: {decision.sandbox}" if decision.sandbox else refused


def advice_json(decision: Decision) -> bytes:
    """Return a decision as JSON."""
    return _json({"schema": ADVICE_SCHEMA, **msgspec.to_builtins(decision)})


def _json(document: dict[str, Any]) -> bytes:
    return msgspec.json.format(msgspec.json.encode(document), indent=2) + b"\n"
