"""The gate `signed`: what the registry says of each image's signature."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.fakes.gate_ports import DIGEST, OTHER_DIGEST, car, ports, question
from tests.fakes.registry import MemoryRegistry

from sealock.app.gates import ask
from sealock.domain.settings import Gate
from sealock.errors import ConfigurationError, SealockError, UsageError

if TYPE_CHECKING:
    from sealock.domain.promotion import GateResult
    from sealock.ports import Resolved, SignatureAnswer

GATE = Gate("signed", key="keys/cosign.pub")
FILES = {"keys/cosign.pub": "our key"}


class FailingRegistry:
    """Raises whatever it is asked."""

    def __init__(self, wrong: SealockError) -> None:
        self._wrong = wrong

    def resolve(self, image: str) -> Resolved:
        del image
        raise self._wrong

    def signed(self, image: str, key: str) -> SignatureAnswer:
        del image, key
        raise self._wrong


def asked(registry: MemoryRegistry) -> GateResult:
    (found,) = ask((GATE,), question(), ports(files=FILES, registry=registry))
    return found


def test_an_image_that_our_key_signed_passes_with_the_signature_as_evidence() -> None:
    registry = MemoryRegistry()
    registry.sign("registry.example/acme/ledger", DIGEST, "our key")
    found = asked(registry)
    assert (found.verdict, found.service) == ("pass", "ledger")
    assert [each.kind for each in found.evidence] == ["signature"]


def test_an_image_that_nobody_signed_is_refused_with_how_to_sign() -> None:
    found = asked(MemoryRegistry())
    assert found.verdict == "refuse"
    short = f"registry.example/acme/ledger@{DIGEST[:19]}"
    assert found.message == f"{short}: the registry has no signature of it"
    assert found.hint.startswith("Sign it")


def test_a_registry_that_is_down_leaves_it_open() -> None:
    registry = MemoryRegistry()
    registry.down = True
    assert asked(registry).verdict == "unknown"


def test_each_car_is_judged_by_its_own_images() -> None:
    registry = MemoryRegistry()
    registry.sign("registry.example/acme/ledger", DIGEST, "our key")
    cars = car(), car("payments", OTHER_DIGEST)
    found = ask((GATE,), question(*cars), ports(files=FILES, registry=registry))
    assert [(each.service, each.verdict) for each in found] == [("ledger", "pass"), ("payments", "refuse")]


def test_an_image_without_digest_leaves_it_open() -> None:
    (found,) = ask((GATE,), question(car(digest="")), ports(files=FILES))
    assert (found.verdict, "no digest" in found.message) == ("unknown", True)


def test_without_the_key_in_the_base_revision_it_is_unknown() -> None:
    (found,) = ask((GATE,), question(), ports())
    assert (found.verdict, found.message.partition(":")[0]) == ("unknown", "keys/cosign.pub")


@pytest.mark.parametrize("wrong", [ConfigurationError("it is no PEM file"), UsageError("it is no image")])
def test_a_question_that_cannot_be_asked_is_unknown(wrong: SealockError) -> None:
    asking = ports(files=FILES)._replace(registry=FailingRegistry(wrong))
    (found,) = ask((GATE,), question(), asking)
    assert found.verdict == "unknown"
    assert wrong.message in found.message
