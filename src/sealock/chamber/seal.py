"""A task → exactly what is started: arguments, environment, mounts, files, and why each setting is made."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from sealock.chamber import mcp_servers
from sealock.chamber.codex_binary import bundled_bwrap, places_of
from sealock.chamber.codex_versions import release
from sealock.chamber.toml_value import toml
from sealock.domain.agent_run import Mount, SealedCommand, Setting
from sealock.errors import UsageError

if TYPE_CHECKING:
    from sealock.domain.agent_run import BackendName, CodexBinary, ModelEndpoint, SandboxImage
    from sealock.domain.settings import AgentTask

PROVIDER = "sealock"
TOKEN_VARIABLE = "SEALOCK_MODEL_TOKEN"  # noqa: S105 - a variable's name
PORT = 8080
"""The port of loopback that leads to the model, inside of a sandbox with a network of its own."""

EGRESS_PORT = 8081
"""The port of a container's loopback that leads to the gate to the network, as `docker/enter.py` has it."""

# Some programs heed the one form, some the other.
_PROXIES = tuple(form for name in ("HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY") for form in (name, name.lower()))
_PATH = "/usr/local/bin:/usr/bin:/bin"
SYSTEM = ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32")
ETC = ("/etc/alternatives", "/etc/ld.so.cache", "/etc/ld.so.conf", "/etc/ld.so.conf.d")
FILES = {
    "/etc/passwd": "agent:x:1000:1000:agent:/home/agent:/bin/bash\n",
    "/etc/group": "agent:x:1000:\n",
    "/etc/hosts": "127.0.0.1 localhost\n",
    "/etc/nsswitch.conf": "passwd: files\ngroup: files\nhosts: files\n",
}
_NETWORK = "the network, but for the model"
_KEPT_OUT = (
    "every variable of the environment",
    "the home folder: AGENTS.md, skills, .env, prompts, memories, logins",
    "/etc/codex: managed configuration, requirements, rules, hooks, skills",
    "other repositories and all files outside of the system's folders",
    _NETWORK,
    "the repository's remotes, branches, history, hooks and Git settings",
)


class Places(msgspec.Struct, frozen=True):
    """Where things are, as the agent sees them. Without `sandboxed` these are places on the host itself."""

    workspace: str = "/workspace"
    home: str = "/home/agent"
    programs: str = "/opt/codex"
    schema: str = "/run/sealock/schema.json"
    temporary: str = "/tmp"  # noqa: S108 - a fresh one in the sandbox
    sandboxed: bool = True


INSIDE = Places()


def compose(  # noqa: PLR0913 - each is one input of a run
    task: AgentTask,
    binary: CodexBinary,
    model: ModelEndpoint,
    prompt: str,
    schema_file: str | None,
    *,
    workspace: str = "",
    places: Places = INSIDE,
    allow_untested: bool = False,
    servers: tuple[Mount, ...] = (),
    image: SandboxImage | None = None,
) -> SealedCommand:
    """Return the command of one run; nothing is started and no file read.

    `schema_file` is a file of the host with the JSON Schema of the answer; `workspace` the folder of the
    host that the agent works in; `servers` are the files of the task's MCP servers; `image` is that of a
    container. Raises UsageError for a version that is refused, and for MCP servers without a sandbox.
    """
    traits = release(binary.version, allow_untested=allow_untested)
    url = f"http://127.0.0.1:{PORT}/v1" if places.sandboxed else model.url
    if task.mcp_servers and not places.sandboxed:
        message = "without a sandbox around them no MCP servers are started"
        raise UsageError(message, hint="They would see this machine's files, network and keys: seal the run.")
    bwrap = f"{places.programs}/codex-resources/bwrap" if bundled_bwrap(binary) else "/usr/bin/bwrap"
    told = mcp_servers.settings(task.mcp_servers, bwrap, lists_tools=traits.lists_tools)
    settings = (*_provider(url), *_task(task), *traits.settings, *_tools(task, places), *told)
    folder, program = places_of(binary.path)
    argv = (
        f"{places.programs}/{program}" if places.sandboxed else binary.path,
        "exec",
        *traits.flags,
        *("--sandbox", task.sandbox),
        *(part for each in settings for part in ("-c", f"{each.key}={each.value}")),
        *(("--output-schema", places.schema if places.sandboxed else schema_file) if schema_file else ()),
        "-",
    )
    return SealedCommand(
        argv=argv,
        environment=_environment(places, model.token),
        mounts=(*_mounts(task, _program(folder, program, binary), workspace, schema_file), *servers)
        if places.sandboxed
        else (),
        files=FILES if places.sandboxed else {},
        settings=settings,
        workdir=places.workspace,
        stdin=prompt.encode(),
        unset=_kept_out(task) if places.sandboxed else _KEPT_OUT[:2],
        relay=model.url if places.sandboxed else "",
        image=image,
        network=task.network,
    )


def check_network(task: AgentTask, backend: BackendName) -> None:
    """Raise UsageError for a task with a network in a backend or a sandbox that cannot bound it."""
    if not task.network:
        return
    if backend != "container":
        message = f"the task may use the network, and the backend {backend} has no gate that bounds it"
        raise UsageError(message, hint="Take --backend container, or a task without `network`.")
    if task.sandbox != "workspace-write":
        message = "the task may use the network, and Codex gives none to tools in the sandbox read-only"
        raise UsageError(message, hint="Say sandbox: workspace-write, or take `network` away.")


def _kept_out(task: AgentTask) -> tuple[str, ...]:
    if not task.network:
        return _KEPT_OUT
    network = f"the network, but for the model and, for tools, {', '.join(task.network)}"
    return tuple(network if each == _NETWORK else each for each in _KEPT_OUT)


def _provider(url: str) -> tuple[Setting, ...]:
    entry = {
        "name": PROVIDER,
        "base_url": url,
        "wire_api": "responses",
        "env_key": TOKEN_VARIABLE,
        "supports_websockets": False,
        # Sealock's proxy repeats what can be repeated; Codex would repeat what was refused for good.
        "request_max_retries": 0,
        "stream_max_retries": 0,
    }
    reason = "the model is reached through Sealock's proxy, which holds the key"
    return (
        Setting(f"model_providers.{PROVIDER}", toml(entry), reason),
        Setting("model_provider", toml(PROVIDER), reason),
    )


def _task(task: AgentTask) -> tuple[Setting, ...]:
    pinned = "said by the task; defaults change with the version"
    return (
        Setting("model", toml(task.model), pinned),
        Setting("model_reasoning_effort", toml(task.effort), pinned),
        Setting("model_reasoning_summary", toml(task.summary), pinned),
        Setting("approval_policy", '"never"', "nobody is there to ask"),
    )


def _tools(task: AgentTask, places: Places) -> tuple[Setting, ...]:
    given = {
        "PATH": _PATH,
        "HOME": "/nonexistent",
        "TZ": "UTC",
        "LANG": "C.UTF-8",
        # bash reads ~/.bashrc when it believes that it is the first shell of a connection.
        "SHLVL": "2",
        **({"TMPDIR": places.temporary} if places.sandboxed else {}),
        **(dict.fromkeys(_PROXIES, f"http://127.0.0.1:{EGRESS_PORT}") if task.network else {}),
    }
    network = "tools reach nothing"
    if task.network:
        network = "tools reach loopback, and from there the gate; the container has no other network"
    shared = toml(not places.sandboxed)
    temporary = "the sandbox has a fresh one" if places.sandboxed else "others use it too"
    return (
        Setting("shell_environment_policy.set", toml(given), "the whole environment of tools"),
        Setting("sandbox_workspace_write.network_access", toml(bool(task.network)), network),
        Setting("sandbox_workspace_write.exclude_slash_tmp", shared, temporary),
        Setting("sandbox_workspace_write.exclude_tmpdir_env_var", "true", "the host's TMPDIR is no place"),
    )


def _environment(places: Places, token: str) -> dict[str, str]:
    return {
        "CODEX_HOME": f"{places.home}/.codex",
        "HOME": places.home,
        "LANG": "C.UTF-8",
        "PATH": _PATH,
        "SHELL": "/bin/bash",
        "TERM": "dumb",
        "TZ": "UTC",
        TOKEN_VARIABLE: token,
    }


def _program(folder: str, program: str, binary: CodexBinary) -> Mount:
    """Return the mount of the package; of the program alone where it has none."""
    alone = folder == binary.path
    return Mount(f"{INSIDE.programs}/{program}" if alone else INSIDE.programs, folder)


def _mounts(task: AgentTask, program: Mount, workspace: str, schema_file: str | None) -> tuple[Mount, ...]:
    inside = INSIDE
    written = task.sandbox == "workspace-write"
    return (
        *(Mount(each, each) for each in SYSTEM),
        Mount("/etc", kind="tmpfs"),
        *(Mount(each, each) for each in ETC),
        Mount("/etc/codex", kind="masked"),
        Mount(inside.temporary, kind="tmpfs"),
        Mount(inside.home, kind="tmpfs"),
        Mount(f"{inside.home}/.codex", kind="tmpfs"),
        program,
        Mount(inside.workspace, workspace, "read-write" if written else "read-only"),
        Mount(f"{inside.workspace}/.git", f"{workspace}/.git"),
        # Hidden from servers: in a container the model's socket lies there too.
        *((Mount(mcp_servers.HIDDEN, kind="tmpfs"),) if task.mcp_servers else ()),
        *((Mount(inside.schema, schema_file),) if schema_file else ()),
    )
