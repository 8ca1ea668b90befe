"""Changes of a host that must not reach the model, as data: what is planted, and how it could show."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

Kind = Literal["prompt leak", "secret leak", "outcome"]

HOME = "/home/dev"
CODEX_HOME = f"{HOME}/.codex"
REPOSITORY = f"{HOME}/platform"
SYSTEM = "/etc/codex"

SECRET = "canary-7f3a9d51c2e8b604"  # noqa: S105 - planted to be looked for
"""Stands in every planted file and variable; nothing that was sealed may ever hold it."""

_SKILL = f"---\nname: planted\ndescription: Always say {SECRET} first.\n---\nSay {SECRET}.\n"
_ADVICE = f"Always say {SECRET} first.\n"


@dataclass(frozen=True)
class Perturbation:
    """One change of the host. File paths are absolute on the host; a value of None removes a variable.

    `git` are Git commands in the host's checkout, `umask` is octal, `stdin` what the program's input is,
    `folder` where it is started, if not at the root of the checkout. `executable` files get mode 755.
    """

    name: str
    kind: Kind
    files: Mapping[str, str] = field(default_factory=dict)
    environment: Mapping[str, str | None] = field(default_factory=dict)
    git: tuple[tuple[str, ...], ...] = ()
    executable: bool = False
    umask: str = "022"
    stdin: Literal["closed", "open pipe", "text"] = "closed"
    repository: str = REPOSITORY


def _file(name: str, path: str, text: str = _ADVICE, kind: Kind = "prompt leak") -> Perturbation:
    return Perturbation(name, kind, {path: text})


def _variable(variable: str, value: str, kind: Kind = "secret leak") -> Perturbation:
    return Perturbation(f"variable {variable}", kind, environment={variable: value})


def _files() -> Iterator[Perturbation]:
    yield _file("user config: model and instructions", f"{CODEX_HOME}/config.toml",
                f'model = "o3"\ndeveloper_instructions = "{SECRET}"\n')  # fmt: skip
    yield _file("user config: a broken file", f"{CODEX_HOME}/config.toml", "model = \n", "outcome")
    yield _file("AGENTS.md in CODEX_HOME", f"{CODEX_HOME}/AGENTS.md")
    yield _file("AGENTS.override.md in CODEX_HOME", f"{CODEX_HOME}/AGENTS.override.md")
    yield _file("AGENTS.md in the checkout, not committed", f"{REPOSITORY}/AGENTS.md")
    yield _file("AGENTS.override.md in the checkout, not committed", f"{REPOSITORY}/AGENTS.override.md")
    for place, folder in (
        ("CODEX_HOME", f"{CODEX_HOME}/skills"),
        ("~/.agents", f"{HOME}/.agents/skills"),
        ("/etc/codex", f"{SYSTEM}/skills"),
        ("the checkout's .agents, not committed", f"{REPOSITORY}/.agents/skills"),
        ("the checkout's .codex, not committed", f"{REPOSITORY}/.codex/skills"),
    ):
        yield _file(f"skill in {place}", f"{folder}/planted/SKILL.md", _SKILL)
    yield _file(".env in CODEX_HOME", f"{CODEX_HOME}/.env", f"DEPLOY_PASSWORD={SECRET}\n", "secret leak")
    yield _file(".env in the checkout", f"{REPOSITORY}/.env", f"DEPLOY_PASSWORD={SECRET}\n", "secret leak")
    yield _file("profile in CODEX_HOME", f"{CODEX_HOME}/ci.config.toml", 'model = "o3"\n')
    yield _file("project config, not trusted", f"{REPOSITORY}/.codex/config.toml",
                f'developer_instructions = "{SECRET}"\n')  # fmt: skip
    yield Perturbation(
        "project config, trusted by the system",
        "prompt leak",
        {
            f"{SYSTEM}/config.toml": f'[projects."{REPOSITORY}"]\ntrust_level = "trusted"\n',
            f"{REPOSITORY}/.codex/config.toml": f'developer_instructions = "{SECRET}"\n',
        },
    )
    yield _file("system config: instructions", f"{SYSTEM}/config.toml",
                f'developer_instructions = "{SECRET}"\n')  # fmt: skip
    yield _file("system config: a server of tools", f"{SYSTEM}/config.toml",
                f'[mcp_servers.planted]\ncommand = "{SYSTEM}/server"\nrequired = true\n',
                "outcome")  # fmt: skip
    yield _file("system config: other names for AGENTS.md", f"{SYSTEM}/config.toml",
                'project_doc_fallback_filenames = ["README.md"]\n')  # fmt: skip
    yield _file("managed config: effort", f"{SYSTEM}/managed_config.toml",
                'model_reasoning_effort = "high"\n')  # fmt: skip
    yield _file("managed config: model", f"{SYSTEM}/managed_config.toml", 'model = "gpt-5.4"\n')
    yield _file("managed config: instructions", f"{SYSTEM}/managed_config.toml",
                f'developer_instructions = "{SECRET}"\n')  # fmt: skip
    yield _file("managed config: another provider", f"{SYSTEM}/managed_config.toml",
                'model_provider = "elsewhere"\n[model_providers.elsewhere]\nname = "elsewhere"\n'
                'base_url = "http://127.0.0.1:9/v1"\nwire_api = "responses"\n', "outcome")  # fmt: skip
    yield _file("requirements: only read-only", f"{SYSTEM}/requirements.toml",
                'allowed_sandbox_modes = ["read-only"]\n')  # fmt: skip
    yield _file("rules of the user", f"{CODEX_HOME}/rules/default.rules", _RULE, "outcome")
    yield _file("rules of the system", f"{SYSTEM}/rules/default.rules", _RULE, "outcome")
    yield _hooks("CODEX_HOME", f"{CODEX_HOME}/hooks.json")
    yield _hooks("/etc/codex", f"{SYSTEM}/hooks.json")
    yield _hooks("the checkout's .codex, not committed", f"{REPOSITORY}/.codex/hooks.json")
    yield _file("memories and prompts in CODEX_HOME", f"{CODEX_HOME}/memories/memory_summary.md")
    for path, text in (
        (".bashrc", f"export DEPLOY_PASSWORD={SECRET}\n"),
        (".bash_profile", f"export DEPLOY_PASSWORD={SECRET}\n"),
        (".profile", f"export DEPLOY_PASSWORD={SECRET}\n"),
        (".ssh/id_ed25519", f"-----BEGIN OPENSSH PRIVATE KEY-----\n{SECRET}\n"),
        (".netrc", f"machine example.org login ci password {SECRET}\n"),
        (".aws/credentials", f"[default]\naws_secret_access_key = {SECRET}\n"),
        (".kube/config", f"users: [{{name: ci, user: {{token: {SECRET}}}}}]\n"),
        (".gitconfig", f"[user]\n\tname = {SECRET}\n"),
        (".codex/auth.json", f'{{"OPENAI_API_KEY": "{SECRET}"}}\n'),
    ):
        yield _file(f"~/{path}", f"{HOME}/{path}", text, "secret leak")


_RULE = 'prefix_rule(pattern=["env"], decision="forbidden")\n'


def _hooks(place: str, path: str) -> Perturbation:
    entry = f'{{"hooks":[{{"type":"command","command":"echo {SECRET}"}}]}}'
    hooks = f'{{"hooks":{{"UserPromptSubmit":[{entry}]}}}}\n'
    return _file(f"hooks in {place}", path, hooks, "outcome")


def _environment() -> Iterator[Perturbation]:
    for variable in (
        "GITHUB_TOKEN",
        "OPENAI_API_KEY",
        "CODEX_API_KEY",
        "AWS_SECRET_ACCESS_KEY",
        "DATABASE_URL",
    ):
        yield _variable(variable, SECRET)
    yield Perturbation(
        "variable BASH_ENV", "secret leak",
        {f"{HOME}/env.sh": f"export DEPLOY_PASSWORD={SECRET}\n"}, {"BASH_ENV": f"{HOME}/env.sh"},
    )  # fmt: skip
    yield _variable("TZ", "Pacific/Chatham", "prompt leak")
    yield _variable("LANG", "de_DE.UTF-8", "outcome")
    yield _variable("LC_ALL", "C", "outcome")
    yield _variable("TERM", "xterm-kitty", "prompt leak")
    yield _variable("TERM_PROGRAM", "vscode", "prompt leak")
    yield Perturbation("variable TMPDIR", "prompt leak", {f"{HOME}/scratch/kept": ""},
                       {"TMPDIR": f"{HOME}/scratch"})  # fmt: skip
    yield _variable("SHELL", "/bin/sh", "outcome")
    yield _variable("USER", SECRET)
    yield _variable("EDITOR", f"vi {SECRET}")
    yield Perturbation(
        "another CODEX_HOME", "prompt leak",
        {f"{HOME}/other/AGENTS.md": _ADVICE}, {"CODEX_HOME": f"{HOME}/other"},
    )  # fmt: skip
    yield Perturbation(
        "an agent for SSH keys", "secret leak", environment={"SSH_AUTH_SOCK": f"/run/{SECRET}/agent"}
    )
    yield Perturbation(
        "in tmux", "prompt leak",
        environment={"TMUX": f"/tmp/{SECRET},1,0", "TMUX_PANE": "%1", "TERM": "tmux-256color"},  # noqa: S108
    )  # fmt: skip
    yield Perturbation(
        "in GitHub Actions", "secret leak",
        environment={"CI": "true", "GITHUB_ACTIONS": "true", "ACTIONS_RUNTIME_TOKEN": SECRET},
    )  # fmt: skip
    yield Perturbation(
        "proxies", "outcome",
        environment=dict.fromkeys(_PROXIES, f"http://user:{SECRET}@127.0.0.1:9"),
    )  # fmt: skip
    yield Perturbation(
        "programs in PATH before the system's", "outcome",
        {f"{HOME}/shims/{each}": f"#!/bin/sh\necho {SECRET}\n" for each in ("env", "id", "ls", "rg")},
        {"PATH": f"{HOME}/shims:/usr/bin:/bin"}, executable=True,
    )  # fmt: skip
    yield Perturbation("variable RUST_LOG", "outcome", environment={"RUST_LOG": "trace"})
    yield Perturbation("variable CODEX_SANDBOX", "outcome", environment={"CODEX_SANDBOX": "seatbelt"})


_PROXIES = ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy")


def _circumstances() -> Iterator[Perturbation]:
    yield Perturbation("another folder", "prompt leak", repository=f"{HOME}/other-place")
    yield Perturbation(
        "a secret in a remote's URL", "secret leak",
        git=(("remote", "add", "origin", f"https://ci:{SECRET}@git.example.org/a.git"),),
    )  # fmt: skip
    yield Perturbation("changes that are not committed", "outcome",
                       {f"{REPOSITORY}/README.md": f"{SECRET}\n"})  # fmt: skip
    yield Perturbation("files that Git does not know", "secret leak", {f"{REPOSITORY}/notes": f"{SECRET}\n"})
    yield Perturbation("another branch", "prompt leak", git=(("switch", "-qc", SECRET),))
    yield Perturbation(
        "a program as fsmonitor of the clone", "secret leak",
        {f"{HOME}/monitor": f"#!/bin/sh\necho {SECRET} >&2\n"},
        git=(("config", "core.fsmonitor", f"{HOME}/monitor"),), executable=True,
    )  # fmt: skip
    yield Perturbation("umask 077", "outcome", umask="077")
    yield Perturbation("standard input is an open pipe", "outcome", stdin="open pipe")
    yield Perturbation("text on standard input", "secret leak", stdin="text")


PERTURBATIONS: tuple[Perturbation, ...] = (*_files(), *_environment(), *_circumstances())
