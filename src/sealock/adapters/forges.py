"""Which forge a repository is on, and how to ask it."""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple

from sealock.adapters.forge_http import Api, ForgeHttp
from sealock.adapters.forge_token import read_token, usual_token
from sealock.domain.printable import printable
from sealock.domain.repository_url import same_form
from sealock.domain.settings import ForgeSettings
from sealock.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from sealock.adapters.forge_http import Patience
    from sealock.domain.settings import ForgeKind
    from sealock.ports import Forge

# ruff: noqa: PLC0415 - one forge is asked, not three

# Hosts that answer SSH for a forge on ports that firewalls let through.
_OTHER_NAMES = {"ssh.github.com": "github.com", "altssh.gitlab.com": "gitlab.com"}
_TOKENS: dict[ForgeKind, tuple[str, ...]] = {
    "github": ("GITHUB_TOKEN", "GH_TOKEN"),
    "gitlab": ("GITLAB_TOKEN",),
    "forgejo": ("FORGEJO_TOKEN", "GITEA_TOKEN"),
}


class ForgePlace(NamedTuple):
    """A forge's kind, the URL of its API, and what it calls the repository."""

    kind: ForgeKind
    url: str
    repository: str


def place(settings: ForgeSettings | None, remote_url: str) -> ForgePlace:
    """Return where requests go: as sealock.yaml says, else as the remote's URL does. Raises UsageError."""
    said = settings or ForgeSettings()
    host, _, path = same_form(remote_url).partition("/")
    host = _OTHER_NAMES.get(host, host)
    kind = said.kind or _kind(host)
    if kind is None:
        message = f"which forge {printable(host, 100)!r} is cannot be told from the remote's URL"
        hint = "Say it in sealock.yaml: promotion: {forge: {kind: gitlab, url: https://HOST/api/v4}}."
        raise UsageError(message, hint=hint)
    repository = said.repository or path
    if repository.count("/") < 1 or not repository.isprintable() or ".." in repository.split("/"):
        message = f"{printable(repository, 100)!r} is no name of a repository on a forge"
        raise UsageError(
            message, hint="Say it in sealock.yaml: promotion: {forge: {repository: acme/platform}}."
        )
    return ForgePlace(kind, said.url or _url(kind, host), repository)


def _kind(host: str) -> ForgeKind | None:
    if host == "github.com" or host.endswith(".ghe.com"):
        return "github"
    if host.startswith("gitlab."):
        return "gitlab"
    return "forgejo" if host == "codeberg.org" else None


def _url(kind: ForgeKind, host: str) -> str:
    """Return the URL of the API of a host, as its documentation says it is by default."""
    if kind == "github":
        if host == "github.com" or host.endswith(".ghe.com"):
            return f"https://api.{host}"
        return f"https://{host}/api/v3"
    return f"https://{host}/api/v4" if kind == "gitlab" else f"https://{host}/api/v1"


@contextmanager
def open_forge(
    settings: ForgeSettings | None,
    remote_url: str,
    root: str,
    environment: Mapping[str, str] | None = None,
    patience: Patience | None = None,
) -> Iterator[Forge]:
    """Give the forge of a remote; `root` is where a relative token file is. Raises UsageError.

    Nothing is asked before a question.
    """
    where = place(settings, remote_url)
    environment = os.environ if environment is None else environment
    source = settings.token if settings else None
    token = read_token(source, root, environment) if source else usual_token(_TOKENS[where.kind], environment)

    def http(scheme: str, needs: str, accept: str = "application/json") -> ForgeHttp:
        return ForgeHttp(Api(where.url, where.repository, token, scheme, needs, accept), patience)

    if where.kind == "github":
        from sealock.adapters import github

        with http("Bearer", github.NEEDS, github.ACCEPT) as connected:
            yield github.GitHub(connected)
    elif where.kind == "gitlab":
        from sealock.adapters import gitlab

        with http("Bearer", gitlab.NEEDS) as connected:
            yield gitlab.GitLab(connected)
    else:
        from sealock.adapters import forgejo

        with http("token", forgejo.NEEDS) as connected:
            yield forgejo.Forgejo(connected)
