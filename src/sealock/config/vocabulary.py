"""The kinds of text that both files use, each with its pattern and how a message calls it."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from msgspec import Meta

MAX_LABEL = 63

Label: TypeAlias = Annotated[
    str,
    Meta(
        pattern=r"^[a-z0-9]([a-z0-9-]*[a-z0-9])?$",
        max_length=MAX_LABEL,
        title="a DNS-1123 label (lower-case letters, digits and -, at most 63)",
    ),
]
ServiceName: TypeAlias = Annotated[
    str,
    Meta(
        pattern=r"^[a-z]([a-z0-9-]*[a-z0-9])?$",
        max_length=MAX_LABEL,
        title="a DNS label (lower-case letters, digits and -, a letter first, at most 63)",
    ),
]
RelativePath: TypeAlias = Annotated[
    str,
    Meta(
        pattern=r"^(\./)?(?!\.{1,2}(/|$))(?!\.git(/|$))[A-Za-z0-9._@+-]+"
        r"(/(?!\.{1,2}(/|$))(?!\.git(/|$))[A-Za-z0-9._@+-]+)*/?$",
        max_length=512,
        title="a path inside the repository (relative, with /, without .. or .git)",
    ),
]

PathGlob: TypeAlias = Annotated[
    str,
    Meta(
        pattern=r"^(\./)?(?!\.{1,2}(/|$))(?!\.git(/|$))[A-Za-z0-9._@+*?!\[\]-]+"
        r"(/(?!\.{1,2}(/|$))(?!\.git(/|$))[A-Za-z0-9._@+*?!\[\]-]+)*$",
        max_length=512,
        title="a path or glob inside the repository (relative, with /, without .. or .git)",
    ),
]


def plain_path(text: str) -> str:
    """Return a RelativePath without a leading `./` or trailing `/`."""
    return text.removeprefix("./").removesuffix("/")


Cluster: TypeAlias = Annotated[
    str,
    Meta(
        pattern=r"^(https?://[^\s/@]+(/\S*)?|(?!\S*://)[A-Za-z0-9]([A-Za-z0-9._:/@-]*[A-Za-z0-9])?)$",
        max_length=253,
        title="a cluster: in-cluster, a name that Argo CD knows, or an API URL",
    ),
]
Duration: TypeAlias = Annotated[
    str, Meta(pattern=r"^[1-9][0-9]{0,5}[smhd]$", title="a duration such as 30m, 2h or 1d")
]
WindowTime: TypeAlias = Annotated[
    str,
    Meta(
        pattern=r"^((Mon|Tue|Wed|Thu|Fri|Sat|Sun)|[0-9]{4}-[0-9]{2}-[0-9]{2}) ([01][0-9]|2[0-3]):[0-5][0-9]$",
        title='a time of the week such as "Fri 16:00", or a time such as "2026-12-20 00:00"',
    ),
]
Cron: TypeAlias = Annotated[
    str,
    Meta(
        pattern=r"^[A-Za-z0-9*,/#-]+( [A-Za-z0-9*,/#-]+){4}$",
        max_length=200,
        title='a cron expression of five fields such as "0 16 * * FRI"',
    ),
]
Zone: TypeAlias = Annotated[
    str,
    Meta(pattern=r"^[A-Za-z]+([_+/-][A-Za-z0-9]+)*$", title="a time zone such as Europe/Berlin or UTC"),
]
Date: TypeAlias = Annotated[
    str, Meta(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$", title="a date such as 2027-03-31")
]
Sentence: TypeAlias = Annotated[str, Meta(min_length=1, pattern=r"\S", title="text that is not empty")]
RuleId: TypeAlias = Annotated[
    str,
    Meta(
        pattern=r"^[a-z][a-z0-9-]*$", max_length=100, title="a rule id such as missing-digest-in-production"
    ),
]
MinorVersion: TypeAlias = Annotated[
    str, Meta(pattern=r"^[0-9]+\.[0-9]+(\.[0-9]+)?$", title="a version such as 1.34")
]
Cpu: TypeAlias = Annotated[
    str, Meta(pattern=r"^([0-9]+(\.[0-9]*)?|\.[0-9]+)m?$", title="a CPU quantity such as 500m or 2")
]
Memory: TypeAlias = Annotated[
    str,
    Meta(
        pattern=r"^([0-9]+(\.[0-9]*)?|\.[0-9]+)([kMGTPE]|[KMGTPE]i|[eE]\+?[0-9]{1,2})?$",
        title="a memory quantity such as 512Mi or 2Gi",
    ),
]
RepositoryUrl: TypeAlias = Annotated[
    str,
    Meta(
        pattern=r"^(https?://[^\s/@]+/\S+|ssh://\S+/\S+|[A-Za-z0-9._-]+@[A-Za-z0-9._-]+:\S+)$",
        max_length=1024,
        title="a Git URL such as https://github.com/acme/platform.git, without a password",
    ),
]
Revision: TypeAlias = Annotated[
    str, Meta(pattern=r"^[^\s~^:?*\[\\-][^\s~^:?*\[\\]*$", max_length=250, title="a branch, tag or commit")
]
Image: TypeAlias = Annotated[
    str,
    Meta(
        pattern=r"^[a-z0-9]([a-z0-9._:-]*[a-z0-9])?(/[a-z0-9]+([._-]+[a-z0-9]+)*)*"
        r"(:[A-Za-z0-9_][A-Za-z0-9_.-]{0,127})?(@sha(256:[0-9a-f]{64}|512:[0-9a-f]{128}))?$",
        max_length=500,
        title="an image such as ghcr.io/acme/api, with or without a tag or digest",
    ),
]
Tag: TypeAlias = Annotated[
    str, Meta(pattern=r"^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$", title="an image tag such as 1.4.2")
]
DigestText: TypeAlias = Annotated[
    str,
    Meta(
        pattern=r"^sha(256:[0-9a-f]{64}|512:[0-9a-f]{128})$",
        title="a digest: sha256: and 64 lower-case hex digits",
    ),
]
PortName: TypeAlias = Annotated[
    str,
    Meta(
        pattern=r"^(?=[a-z0-9-]*[a-z])[a-z0-9]+(-[a-z0-9]+)*$",
        max_length=15,
        title="a port name (lower-case letters, digits and -, at most 15)",
    ),
]
ConfigKey: TypeAlias = Annotated[
    str,
    Meta(
        pattern=r"^[A-Za-z_][A-Za-z0-9_.-]*$", max_length=253, title="a configuration key such as LOG_LEVEL"
    ),
]
HttpPath: TypeAlias = Annotated[
    str, Meta(pattern=r"^/[A-Za-z0-9._~/?&=%+-]*$", max_length=512, title="an HTTP path such as /healthz")
]
LabelValue: TypeAlias = Annotated[
    str,
    Meta(
        pattern=r"^[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?$",
        max_length=MAX_LABEL,
        title="a label value (letters, digits, -, _ and ., at most 63)",
    ),
]
LabelKey: TypeAlias = Annotated[
    str,
    Meta(
        pattern=r"^([a-z0-9]([a-z0-9.-]*[a-z0-9])?/)?[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?$",
        max_length=253 + 1 + MAX_LABEL,
        title="a label key such as team or example.com/team",
    ),
]
LabelText: TypeAlias = Annotated[
    str,
    Meta(
        pattern=r"^([A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?)?$",
        max_length=MAX_LABEL,
        title="a label value (letters, digits, -, _ and ., at most 63) or empty text",
    ),
]
ServerUrl: TypeAlias = Annotated[
    str,
    Meta(
        pattern=r"^https?://[^\s/@]+(/\S*)?$",
        max_length=253,
        title="the URL of an API server such as https://10.0.0.1:6443",
    ),
]
KindPattern: TypeAlias = Annotated[
    str,
    Meta(
        pattern=r"^(\*|(([a-z0-9]([a-z0-9.-]*[a-z0-9])?/)?v[0-9][a-z0-9]*/)?[A-Z][A-Za-z0-9]*)$",
        max_length=400,
        title="a kind such as Deployment, apps/v1/Deployment or v1/Pod, or *",
    ),
]
GroupKind: TypeAlias = Annotated[
    str,
    Meta(
        pattern=r"^([a-z0-9*]([a-z0-9.*-]*[a-z0-9*])?/)?([A-Z][A-Za-z0-9]*|\*)$",
        max_length=320,
        title="a group and kind such as argoproj.io/Application",
    ),
]
PodSecurityLevel: TypeAlias = Literal["privileged", "baseline", "restricted"]
PodSecurityVersion: TypeAlias = Annotated[
    str, Meta(pattern=r"^(latest|v1\.[0-9]+)$", max_length=10, title="latest or a version such as v1.34")
]
Port: TypeAlias = Annotated[int, Meta(ge=1, le=65535)]
Person: TypeAlias = Annotated[
    str, Meta(pattern=r"^[^\s,<>]+$", max_length=254, title="a mail address, or a name that the forge knows")
]
RemoteName: TypeAlias = Annotated[
    str,
    Meta(
        pattern=r"^[A-Za-z0-9_]([A-Za-z0-9._/-]*[A-Za-z0-9_])?$",
        max_length=100,
        title="the name of a Git remote such as origin",
    ),
]
BranchName: TypeAlias = Annotated[
    str,
    Meta(
        pattern=r"^(?!.*(\.\.|//|/\.|\.lock(/|$)|@\{))[^\s\x00-\x20\x7f~^:?*\[\\./-]"
        r"([^\s\x00-\x20\x7f~^:?*\[\\]*[^\s\x00-\x20\x7f~^:?*\[\\./])?$",
        max_length=200,
        title="a branch such as main",
    ),
]
ApiUrl: TypeAlias = Annotated[
    str,
    Meta(
        pattern=r"^(https://[^\s/@]+|http://(localhost|127\.0\.0\.1|\[::1\])(:[0-9]+)?)(/\S*)?$",
        max_length=1024,
        title="an https URL such as https://api.github.com, without a password",
    ),
]
ForgeRepository: TypeAlias = Annotated[
    str,
    Meta(
        pattern=r"^(?!.*(^|/)\.{1,2}(/|$))[A-Za-z0-9_.-]+(/[A-Za-z0-9_.-]+)+$",
        max_length=500,
        title="a repository as the forge calls it, such as acme/platform",
    ),
]
VariableName: TypeAlias = Annotated[
    str,
    Meta(
        pattern=r"^[A-Za-z_][A-Za-z0-9_]*$",
        max_length=200,
        title="the name of a variable such as GITHUB_TOKEN",
    ),
]
FilePath: TypeAlias = Annotated[
    str, Meta(pattern=r"^[^\x00-\x1f]+$", max_length=1024, title="the path of a file")
]
NamedFilePath: TypeAlias = Annotated[
    str,
    Meta(
        pattern=r"^([^\x00-\x1f]*/)?(?!\.{1,2}$)[A-Za-z0-9._+@-]+$",
        max_length=1024,
        title="the path of a file (its name of letters, digits and . _ + @ -)",
    ),
]
EgressEntry: TypeAlias = Annotated[
    str,
    Meta(
        pattern=r"^((\*\.)?[A-Za-z0-9_]([A-Za-z0-9_.-]*[A-Za-z0-9_])?|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?$",
        max_length=300,
        title="a host and a port, such as pypi.org:443 or *.example.com:443",
    ),
]
McpServerName: TypeAlias = Annotated[
    str,
    # Codex makes other characters to _ in what the model is told.
    Meta(
        pattern=r"^[a-z][a-z0-9_]*$",
        max_length=40,
        title="the name of an MCP server (lower-case letters, digits and _, a letter first, at most 40)",
    ),
]
ToolName: TypeAlias = Annotated[
    str, Meta(pattern=r"^[A-Za-z0-9_./-]+$", max_length=128, title="the name of a tool such as pods_list")
]
Argument: TypeAlias = Annotated[
    str, Meta(pattern=r"^[^\x00]*$", max_length=4096, title="an argument without a NUL")
]
ValuesPath: TypeAlias = Annotated[
    str,
    Meta(
        pattern=r"^[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*$",
        max_length=300,
        title="a dotted path such as image.tag",
    ),
]
ReleaseTag: TypeAlias = Annotated[
    str,
    Meta(
        pattern=r"^(?!.*(\.\.|//|/\.|\./|\.lock$))([A-Za-z0-9_][A-Za-z0-9._/-]*)?(\{service\}[A-Za-z0-9._/-]*)?"
        r"\{version\}([A-Za-z0-9._/-]*[A-Za-z0-9_-])?$",
        max_length=200,
        title="a tag with {version}, such as {service}/v{version}",
    ),
]
CodexVersion: TypeAlias = Annotated[
    str,
    Meta(
        pattern=r"^[0-9]{1,6}\.[0-9]{1,6}\.[0-9]{1,6}(-[0-9A-Za-z.-]+)?$",
        max_length=60,
        title="a version of Codex such as 0.163.0",
    ),
]
Sha256: TypeAlias = Annotated[
    str, Meta(pattern=r"^[0-9a-f]{64}$", title="a SHA-256 (64 lower-case hex digits)")
]
HeaderName: TypeAlias = Annotated[
    str,
    Meta(
        pattern=r"^(?!(?i:authorization|host|content-length|content-type|transfer-encoding|connection)$)"
        r"[A-Za-z0-9!#$%&'*+.^_`|~-]+$",
        max_length=100,
        title="the name of an HTTP header that Sealock does not set itself",
    ),
]
HeaderText: TypeAlias = Annotated[
    str, Meta(pattern=r"^[\x20-\x7e]*$", max_length=4096, title="a header's value in plain ASCII")
]
PriceUsd: TypeAlias = Annotated[float, Meta(ge=0, le=1_000_000)]
