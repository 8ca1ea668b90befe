"""Image references and digests."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sealock.domain.image import Digest, ImageRef, InvalidImage, is_cut_off, refused_part

HEX = "9f" * 32
NAMES = st.from_regex(r"([a-z0-9]+(:[0-9]{2,4})?/)?[a-z0-9]+(/[a-z0-9]+)?", fullmatch=True).filter(
    lambda name: ":" not in name.rpartition("/")[2]
)
TAGS = st.from_regex(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,20}", fullmatch=True)


def test_a_colon_before_the_last_slash_is_a_port_and_not_a_tag() -> None:
    assert ImageRef("localhost:5000/api") == ImageRef.parse("localhost:5000/api")


def test_name_tag_and_digest_come_apart() -> None:
    expected = ImageRef("ghcr.io/acme/api", "1.4", Digest(f"sha256:{HEX}"))
    assert expected == ImageRef.parse(f"ghcr.io/acme/api:1.4@sha256:{HEX}")


@pytest.mark.parametrize("text", ["", ":1.4", "api:", "api@", "a b", "api@sha256:12", "api\n"])
def test_what_is_no_reference_is_refused_and_quoted(text: str) -> None:
    with pytest.raises(InvalidImage) as refusal:
        ImageRef.parse(text)
    assert repr(text.partition("@")[2] or text) in str(refusal.value)


@pytest.mark.parametrize(
    "text", [f"sha256:{HEX.upper()}", "sha256:" + "9" * 63, f"md5:{HEX}", f"sha256:{HEX}\n"]
)
def test_a_digest_of_another_shape_is_refused(text: str) -> None:
    with pytest.raises(InvalidImage):
        Digest.parse(text)


@given(name=NAMES, tag=st.none() | TAGS, pinned=st.booleans())
def test_a_reference_reads_back_as_it_was_written(*, name: str, tag: str | None, pinned: bool) -> None:
    reference = ImageRef(name, tag, Digest(f"sha256:{HEX}") if pinned else None)
    assert reference == ImageRef.parse(str(reference))


# What ParseImageName of k8s.io/kubernetes v1.36.3 says of each.
@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("nginx", ""),
        ("GHCR.io/acme/api:V1.4_2-RC.1", ""),
        ("Acme/api", ""),
        ("[fd00::1]:5000/api", ""),
        (f"api:1.4@sha256:{HEX}", ""),
        (f"api@sha384:{HEX}{HEX[:32]}", ""),
        ("ghcr.io/Acme/api", "capitals"),
        ("Api", "capitals"),
        ("https://ghcr.io/api", "name"),
        ("ghcr.io/a___b", "name"),
        ("ghcr.io//api", "name"),
        (HEX, "name"),
        ("a" * 256, "name"),
        ("api:", "tag"),
        ("api:-1", "tag"),
        (f"api:{'x' * 129}", "tag"),
        (f"api:sha256:{HEX}", "tag"),
        ("api@sha256:12", "digest"),
        (f"api@sha256:{HEX.upper()}", "digest"),
        (f"api@md5:{HEX}", "digest"),
    ],
)
def test_an_image_is_refused_for_the_part_that_the_kubelet_refuses(text: str, part: str) -> None:
    assert part == refused_part(text)


def test_a_digest_is_cut_off_only_when_its_length_is_wrong() -> None:
    assert is_cut_off("api@sha256:9f")
    assert not is_cut_off(f"api@sha256:{HEX}")
