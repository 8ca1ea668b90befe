"""What commands about the deployed branch share: which branch it is, and what its two files say."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sealock.errors import SealockError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sealock.domain.settings import Settings
    from sealock.ports import FileTree

# ruff: noqa: PLC0415 - a command loads what it uses, so that `--help` and warm runs stay fast


def place(head: FileTree, remote: str, branch: str) -> tuple[str, str]:
    """Return remote and branch as the command line says, else sealock.yaml of what is checked out."""
    if remote and branch:
        return remote, branch
    try:
        said = settings_of(head).promotion
    except SealockError:
        # What is checked out may be anything; the deployed branch's own file is read strictly.
        return remote, branch
    return remote or said.remote, branch or said.branch


def settings_of(files: FileTree) -> Settings:
    """Return sealock.yaml, or the defaults. Raises ConfigurationError.

    A rule that is not known in it is for `check` to say: it stops no promotion and no agent.
    """
    from sealock.wiring import remembered_settings

    return remembered_settings.load(text_of(files) or "")


def text_of(files: FileTree) -> str | None:
    """Return a revision's sealock.yaml; None where there is none."""
    try:
        return files.read_text("sealock.yaml")
    except FileNotFoundError:
        return None


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
