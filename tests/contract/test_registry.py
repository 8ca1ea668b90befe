"""What holds for every registry: the fake one, and the engine's view of a real one on loopback."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, NamedTuple, Protocol

import pytest
from pytest_socket import enable_socket
from testbed.registry import Credentials, OciRegistry, SigningKey
from tests.fakes.registry import MemoryRegistry

from sealock.adapters.engine_registry import EngineRegistry, open_registries
from sealock.errors import ConfigurationError, Undecided, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sealock.adapters.engine_pool import EnginePool
    from sealock.ports import Registry

pytestmark = [pytest.mark.engine, pytest.mark.timeout(180)]

PLATFORMS = ("linux/amd64", "linux/arm64")
ABSENT = f"sha256:{'0' * 64}"


class Filling(Protocol):
    """How a registry gets its content."""

    def image(self, repository: str, tag: str, content: str) -> str: ...

    def index(self, repository: str, tag: str) -> str: ...

    def sign(self, repository: str, digest: str, key: SigningKey) -> None: ...


class Place(NamedTuple):
    """A registry, a repository in it, and how to fill it."""

    registry: Registry
    repository: str
    fill: Filling


class _FillMemory:
    def __init__(self, memory: MemoryRegistry) -> None:
        self.memory = memory

    def image(self, repository: str, tag: str, content: str) -> str:
        digest = f"sha256:{content.encode().hex().rjust(64, '0')}"
        self.memory.push(repository, tag, digest)
        return digest

    def index(self, repository: str, tag: str) -> str:
        digest = f"sha256:{'1' * 64}"
        self.memory.push(repository, tag, digest, PLATFORMS)
        return digest

    def sign(self, repository: str, digest: str, key: SigningKey) -> None:
        self.memory.sign(repository, digest, key.public)


class _FillReal:
    def __init__(self, server: OciRegistry, *, bundles: bool) -> None:
        self.server = server
        self.bundles = bundles

    def image(self, repository: str, tag: str, content: str) -> str:
        return self.server.push_image(repository.partition("/")[2], tag, content)

    def index(self, repository: str, tag: str) -> str:
        return self.server.push_index(repository.partition("/")[2], tag, PLATFORMS)

    def sign(self, repository: str, digest: str, key: SigningKey) -> None:
        path = repository.partition("/")[2]
        if self.bundles:
            self.server.attest(path, digest, key)
        else:
            self.server.sign(path, digest, key)


@pytest.fixture(scope="module")
def server() -> Iterator[OciRegistry]:
    enable_socket()
    with OciRegistry() as running:
        yield running


@pytest.fixture(scope="module")
def pool() -> Iterator[EnginePool]:
    with open_registries() as running:
        yield running


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> tuple[SigningKey, SigningKey]:
    return SigningKey(tmp_path_factory.mktemp("ours")), SigningKey(tmp_path_factory.mktemp("theirs"))


@pytest.fixture(params=["fake", "real", "real with bundles"])
def place(
    request: pytest.FixtureRequest, server: OciRegistry, pool: EnginePool, tmp_path: Path
) -> Iterator[Place]:
    enable_socket()
    if request.param == "fake":
        memory = MemoryRegistry()
        yield Place(memory, "registry.example/acme/api", _FillMemory(memory))
        return
    environment = {"HOME": str(tmp_path), "DOCKER_CONFIG": str(tmp_path)}
    repository = f"{server.host}/acme/{tmp_path.name.strip('_').lower()}"
    fill = _FillReal(server, bundles=request.param == "real with bundles")
    yield Place(EngineRegistry(pool, environment), repository, fill)


def test_a_tag_is_the_digest_of_its_manifest(place: Place) -> None:
    digest = place.fill.image(place.repository, "1.4", "one")
    found = place.registry.resolve(f"{place.repository}:1.4")
    assert (found.digest, found.platforms) == (digest, ())
    assert found.media_type == "application/vnd.oci.image.manifest.v1+json"


def test_a_tag_of_many_platforms_is_the_digest_of_the_index(place: Place) -> None:
    digest = place.fill.index(place.repository, "1.4")
    found = place.registry.resolve(f"{place.repository}:1.4")
    assert (found.digest, found.platforms) == (digest, PLATFORMS)
    assert found.media_type == "application/vnd.oci.image.index.v1+json"


def test_a_tag_that_moved_is_its_new_digest(place: Place) -> None:
    place.fill.image(place.repository, "1.4", "one")
    digest = place.fill.image(place.repository, "1.4", "two")
    assert place.registry.resolve(f"{place.repository}:1.4").digest == digest


def test_a_digest_is_found_with_and_without_a_tag_beside_it(place: Place) -> None:
    digest = place.fill.image(place.repository, "1.4", "one")
    assert place.registry.resolve(f"{place.repository}@{digest}").digest == digest
    assert place.registry.resolve(f"{place.repository}:0.1@{digest}").digest == digest


@pytest.mark.parametrize("what", [":1.5", f"@{ABSENT}"])
def test_no_such_image_is_the_callers_fault(place: Place, what: str) -> None:
    place.fill.image(place.repository, "1.4", "one")
    with pytest.raises(UsageError, match="the registry has no image"):
        place.registry.resolve(f"{place.repository}{what}")


def test_what_is_no_image_is_the_callers_fault(place: Place) -> None:
    with pytest.raises(UsageError):
        place.registry.resolve(f"{place.repository}@sha256:12")


def test_an_image_is_signed_by_the_key_that_signed_it(
    place: Place, keys: tuple[SigningKey, SigningKey]
) -> None:
    digest = place.fill.image(place.repository, "1.4", "one")
    place.fill.sign(place.repository, digest, keys[0])
    ours = place.registry.signed(f"{place.repository}@{digest}", keys[0].public)
    theirs = place.registry.signed(f"{place.repository}@{digest}", keys[1].public)
    assert ours.verdict == "pass"
    assert [each.kind for each in ours.evidence] == ["signature"]
    assert (theirs.verdict, theirs.evidence) == ("refuse", ())
    assert "by another key" in theirs.message


def test_a_signature_of_one_image_is_none_of_another(
    place: Place, keys: tuple[SigningKey, SigningKey]
) -> None:
    one, two = (place.fill.image(place.repository, tag, tag) for tag in ("one", "two"))
    place.fill.sign(place.repository, one, keys[0])
    assert place.registry.signed(f"{place.repository}@{two}", keys[0].public).verdict == "refuse"


def test_an_image_without_signature_is_refused(place: Place, keys: tuple[SigningKey, SigningKey]) -> None:
    digest = place.fill.image(place.repository, "1.4", "one")
    found = place.registry.signed(f"{place.repository}@{digest}", keys[0].public)
    assert (found.verdict, found.message) == ("refuse", "the registry has no signature of it")


def test_a_registry_that_is_down_leaves_it_open(
    pool: EnginePool, tmp_path: Path, keys: tuple[SigningKey, SigningKey]
) -> None:
    registry = EngineRegistry(pool, {"HOME": str(tmp_path)})
    with pytest.raises(Undecided, match=r"the registry of 127\.0\.0\.1:1/a/b:1 cannot be asked"):
        registry.resolve("127.0.0.1:1/a/b:1")
    assert registry.signed(f"127.0.0.1:1/a/b@{ABSENT}", keys[0].public).verdict == "unknown"


def test_what_is_no_public_key_is_a_fault_of_the_configuration(pool: EnginePool, tmp_path: Path) -> None:
    registry = EngineRegistry(pool, {"HOME": str(tmp_path)})
    with pytest.raises(ConfigurationError, match="the public key cannot be used: it is no PEM file"):
        registry.signed(f"127.0.0.1:1/a/b@{ABSENT}", "ssh-ed25519 AAAA")


@pytest.mark.parametrize(("password", "lets"), [("seven", True), ("eight", False)])
def test_dockers_credential_helpers_are_asked(tmp_path: Path, password: str, lets: bool) -> None:  # noqa: FBT001
    enable_socket()
    helper = tmp_path / "docker-credential-test"
    answer = json.dumps({"ServerURL": "x", "Username": "robot", "Secret": password})
    helper.write_text(f"#!/bin/sh\necho '{answer}'\n")
    helper.chmod(0o755)
    (tmp_path / "config.json").write_text('{"credsStore": "test"}')
    environment = {"HOME": str(tmp_path), "DOCKER_CONFIG": str(tmp_path), "PATH": f"{tmp_path}:/usr/bin:/bin"}
    with OciRegistry(Credentials("robot", "seven")) as server, open_registries() as engines:
        digest = server.push_image("acme/api", "1.4")
        registry = EngineRegistry(engines, environment)
        if lets:
            assert registry.resolve(f"{server.host}/acme/api:1.4").digest == digest
            return
        with pytest.raises(Undecided, match="does not let us read") as wrong:
            registry.resolve(f"{server.host}/acme/api:1.4")
    assert password not in f"{wrong.value.message} {wrong.value.hint}"
