"""Verifies signatures with ssh-keygen and gpg against a list of signers alone: no user's keyring counts."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Self

from sealock.adapters import process
from sealock.errors import Undecided

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import TracebackType

_TIMEOUT_SECONDS = 30
_LARGEST_SIGNATURE = 100_000
_KEYS = re.compile(
    r"-----BEGIN PGP PUBLIC KEY BLOCK-----\r?\n.*?-----END PGP PUBLIC KEY BLOCK-----", re.DOTALL
)
_SSH_KEY = re.compile(r"Good \"[^\"]*\" signature for .* with \S+ key (SHA256:\S+)")
_BAD_WORDS = frozenset({"BADSIG", "ERRSIG", "EXPSIG", "EXPKEYSIG", "REVKEYSIG", "NODATA", "FAILURE", "ERROR"})
_MAIL = re.compile(r"<([^<>]+)>$|^([^<>\s]+@[^<>\s]+)$")
_UID_FIELDS = 10
_ALONE = (
    "--batch", "--no-tty", "--no-options", "--no-autostart", "--trust-model", "always",
    "--no-auto-key-retrieve", "--no-auto-key-locate", "--disable-dirmngr", "--display-charset", "utf-8",
)  # fmt: skip


class Verdict(NamedTuple):
    """Whether a signature is by who it is said to be, by which `key`; `reason` says why not."""

    key: str = ""
    reason: str = ""


class Signers:
    """Those of a signers file: lines of ssh-keygen's ALLOWED SIGNERS, and OpenPGP public keys in armour.

    Use it in `with`: its keys are in a private folder meanwhile.
    """

    def __init__(self, text: str) -> None:
        """Take the text of the file."""
        self._keys = _KEYS.findall(text)
        self._lines = _KEYS.sub("", text)
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self._imported = False

    def __enter__(self) -> Self:
        """Make the folder; its path is short, for gpg has sockets in such a one."""
        self._folder = tempfile.TemporaryDirectory(prefix="slk-", ignore_cleanup_errors=True)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, wrong: BaseException | None, where: TracebackType | None
    ) -> None:
        """Remove it."""
        if self._folder is not None:
            self._folder.cleanup()
            self._folder = None

    def verify(self, text: bytes, signature: str, who: str, namespace: str) -> Verdict:
        """Return whether `signature` is one of `text` by `who`, a mail address. Raises Undecided."""
        if len(signature) > _LARGEST_SIGNATURE:
            return Verdict(reason="its signature is too large")
        if signature.startswith("-----BEGIN SSH SIGNATURE-----"):
            return self._ssh(text, signature, who, namespace)
        if signature.startswith("-----BEGIN PGP SIGNATURE-----"):
            return self._openpgp(text, signature, who)
        return Verdict(reason="its signature is neither one of SSH nor of OpenPGP")

    def _place(self) -> Path:
        if self._folder is None:
            message = "signers are used in `with`"
            raise RuntimeError(message)
        return Path(self._folder.name)

    def _ssh(self, text: bytes, signature: str, who: str, namespace: str) -> Verdict:
        place = self._place()
        allowed, made = place / "signers", place / "signature"
        allowed.write_text(self._lines, encoding="utf-8")
        made.write_text(signature, encoding="utf-8")
        ask = ["-Y", "verify", "-f", str(allowed), "-I", who, "-n", namespace, "-s", str(made)]
        done = _run("ssh-keygen", ask, text)
        key = _SSH_KEY.search(done.stdout.decode("utf-8", "replace"))
        if done.status or key is None:
            return Verdict(reason=f"its SSH signature is not one of {who} as the signers file has it")
        return Verdict(key[1])

    def _openpgp(self, text: bytes, signature: str, who: str) -> Verdict:
        if not self._keys:
            return Verdict(reason="its signature is one of OpenPGP, and the signers file has no such key")
        made = self._place() / "signature.asc"
        made.write_text(signature, encoding="utf-8")
        done = self._gpg(["--status-fd", "1", "--verify", str(made), "-"], text)
        said = [
            line.split(" ")[1:]
            for line in done.stdout.decode("utf-8", "replace").splitlines()
            if line.startswith("[GNUPG:] ")
        ]
        words = [each[0] for each in said]
        valid = [each for each in said if each[0] == "VALIDSIG"]
        if done.status or _BAD_WORDS & set(words) or words.count("GOODSIG") != 1 or len(valid) != 1:
            return Verdict(reason="its OpenPGP signature is not one of a key in the signers file")
        key = valid[0][-1]
        if who.casefold() not in self._mails(key):
            return Verdict(reason=f"its OpenPGP key is not one of {who}")
        return Verdict(key)

    def _mails(self, key: str) -> frozenset[str]:
        """Return the mail addresses of a key that were not taken back."""
        listed = self._gpg(["--with-colons", "--list-keys", key], b"").stdout.decode("utf-8", "replace")
        found = set()
        for line in listed.splitlines():
            fields = line.split(":")
            if fields[0] == "uid" and len(fields) >= _UID_FIELDS and fields[1] not in {"r", "e", "i"}:
                mail = _MAIL.search(fields[9].replace("\\x3a", ":"))
                if mail:
                    found.add((mail[1] or mail[2]).casefold())
        return frozenset(found)

    def _gpg(self, arguments: Sequence[str], stdin: bytes) -> process.Completed:
        home = self._place() / "g"
        if not self._imported:
            home.mkdir(mode=0o700)
            keys = "\n".join(self._keys).encode()
            if _run("gpg", [*_ALONE, "--homedir", str(home), "--import"], keys).status:
                message = "the OpenPGP keys of the signers file cannot be read"
                raise Undecided(message, hint="Export them again: gpg --armor --export MAIL.")
            self._imported = True
        return _run("gpg", [*_ALONE, "--homedir", str(home), *arguments], stdin)


def _run(name: str, arguments: Sequence[str], stdin: bytes) -> process.Completed:
    program = shutil.which(name)
    if program is None:
        message = f"there is no {name} program, so signatures cannot be verified"
        raise Undecided(message, hint=f"Install {'OpenSSH' if name == 'ssh-keygen' else 'GnuPG'}.")
    environment = {"PATH": os.environ.get("PATH", ""), "LC_ALL": "C"}
    try:
        return process.run(
            [program, *arguments], environment=environment, stdin=stdin, timeout_seconds=_TIMEOUT_SECONDS
        )
    except process.TimedOut:
        message = f"{name} took more than {_TIMEOUT_SECONDS} s to verify a signature"
        raise Undecided(message) from None
