"""OpenPGP signatures that gpg itself accepts with a warning, or by several keys: none of them counts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.fakes.signing_people import gpg_home, run

from sealock.adapters.signatures import Signers, Verdict
from sealock.errors import Undecided

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

TEXT = b"what is approved"
NOT_OURS = Verdict(reason="its OpenPGP signature is not one of a key in the signers file")
LONG_AGO = ("--faked-system-time", "20200101T000000!")


class Gpg:
    def __init__(self, home: Path) -> None:
        self.home = home

    def run(self, *arguments: str) -> str:
        quiet = (
            "gpg",
            "--batch",
            "--no-tty",
            "--quiet",
            "--yes",
            "--passphrase",
            "",
            "--pinentry-mode",
            "loopback",
        )
        return run(*quiet, *arguments, GNUPGHOME=str(self.home))

    def key(self, mail: str, *options: str, lasting: str = "never") -> str:
        """Make a key and return its public half."""
        self.run(*options, "--quick-generate-key", f"P <{mail}>", "ed25519", "sign", lasting)
        return self.run("--armor", "--export", mail)

    def sign(self, *mails: str, options: tuple[str, ...] = ()) -> str:
        place = self.home / "text"
        place.write_bytes(TEXT)
        by = [word for mail in mails for word in ("--local-user", mail)]
        self.run(*options, "--armor", "--output", str(self.home / "made"), *by, "--detach-sign", str(place))
        return (self.home / "made").read_text()


@pytest.fixture
def gpg() -> Iterator[Gpg]:
    with gpg_home() as home:
        yield Gpg(home)


def verify(signers: str, signature: str, who: str = "cyd@x.org", text: bytes = TEXT) -> Verdict:
    with Signers(signers) as known:
        return known.verify(text, signature, who, "sealock-approval")


def test_a_good_signature_names_its_key(gpg: Gpg) -> None:
    signers = gpg.key("cyd@x.org")
    found = verify(signers, gpg.sign("cyd@x.org"))
    assert (len(found.key), found.reason) == (40, "")
    assert verify(signers, gpg.sign("cyd@x.org"), text=b"something else") == NOT_OURS


def test_one_by_a_key_that_has_expired_does_not_count(gpg: Gpg) -> None:
    signers = gpg.key("cyd@x.org", *LONG_AGO, lasting="1d")
    assert verify(signers, gpg.sign("cyd@x.org", options=LONG_AGO)) == NOT_OURS


def test_one_by_a_key_that_was_revoked_does_not_count(gpg: Gpg) -> None:
    gpg.key("cyd@x.org")
    signature = gpg.sign("cyd@x.org")
    (certificate,) = (gpg.home / "openpgp-revocs.d").iterdir()
    armed = gpg.home / "revocation"
    armed.write_text(certificate.read_text().replace(":-----BEGIN", "-----BEGIN"))
    gpg.run("--import", str(armed))
    assert verify(gpg.run("--armor", "--export", "cyd@x.org"), signature) == NOT_OURS


def test_two_signatures_in_one_are_nobodys(gpg: Gpg) -> None:
    signers = gpg.key("cyd@x.org") + gpg.key("dan@x.org")
    assert verify(signers, gpg.sign("cyd@x.org", "dan@x.org")) == NOT_OURS


def test_what_is_no_signature_does_not_count(gpg: Gpg) -> None:
    signers = gpg.key("cyd@x.org")
    armour = "-----BEGIN PGP SIGNATURE-----\n\nAAAA\n-----END PGP SIGNATURE-----\n"
    assert verify(signers, armour) == NOT_OURS
    assert verify(signers, "LGTM").reason == "its signature is neither one of SSH nor of OpenPGP"
    assert verify(signers, "x" * 200_000).reason == "its signature is too large"


def test_signers_that_hold_no_usable_key_are_undecided(gpg: Gpg) -> None:
    gpg.key("cyd@x.org")
    broken = "-----BEGIN PGP PUBLIC KEY BLOCK-----\n\nAAAA\n-----END PGP PUBLIC KEY BLOCK-----\n"
    with pytest.raises(Undecided, match="the OpenPGP keys of the signers file cannot be read"):
        verify(broken, gpg.sign("cyd@x.org"))
