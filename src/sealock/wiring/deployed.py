"""What commands about the deployed branch share: which branch it is, and what its two files say."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from sealock.errors import SealockError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sealock.adapters.verdict_cache import VerdictStore
    from sealock.domain.settings import Settings
    from sealock.ports import FileTree

# ruff: noqa: PLC0415 - a command loads what it uses, so that `--help` and warm runs stay fast


def place(head: FileTree, remote: str, branch: str, store: VerdictStore | None = None) -> tuple[str, str]:
    """Return remote and branch as the command line says, else sealock.yaml of what is checked out."""
    if remote and branch:
        return remote, branch
    try:
        said = settings_in(text_of(head) or "", store).promotion
    except SealockError:
        # What is checked out may be anything; the deployed branch's own file is read strictly.
        return remote, branch
    return remote or said.remote, branch or said.branch


def text_of(files: FileTree) -> str | None:
    """Return a revision's sealock.yaml; None where there is none."""
    try:
        return files.read_text("sealock.yaml")
    except FileNotFoundError:
        return None


def settings_in(text: str, store: VerdictStore | None = None) -> Settings:
    """Return the settings in a text, which takes longer to read than to remember. Raises ConfigurationError.

    A rule that is not known here is for `check` to say: it stops no promotion.
    """
    import msgspec

    from sealock import __version__
    from sealock.adapters.verdict_cache import digest
    from sealock.domain.settings import Settings

    key = digest("settings", __version__, text)
    known = store.get(key) if store else None
    with suppress(msgspec.MsgspecError):
        return msgspec.msgpack.decode(known or b"", type=Settings)
    from sealock.config import settings

    found = settings.load(text)
    if store:
        store.put(key, msgspec.msgpack.encode(found))
    return found


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
