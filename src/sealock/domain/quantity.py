"""Kubernetes quantities (`500m`, `1.5Gi`)."""

from __future__ import annotations

import functools
import re
from decimal import Decimal

_QUANTITY = re.compile(r"([0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:([eE][-+]?[0-9]{1,2})|([numkMGTPE]|[KMGTPE]i)?)")
_DECIMAL = {"n": -9, "u": -6, "m": -3, "": 0, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18}
_BINARY = {"Ki": 1, "Mi": 2, "Gi": 3, "Ti": 4, "Pi": 5, "Ei": 6}


@functools.lru_cache(maxsize=1024)
def amount(text: str) -> Decimal | None:
    """Return the amount in cores or bytes, or None when `text` is no quantity without a sign.

    Source: Kubernetes API conventions, "Quantities".
    """
    match = _QUANTITY.fullmatch(text)
    if match is None:
        return None
    number, exponent, suffix = match[1], match[2], match[3] or ""
    if exponent:
        return Decimal(number + exponent)
    if suffix in _BINARY:
        return Decimal(number) * Decimal(1024) ** _BINARY[suffix]
    return Decimal(number).scaleb(_DECIMAL[suffix])
