"""Signs texts as Git is set to sign commits: with an SSH key, or with gpg."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from sealock.adapters import git_program, process
from sealock.domain.printable import printable
from sealock.errors import Refused, UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

_SETTINGS = r"^(gpg\.(format|program|.*\.program|ssh\.defaultkeycommand)|user\.(signingkey|email))$"
# A person may have to type a passphrase, or touch a key.
_TIMEOUT_SECONDS = 120
_LITERAL = re.compile(r"(?:key::)?((?:ssh-|ecdsa-|sk-)\S+ \S+.*)")
_HINT = "Set up signing as for commits: git config gpg.format ssh; git config user.signingKey ~/.ssh/KEY.pub."


class GitSigner:
    """The user's signing setup in the repository at `root`."""

    def __init__(self, root: str) -> None:
        """Read Git's configuration when something is signed."""
        self._root = root

    def sign(self, text: bytes, namespace: str) -> str:
        """Return an armoured signature of `text`. Raises UsageError without a key, Refused, Undecided."""
        settings = self._settings()
        form = settings.get("gpg.format", "openpgp")
        if form == "ssh":
            return self._ssh(settings, text, namespace)
        if form == "openpgp":
            return self._openpgp(settings, text)
        message = f"Git signs in the form {printable(form)!r}, and approvals are signed by SSH or gpg"
        raise UsageError(message, hint=_HINT)

    def _settings(self) -> dict[str, str]:
        done = git_program.run(
            self._root, ["config", "--null", "--get-regexp", _SETTINGS], variables=git_program.personal()
        )
        if done.status not in {0, 1}:
            git_program.fail("config", done.stderr)
        entries = (each.partition("\n") for each in os.fsdecode(done.stdout).split("\0") if each)
        return {key: value for key, _, value in entries}

    def _ssh(self, settings: dict[str, str], text: bytes, namespace: str) -> str:
        program = settings.get("gpg.ssh.program", "ssh-keygen")
        key = settings.get("user.signingkey") or self._default_key(settings)
        literal = _LITERAL.fullmatch(key)
        with tempfile.TemporaryDirectory(prefix="slk-", ignore_cleanup_errors=True) as folder:
            path = Path(self._root, Path(key).expanduser())
            options: Sequence[str] = ()
            if literal:
                # A key that is not a file is the agent's.
                path, options = Path(folder, "key.pub"), ("-U",)
                path.write_text(f"{literal[1]}\n", encoding="utf-8")
            return self._run(program, ["-Y", "sign", "-n", namespace, "-f", str(path), *options], text)

    def _default_key(self, settings: dict[str, str]) -> str:
        """Return the key that `gpg.ssh.defaultKeyCommand` prints first. Raises UsageError for none."""
        command = settings.get("gpg.ssh.defaultkeycommand")
        if command:
            printed = self._run("sh", ["-c", command], b"")
            found = next((line for line in printed.splitlines() if _LITERAL.fullmatch(line)), "")
            if found:
                return found
        message = "Git does not know which SSH key you sign with"
        raise UsageError(message, hint=_HINT)

    def _openpgp(self, settings: dict[str, str], text: bytes) -> str:
        program = settings.get("gpg.openpgp.program") or settings.get("gpg.program", "gpg")
        key = settings.get("user.signingkey") or settings.get("user.email", "")
        who = ["--local-user", key] if key else []
        return self._run(program, ["--armor", "--detach-sign", *who], text)

    def _run(self, name: str, arguments: Sequence[str], stdin: bytes) -> str:
        program = shutil.which(str(Path(name).expanduser()))
        if program is None:
            message = f"there is no program {printable(name)!r}, which Git is set to sign with"
            raise UsageError(message, hint=_HINT)
        try:
            done = process.run(
                [program, *arguments],
                folder=self._root,
                environment=os.environ | {"LC_ALL": "C"},
                stdin=stdin,
                timeout_seconds=_TIMEOUT_SECONDS,
            )
        except process.TimedOut:
            _fail(name, f"no answer in {_TIMEOUT_SECONDS} s")
        if done.status:
            _fail(name, git_program.words(done.stderr) or f"status {done.status}")
        return done.stdout.decode("utf-8", "replace")


def _fail(name: str, words: str) -> NoReturn:
    message = f"the approval could not be signed: {printable(Path(name).name)}: {words}"
    hint = f"A key with a passphrase must be in an agent (ssh-add, gpg-agent). {_HINT}"
    raise Refused(message, hint=hint)
