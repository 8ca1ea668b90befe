"""Where an agent's tools may connect to: an allow-list of hosts and ports, and which addresses it opens.

An entry names a host (`pypi.org:443`), every host below a domain (`*.example.com:443`, at any depth, and not
`example.com` itself), or an address (`192.0.2.7:8443`, `[2001:db8::1]:443`). Nothing is looked up here.
"""

from __future__ import annotations

import re
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from typing import NamedTuple

import msgspec

HTTPS = 443
_LONGEST_NAME = 253
_LABEL = re.compile(r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?", re.ASCII)
_PORT = re.compile(r"[1-9][0-9]{0,4}", re.ASCII)
_MOST_PORT = 65_535
_WILDCARD = "*."
# Only names end in a label that no number has; `127.1` and `0x7f.1` are addresses to some resolvers.
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*", re.ASCII)
# A cloud gives its machines their identity at this address, although it is none of the private ones.
_METADATA = frozenset({IPv4Address("168.63.129.16")})
_TRANSLATED = IPv6Network("64:ff9b::/96")

Address = IPv4Address | IPv6Address


class Destination(NamedTuple):
    """A host, in lower case and without a last dot, and a port; an address as `ipaddress` writes it."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


class Attempt(msgspec.Struct, frozen=True):
    """One connection that a tool asked for; `reason` says why it was refused or cut, if it was.

    `address` is where it led. `sent` and `received` are bytes, as the tool sees them.
    """

    host: str
    port: int
    allowed: bool
    reason: str = ""
    address: str = ""
    sent: int = 0
    received: int = 0


class EgressReport(msgspec.Struct, frozen=True):
    """What tools asked of the network, in the order in which it ended; `unlisted` counts what is left out."""

    attempts: tuple[Attempt, ...] = ()
    unlisted: int = 0


class AllowList:
    """What may be connected to."""

    def __init__(self, entries: tuple[str, ...]) -> None:
        """Take entries as `sealock.yaml` has them. Raises ValueError for one that is none."""
        self._entries = tuple(map(entry, entries))
        self._literal = frozenset(
            (address, each.port) for each in self._entries if (address := address_of(each.host)) is not None
        )

    def names(self, asked: Destination) -> bool:
        """Say whether an entry names this host and port."""
        return any(each.port == asked.port and _covers(each.host, asked.host) for each in self._entries)

    def refusal(self, address: Address, port: int) -> str:
        """Return why an address that a named host leads to is not connected to; empty where it is."""
        if (address, port) in self._literal:
            return ""
        kind = _kept_from(address)
        return f"it leads to {address}, which is {kind}, and no entry names that address" if kind else ""


def entry(text: str) -> Destination:
    """Return what an entry of an allow-list names; the port is 443 where it says none. Raises ValueError."""
    wildcard = text.startswith(_WILDCARD)
    found = destination(text.removeprefix(_WILDCARD), HTTPS)
    if not wildcard:
        return found
    if address_of(found.host) is not None or "." not in found.host:
        message = "a wildcard stands for names below a domain, such as *.example.com"
        raise ValueError(message)
    return Destination(_WILDCARD + found.host, found.port)


def destination(text: str, default_port: int = 0) -> Destination:
    """Return the host and port that a text names. Raises ValueError, also without a port or a default."""
    host, port = _parted(text)
    if port and (not _PORT.fullmatch(port) or int(port) > _MOST_PORT):
        message = "a port is a number from 1 to 65535"
        raise ValueError(message)
    if not port and not default_port:
        message = "it has no port"
        raise ValueError(message)
    return Destination(_host(host), int(port or default_port))


def address_of(host: str) -> Address | None:
    """Return the address that a host is written as; None for a name."""
    try:
        return ip_address(host)
    except ValueError:
        return None


def _parted(text: str) -> tuple[str, str]:
    if text.startswith("["):
        host, closed, rest = text[1:].partition("]")
        if not closed or (rest and not rest.startswith(":")) or rest == ":" or ":" not in host:
            message = "an IPv6 address is written [2001:db8::1]:443"
            raise ValueError(message)
        return host, rest[1:]
    host, colon, port = text.partition(":")
    if ":" in port:
        message = "an IPv6 address is written [2001:db8::1]:443"
        raise ValueError(message)
    if colon and not port:
        message = "it has no port after the colon"
        raise ValueError(message)
    return host, port


def _host(text: str) -> str:
    host = text.lower().removesuffix(".")
    address = address_of(host)
    if address is not None and "%" not in host:
        return str(address)
    labels = host.split(".")
    if len(host) > _LONGEST_NAME or not all(map(_LABEL.fullmatch, labels)) or _NUMBER.fullmatch(labels[-1]):
        message = "it is neither a host's name nor an address"
        raise ValueError(message)
    return host


def _covers(allowed: str, host: str) -> bool:
    if allowed.startswith(_WILDCARD):
        return host.endswith(allowed[1:])
    return host == allowed


def _kept_from(address: Address) -> str:
    """Return what is special about an address; empty where anybody on the internet may have it."""
    if isinstance(address, IPv6Address) and (inner := _inner(address)) is not None:
        return _kept_from(inner)
    if address in _METADATA:
        return "a cloud's metadata"
    for kind, holds in (
        ("loopback", address.is_loopback),
        ("link-local, as a cloud's metadata are", address.is_link_local),
        ("multicast", address.is_multicast),
        ("private", address.is_private),
        ("not of the internet", not address.is_global or address.is_reserved),
    ):
        if holds:
            return kind
    return ""


def _inner(address: IPv6Address) -> IPv4Address | None:
    """Return the IPv4 address that an IPv6 address stands for, by whichever way it is carried."""
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    if address.sixtofour is not None:
        return address.sixtofour
    if address.teredo is not None:
        return address.teredo[1]
    return IPv4Address(int(address) & 0xFFFFFFFF) if address in _TRANSLATED else None
