"""What commands about the deployed branch share: which branch it is, and what its two files say."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from sealock.errors import SealockError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sealock.adapters.git_revision import GitRevisions
    from sealock.domain.settings import Settings
    from sealock.ports import FileTree

# ruff: noqa: PLC0415 - a command loads what it uses, so that `--help` and warm runs stay fast


def place(git: GitRevisions, remote: str, branch: str) -> tuple[str, str]:
    """Return remote and branch as the command line says, else sealock.yaml of what is checked out."""
    if remote and branch:
        return remote, branch
    try:
        said = settings_of(git.one_file("HEAD"))[0].promotion
    except SealockError:
        # What is checked out may be anything; the deployed branch's own file is read strictly.
        return remote, branch
    return remote or said.remote, branch or said.branch


def settings_of(files: FileTree) -> tuple[Settings, bool]:
    """Return a revision's sealock.yaml, and whether there is one. Raises ConfigurationError."""
    from sealock.config import settings

    try:
        return _settings(files.read_text(settings.FILE)), True
    except FileNotFoundError:
        return settings.defaults(), False


@lru_cache(maxsize=2)
def _settings(text: str) -> Settings:
    """Return the settings in a text: that of what is checked out, which mostly is the deployed branch's too.

    A rule that is not known here is for `check` to say: it stops no promotion.
    """
    from sealock.config import settings

    return settings.load(text)


def service_folders(text: str, settings: Settings) -> Mapping[str, str]:
    """Return the services' folders as a services.yaml says; none where it is wrong.

    Folders' names tell enough then, and `check` says what is wrong.
    """
    from sealock.config import services

    try:
        found = services.load(text, services.FILE, settings).services
    except SealockError:
        return {}
    return {name: each.path for name, each in found.items()}
