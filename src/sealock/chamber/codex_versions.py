"""What each release of Codex takes and cannot do: the one place that knows a version.

A release is described by where its behaviour begins; a version has the traits of the newest release that is
not newer. `TESTED` are the versions that the tests run, from the oldest taken to the newest there is; every
other version is refused unless it is allowed by name of the risk (`allowUntested`), also one between them.
"""

from __future__ import annotations

import re

import msgspec

from sealock.domain.agent_run import Setting
from sealock.errors import UsageError

OLDEST = (0, 130, 0)
TESTED = ("0.130.0", "0.163.0", "0.169.0")
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

_RELEASES = (
    Release(
        (0, 130, 0),
        _ALWAYS,
        (
            *_COMMON,
            Setting("features.multi_agent", "false", "sub-agents would run outside of the limits"),
            Setting("include_environment_context", "false", "this version puts the date into the prompt"),
        ),
        (
            "unknown settings are ignored: there is no --strict-config",
            "the model is told neither its folder nor its shell: with them it would be told the date",
            "a schema of the answer is lost with `exec resume`",
        ),
    ),
    Release(
        (0, 163, 0),
        (*_ALWAYS, "--strict-config"),
        (
            *_COMMON,
            Setting("features.goals", "false", "goals let a run go on by itself"),
            Setting("agents.enabled", "false", "sub-agents would run outside of the limits"),
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


def release(version: str, *, allow_untested: bool = False) -> Release:
    """Return what a version takes. Raises UsageError for one that is too old or was never run."""
    numbers = parse(version)
    if numbers < OLDEST:
        message = f"Codex {version} is too old"
        raise UsageError(message, hint=f"Take {TESTED[-1]}, or one not older than {TESTED[0]}.")
    if version not in TESTED and not allow_untested:
        message = f"Codex {version} was never run by Sealock's tests"
        raise UsageError(
            message,
            hint=f"Take one of {', '.join(TESTED)}, or say --allow-untested: then a canary proves it.",
        )
    return next(each for each in reversed(_RELEASES) if each.since <= numbers)
