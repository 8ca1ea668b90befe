"""People with keys of their own, made on the fly by the real programs, and clones of one bare repository."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

_SECONDS = 60


def run(*command: str, folder: Path | None = None, **variables: str) -> str:
    done = subprocess.run(
        command,
        cwd=folder,
        env=os.environ | {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"} | variables,
        check=True,
        capture_output=True,
        text=True,
        timeout=_SECONDS,
    )
    return done.stdout


def needs(program: str) -> None:
    """Skip the test where the program is missing."""
    if shutil.which(program) is None:
        pytest.skip(f"there is no {program} on this machine")


class Person(NamedTuple):
    """Somebody with a clone; `signer` is their entry of a signers file."""

    mail: str
    clone: Path
    signer: str
    home: Path


class Team:
    """A bare repository, and people who work on it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.bare = folder / "remote.git"
        run("git", "init", "-q", "--bare", "-b", "main", str(self.bare))

    def by_ssh(self, mail: str, key: Path | None = None, principal: str = "") -> Person:
        """Return a person with an SSH key, a new one unless told."""
        needs("ssh-keygen")
        home = self._home(mail)
        key = key or new_ssh_key(home)
        clone = self._clone(mail, home)
        for name, value in (("gpg.format", "ssh"), ("user.signingKey", f"{key}.pub")):
            run("git", "config", name, value, folder=clone)
        public = " ".join(Path(f"{key}.pub").read_text().split()[:2])
        return Person(mail, clone, f"{principal or mail} {public}\n", home)

    def by_gpg(self, mail: str, home: Path) -> Person:
        """Return a person with an OpenPGP key in the gpg home folder `home`."""
        make = ("gpg", "--batch", "--passphrase", "", "--quick-generate-key")
        run(*make, f"P <{mail}>", "ed25519", "sign", "1d", GNUPGHOME=str(home))
        public = run("gpg", "--armor", "--export", mail, GNUPGHOME=str(home))
        clone = self._clone(mail, home)
        # Git's own way to say which gpg: no variable of this process has to change.
        program = home / "gpg-of-home"
        program.write_text(f'#!/bin/sh\nexec env GNUPGHOME="{home}" gpg --batch --no-tty "$@"\n')
        program.chmod(0o700)
        for name, value in (("gpg.program", str(program)), ("user.signingKey", mail)):
            run("git", "config", name, value, folder=clone)
        return Person(mail, clone, public, home)

    def _home(self, mail: str) -> Path:
        home = self.folder / "homes" / mail
        home.mkdir(parents=True)
        return home

    def _clone(self, mail: str, home: Path) -> Path:
        clone = self.folder / "clones" / mail / home.name
        run("git", "clone", "-q", str(self.bare), str(clone))
        for name, value in (("user.name", mail.partition("@")[0]), ("user.email", mail)):
            run("git", "config", name, value, folder=clone)
        return clone


def new_ssh_key(folder: Path) -> Path:
    key = folder / "key"
    run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "", "-f", str(key))
    return key


@contextmanager
def gpg_home() -> Iterator[Path]:
    """Give a home folder for gpg with a path short enough for its sockets; its agent ends with it."""
    needs("gpg")
    home = Path(tempfile.mkdtemp(prefix="g-", dir="/tmp"))
    try:
        yield home
    finally:
        subprocess.run(["gpgconf", "--homedir", str(home), "--kill", "all"], check=False, capture_output=True)
        shutil.rmtree(home, ignore_errors=True)
