"""Which forge a remote is on, and where its token comes from."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from sealock.adapters.forge_token import Token, read_token, usual_token
from sealock.adapters.forges import ForgePlace, place
from sealock.domain.settings import ForgeSettings, TokenSource
from sealock.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://github.com/acme/platform.git", ("github", "https://api.github.com", "acme/platform")),
        ("git@github.com:acme/platform", ("github", "https://api.github.com", "acme/platform")),
        (
            "ssh://git@ssh.github.com:443/acme/platform.git",
            ("github", "https://api.github.com", "acme/platform"),
        ),
        ("https://acme.ghe.com/acme/p", ("github", "https://api.acme.ghe.com", "acme/p")),
        ("git@gitlab.com:acme/a/b.git", ("gitlab", "https://gitlab.com/api/v4", "acme/a/b")),
        ("https://gitlab.acme.dev/acme/p.git", ("gitlab", "https://gitlab.acme.dev/api/v4", "acme/p")),
        ("https://me:pw@codeberg.org/acme/p", ("forgejo", "https://codeberg.org/api/v1", "acme/p")),
    ],
)
def test_the_remotes_url_says_where_the_forge_is(url: str, expected: tuple[str, str, str]) -> None:
    assert place(None, url) == expected


@pytest.mark.parametrize(
    "url", ["https://git.acme.dev/acme/p", "/srv/git/p.git", "", "https://notgithub.com/a/b"]
)
def test_an_unknown_host_has_to_be_configured(url: str) -> None:
    with pytest.raises(UsageError, match="which forge") as wrong:
        place(None, url)
    assert "promotion: {forge: {kind: gitlab, url:" in wrong.value.hint


@pytest.mark.parametrize(
    ("kind", "url"),
    [
        ("github", "https://git.acme.dev/api/v3"),
        ("gitlab", "https://git.acme.dev/api/v4"),
        ("forgejo", "https://git.acme.dev/api/v1"),
    ],
)
def test_the_kind_alone_says_where_its_api_is(kind: str, url: str) -> None:
    found = place(ForgeSettings(kind), "git@git.acme.dev:acme/p.git")  # type: ignore[arg-type]
    assert found == ForgePlace(kind, url, "acme/p")  # type: ignore[arg-type]


def test_what_is_configured_goes_before_the_url() -> None:
    settings = ForgeSettings("gitlab", "https://x.dev/gl/api/v4", "a/b")
    assert place(settings, "https://github.com/acme/p") == ("gitlab", "https://x.dev/gl/api/v4", "a/b")


@pytest.mark.parametrize("name", ["platform", "a/../b", "a/b\n"])
def test_what_is_no_repository_is_refused(name: str) -> None:
    with pytest.raises(UsageError, match="is no name of a repository"):
        place(ForgeSettings("github", "", name), "https://github.com/acme/p")


def header(token: Token) -> str:
    return token.header("Bearer")


def test_a_token_comes_from_a_variable(tmp_path: Path) -> None:
    found = read_token(TokenSource(env="T"), str(tmp_path), {"T": " s3cret\n"})
    assert (header(found), found.whence, repr(found)) == ("Bearer s3cret", "$T", "Token($T)")


def test_a_token_comes_from_a_file_of_the_repository(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("s3cret\n")
    assert header(read_token(TokenSource(file="token"), str(tmp_path), {})) == "Bearer s3cret"


def test_a_token_comes_from_a_command(tmp_path: Path) -> None:
    source = TokenSource(command=(sys.executable, "-c", "print('s3cret')"))
    assert header(read_token(source, str(tmp_path), {})) == "Bearer s3cret"


@pytest.mark.parametrize(
    ("source", "said"),
    [
        (TokenSource(env="T"), r"there is no token for the forge: \$T is not set"),
        (TokenSource(env="TWO"), r"\$TWO holds no token: one word was expected"),
        (
            TokenSource(file="none"),
            "the file none of the forge's token cannot be read: No such file or directory",
        ),
        (TokenSource(command=("no-such-program",)), "there is no program 'no-such-program'"),
        (TokenSource(command=("false",)), "ended with status 1"),
        (TokenSource(command=("true",)), "holds no token"),
    ],
)
def test_without_a_token_it_is_said_where_one_was_looked_for(
    tmp_path: Path, source: TokenSource, said: str
) -> None:
    with pytest.raises(UsageError, match=said) as wrong:
        read_token(source, str(tmp_path), {"TWO": "s3cret words"})
    assert "s3cret" not in wrong.value.message


def test_the_usual_variables_are_asked_in_order() -> None:
    names = ("GITHUB_TOKEN", "GH_TOKEN")
    assert usual_token(names, {"GH_TOKEN": "b"}).whence == "$GH_TOKEN"
    assert usual_token(names, {"GH_TOKEN": "b", "GITHUB_TOKEN": "a"}).whence == "$GITHUB_TOKEN"
    with pytest.raises(UsageError, match=r"\$GITHUB_TOKEN and \$GH_TOKEN"):
        usual_token(names, {})
