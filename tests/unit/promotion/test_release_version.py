"""Versions that follow, and the names of tags."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from semver import Version

from sealock.domain.release_version import TagPattern, next_version, parse
from sealock.errors import UsageError

VERSIONS = st.builds(
    Version, *[st.integers(0, 30)] * 3, st.sampled_from(["", "rc.1", "alpha"]).map(lambda x: x or None)
)
MESSAGES = st.lists(
    st.sampled_from(["feat: a", "fix: b", "feat!: c", "chore: d", "e", "x\n\nBREAKING CHANGE: f"])
)


@given(VERSIONS, MESSAGES)
def test_the_next_version_is_a_later_release(last: Version, messages: list[str]) -> None:
    found = next_version(last, messages).version
    assert found > last
    assert (found.prerelease, found.build) == (None, None)


@given(VERSIONS, MESSAGES)
def test_the_order_of_commits_does_not_matter(last: Version, messages: list[str]) -> None:
    assert next_version(last, messages).version == next_version(last, messages[::-1]).version


@pytest.mark.parametrize(
    ("last", "message", "version"),
    [
        ("1.2.3", "feat: x", "1.3.0"),
        ("1.2.3", "Feat(api): x", "1.3.0"),
        ("1.2.3", "feat(api)!: x", "2.0.0"),
        ("1.2.3", "feat x", "1.2.4"),
        ("1.2.3", "x\n\nBREAKING-CHANGE: y", "2.0.0"),
        ("1.2.3", "x\n\nno BREAKING CHANGE: y", "1.2.4"),
        ("0.2.3", "feat!: x", "0.3.0"),
        ("2.0.0-rc.1", "fix: x", "2.0.0"),
    ],
)
def test_what_a_commit_asks_for(last: str, message: str, version: str) -> None:
    assert str(next_version(Version.parse(last), [message]).version) == version


@given(VERSIONS, st.sampled_from(["ledger", "a.b", "x-1"]))
def test_a_name_is_read_as_it_was_written(version: Version, service: str) -> None:
    pattern = TagPattern("{service}/v{version}", service)
    assert pattern.version(pattern.name(version)) == version


def test_a_tag_of_another_service_is_none_of_ours() -> None:
    pattern = TagPattern("{service}/v{version}", "a.b")
    tags = ("axb/v1.0.0", "x/a.b/v1.0.0", "a.b/v1.0", "a.b/vv1.0.0", "a.b/v1.0.0/x", "a.b/v1.0.0\n")
    assert [each for each in tags if pattern.version(each)] == []


@pytest.mark.parametrize(
    "text", ["", "1", "1.2", "1.2.3.4", "v1.2.3", "01.2.3", "1.2.3-", "1.2.3\n", "1.2.٣"]
)
def test_what_is_no_version_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match=r"is no version as of semver\.org"):
        parse(text)
