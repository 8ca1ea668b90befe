"""What each release of Codex takes and cannot do: the one place that knows a version.

A release is described by where its behaviour begins; a version has the traits of the newest release that is
not newer. `TESTED` are the versions that showed what `python -m tests.chamber.versions` asks of them: every
stable one since the oldest whose program can be had. Others are refused, also those between them, unless
that is allowed by name of the risk (`allowUntested`); then a canary comes first.
"""

from __future__ import annotations

import re

import msgspec

from sealock.domain.agent_run import Setting
from sealock.errors import UsageError

OLDEST = (0, 130, 0)
TESTED = (
    "0.130.0", "0.131.0", "0.132.0", "0.133.0", "0.134.0", "0.135.0", "0.136.0", "0.137.0", "0.138.0",
    "0.139.0", "0.140.0", "0.141.0", "0.142.0", "0.142.2", "0.142.3", "0.142.4", "0.142.5", "0.143.0",
    "0.144.0", "0.144.1", "0.144.2", "0.144.3", "0.144.4", "0.144.5", "0.144.6", "0.145.0", "0.146.0",
    "0.146.1", "0.147.0", "0.148.0", "0.149.0", "0.149.1", "0.150.0", "0.150.1", "0.151.0", "0.152.0",
    "0.152.1", "0.153.0", "0.153.2", "0.153.3", "0.153.4", "0.154.0", "0.155.0", "0.155.1", "0.156.0",
    "0.156.1", "0.157.0", "0.157.1", "0.158.0", "0.159.0", "0.159.1", "0.159.2", "0.159.3", "0.160.0",
    "0.160.1", "0.161.0", "0.162.0", "0.162.1", "0.163.0", "0.164.0", "0.165.0", "0.166.0", "0.169.0",
)  # fmt: skip
NO_PROGRAM = {
    "0.142.1": "npm has it, and no program of it for Linux",
    "0.153.1": "npm has it, and no program of it for Linux",
}
"""Releases that no test could run, and why."""

WHEELS = (
    "0.133.0", "0.134.0", "0.136.0", "0.144.4", "0.147.0", "0.149.0", "0.153.4", "0.154.0", "0.155.1",
    "0.156.0", "0.156.1", "0.157.0", "0.157.1", "0.158.0", "0.159.0", "0.159.1", "0.159.2", "0.159.3",
    "0.160.0", "0.160.1", "0.161.0", "0.162.0", "0.162.1", "0.163.0",
)  # fmt: skip
"""The releases among them that PyPI has as `openai-codex-cli-bin`; npm has every one."""

LAST_FULL_AUTO = (0, 146, 1)
"""The last release that takes `--full-auto`."""

_VERSION = re.compile(r"([0-9]{1,6})\.([0-9]{1,6})\.([0-9]{1,6})(-[0-9A-Za-z.-]+)?", re.ASCII)


class Release(msgspec.Struct, frozen=True):
    """What a version takes: flags of `exec`, settings that seal it, and what it cannot do, in words.

    `lists_tools`: it takes the namespaces of MCP servers whose tools the model is told of at once; before,
    it always did so.
    """

    since: tuple[int, int, int]
    flags: tuple[str, ...]
    settings: tuple[Setting, ...]
    cannot: tuple[str, ...] = ()
    lists_tools: bool = False


_ALWAYS = ("--json", "--ignore-user-config", "--ignore-rules", "--ephemeral")

_COMMON = (
    Setting("features.plugins", "false", "plugins look things up on the network and add to the prompt"),
    Setting("features.apps", "false", "apps add tools that are not the task's"),
    Setting("analytics.enabled", "false", "analytics is sent past the model's provider"),
    Setting("check_for_update_on_startup", "false", "a look-up on the network"),
    Setting("skills.bundled.enabled", "false", "bundled skills change with the version"),
    Setting("skills.include_instructions", "false", "skills are found in five places of the machine"),
    Setting("web_search", '"disabled"', "a search answers differently every day"),
    Setting("allow_login_shell", "false", "a login shell reads the profiles of the machine"),
    Setting("shell_environment_policy.inherit", '"none"', "tools would get the environment with its secrets"),
)

_GOALS = Setting("features.goals", "false", "goals let a run go on by itself")
_SUB_AGENTS = "sub-agents would run outside of the limits"
_MULTI_AGENT = Setting("features.multi_agent", "false", _SUB_AGENTS)
_AGENTS = Setting("agents.enabled", "false", _SUB_AGENTS)
_NO_SURROUNDINGS = Setting(
    "include_environment_context", "false", "this version would put the date into the prompt"
)
_TOLD_NOTHING = "the model is told neither its folder nor its shell: with them it would be told the date"
_NOT_RESUMED = "a schema of the answer is lost with `exec resume`"

_RELEASES = (
    Release(
        (0, 130, 0),
        _ALWAYS,
        (*_COMMON, _MULTI_AGENT, _NO_SURROUNDINGS),
        (
            "unknown settings are ignored: there is no --strict-config",
            _TOLD_NOTHING,
            _NOT_RESUMED,
        ),
    ),
    Release(
        (0, 131, 0),
        (*_ALWAYS, "--strict-config"),
        (*_COMMON, _GOALS, _MULTI_AGENT, _NO_SURROUNDINGS),
        (_TOLD_NOTHING, _NOT_RESUMED),
    ),
    Release(
        (0, 132, 0),
        (*_ALWAYS, "--strict-config"),
        (*_COMMON, _GOALS, _MULTI_AGENT, _NO_SURROUNDINGS),
        (_TOLD_NOTHING,),
    ),
    Release(
        (0, 142, 0),
        (*_ALWAYS, "--strict-config"),
        (*_COMMON, _GOALS, _MULTI_AGENT, _NO_SURROUNDINGS),
        (_TOLD_NOTHING,),
        lists_tools=True,
    ),
    Release(
        (0, 145, 0),
        (*_ALWAYS, "--strict-config"),
        (*_COMMON, _GOALS, _AGENTS, _NO_SURROUNDINGS),
        (_TOLD_NOTHING,),
        lists_tools=True,
    ),
    Release(
        (0, 163, 0),
        (*_ALWAYS, "--strict-config"),
        (
            *_COMMON,
            _GOALS,
            _AGENTS,
            Setting("include_environment_context_time", "false", "the date and time zone change the prompt"),
        ),
        lists_tools=True,
    ),
)


def parse(version: str) -> tuple[int, int, int]:
    """Return a version's three numbers. Raises UsageError."""
    found = _VERSION.fullmatch(version)
    if found is None:
        message = f"{version!r} is no version of Codex"
        raise UsageError(message, hint=f"Write all three numbers, such as {TESTED[-1]}.")
    return int(found[1]), int(found[2]), int(found[3])


def how_to_get(version: str, *, by_path: bool) -> str:
    """Return in words where a version is had; `by_path`: sealock.yaml names a program now."""
    if version in NO_PROGRAM:
        return f"{NO_PROGRAM[version]}: pin another version."
    if version in WHEELS:
        wheel = f"pip install openai-codex-cli-bin=={version}"
        return f"Install that version: {wheel}" + (", and take chamber.codex.path away." if by_path else ".")
    return (
        f"No wheel of it is known: npm install @openai/codex@{version}, and pin the program, which is below "
        "node_modules/@openai/codex-linux-x64/vendor, by chamber.codex.path and sha256."
    )


def release(version: str, *, allow_untested: bool = False) -> Release:
    """Return what a version takes. Raises UsageError for one that is too old or was never run."""
    numbers = parse(version)
    if numbers < OLDEST:
        message = f"Codex {version} is too old"
        raise UsageError(message, hint=f"Take {TESTED[-1]}, or one not older than {TESTED[0]}.")
    if version not in TESTED and not allow_untested:
        why = f": {NO_PROGRAM[version]}" if version in NO_PROGRAM else ""
        message = f"Codex {version} was never run by Sealock's tests{why}"
        nearest = max((each for each in TESTED if parse(each) <= numbers), key=parse)
        raise UsageError(
            message,
            hint=f"Take one that was, such as {nearest}, or say --allow-untested: then a canary proves it.",
        )
    return next(each for each in reversed(_RELEASES) if each.since <= numbers)
