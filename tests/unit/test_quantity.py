from decimal import Decimal

import pytest

from sealock.domain.quantity import amount


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2", 2),
        ("500m", Decimal("0.5")),
        (".5", Decimal("0.5")),
        ("1.5Gi", 1536 * 1024**2),
        ("1k", 1000),
        ("1Ki", 1024),
        ("2e3", 2000),
        ("1E", 10**18),
        ("1Ei", 2**60),
    ],
)
def test_a_quantity_is_read_as_kubernetes_reads_it(text: str, expected: Decimal) -> None:
    assert amount(text) == expected


@pytest.mark.parametrize("text", ["", "-1", "1KB", "1 Gi", "m", "1e", "1e3Gi", "٣"])
def test_what_is_no_quantity_has_no_amount(text: str) -> None:
    assert amount(text) is None
