"""How one repository's URL may be written."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sealock.domain.repository_url import declared_in, same_form, spellings

_NAMES = st.from_regex(r"[a-z][a-z0-9.-]{0,8}[a-z0-9]", fullmatch=True)


@given(
    _NAMES, _NAMES, _NAMES, st.sampled_from(["https://{}/{}/{}.git", "git@{}:{}/{}", "ssh://git@{}:22/{}/{}"])
)
def test_every_spelling_names_the_same_repository(host: str, owner: str, name: str, form: str) -> None:
    url = form.format(host, owner, name)
    found = spellings(url)
    assert {same_form(url)} == {same_form(each) for each in found}
    assert url in found


def test_https_and_ssh_are_both_spelled() -> None:
    assert spellings("github.com/acme/x") == (
        "github.com/acme/x",
        "https://github.com/acme/x",
        "http://github.com/acme/x",
        "ssh://git@github.com/acme/x",
        "git@github.com:acme/x",
    )


@pytest.mark.parametrize("url", ["", "x", "/srv/git/x.git"])
def test_what_has_no_host_is_spelled_as_it_is(url: str) -> None:
    assert spellings(url) == (url,)


@pytest.mark.parametrize(
    ("catalog", "url"),
    [
        ("repository: https://a/b.git\nservices: {}\n", "https://a/b.git"),
        ("# c\nrepository: 'https://a/b'  # here\n", "https://a/b"),
        ("services:\n  a: {repository: https://a/b}\n", ""),
        ("", ""),
    ],
)
def test_the_catalog_declares_the_url_at_its_top(catalog: str, url: str) -> None:
    assert declared_in(catalog) == url
