"""Where a document may send us: which URLs, ports and addresses are within reach.

A document names its responders, and whoever wrote it may name whatever he likes: the router, the database next door,
the cloud's metadata service. So only addresses of the public internet are reached, unless the operator names others.
The lists are spelt out rather than asked of `ipaddress`, whose idea of "global" differs between Python's releases.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from urllib.parse import quote, urlsplit

from verify.core.errors import UsageError

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

USUAL_PORTS = (80, 443, 8080, 8443)
_LONGEST_URL = 2048

# IANA's special-purpose registry (RFC 6890 and later), multicast and reserved; each may be named by the operator.
_PRIVATE_V4 = tuple(
    map(
        IPv4Network,
        (
            "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12",
            "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24",
            "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4",
            "168.63.129.16/32",  # Azure's own services towards a machine, at a public address
        ),
    )
)  # fmt: skip
_GLOBAL_V6 = IPv6Network("2000::/3")
_PRIVATE_V6 = tuple(map(IPv6Network, ("2001::/23", "2001:db8::/32", "3fff::/20")))  # Teredo and ORCHID in the first
_NAT64 = IPv6Network("64:ff9b::/96")
_SIX_TO_FOUR = IPv6Network("2002::/16")
# A host's name vouches for private addresses, not for these: they must be named as networks.
_NEVER_BY_NAME: tuple[Network, ...] = (
    *map(IPv4Network, ("0.0.0.0/8", "169.254.0.0/16", "168.63.129.16/32", "100.100.100.200/32", "224.0.0.0/4")),
    *map(IPv6Network, ("::/128", "fe80::/10", "fd00:ec2::254/128", "ff00::/8")),
)
_HOST = re.compile(r"[a-z0-9_]([a-z0-9_-]{0,62})(\.[a-z0-9_]([a-z0-9_-]{0,62}))*\.?")
_NUMBER = re.compile(r"\d+|0x[0-9a-f]*")


class Refused(Exception):
    """Why something was not fetched: a code, and what it was about."""

    def __init__(self, code: str, detail: str | None = None) -> None:
        super().__init__(code)
        self.code = code
        self.detail = detail


@dataclass(frozen=True)
class Destination:
    """A URL taken apart. `host`: lower case, an IPv6 address without brackets; `target`: path and query as sent."""

    scheme: str
    host: str
    port: int
    target: str

    @property
    def authority(self) -> str:
        """The Host header (RFC 9110, 7.2)."""
        shown = f"[{self.host}]" if ":" in self.host else self.host
        return shown if self.port == {"http": 80, "https": 443}[self.scheme] else f"{shown}:{self.port}"


@dataclass(frozen=True)
class Reach:
    """What may be reached beyond the public internet: hosts and networks that the operator named, and ports."""

    hosts: frozenset[str]
    networks: tuple[Network, ...]
    ports: frozenset[int]

    @classmethod
    def of(cls, allow: Iterable[str], ports: Iterable[int] = USUAL_PORTS) -> Reach:
        """From the operator's words. Raises UsageError `network-allow-invalid` where one is neither host nor network."""
        hosts: set[str] = set()
        networks: list[Network] = []
        for entry in allow:
            word = entry.strip().lower()
            try:
                networks.append(ip_network(word.strip("[]"), strict=False))
                continue
            except ValueError:
                pass
            if not _HOST.fullmatch(word) or _numeric(word):
                raise UsageError(
                    "network-allow-invalid",
                    f"network_allow: {entry!r} is neither a host nor a network",
                    "Write a host without scheme and port, as pki.example, or a network, as 10.1.0.0/16.",
                )
            hosts.add(word.rstrip("."))
        return cls(frozenset(hosts), tuple(networks), frozenset(ports))

    def admits(self, address: str, host: str) -> bool:
        """Whether an address that `host` resolved to may be connected to."""
        ip: Address = ip_address(address.partition("%")[0])
        ip = (isinstance(ip, IPv6Address) and ip.ipv4_mapped) or ip
        if _within(ip, self.networks):
            return True
        if host.rstrip(".") in self.hosts and not _within(ip, _NEVER_BY_NAME):
            return True
        return public(ip)


def public(ip: Address) -> bool:
    """Whether an address is one of the public internet; one that carries an IPv4 address is judged by that."""
    if isinstance(ip, IPv4Address):
        return not _within(ip, _PRIVATE_V4)
    if ip in _NAT64:
        return public(IPv4Address(int(ip) & 0xFFFFFFFF))
    if ip in _SIX_TO_FOUR:
        return public(IPv4Address(int(ip) >> 80 & 0xFFFFFFFF))
    return ip in _GLOBAL_V6 and not _within(ip, _PRIVATE_V6)


def destination(url: str) -> Destination:
    """A URL out of a document, taken apart. Raises Refused: scheme, bad-url, credentials."""
    url = url.strip()
    scheme = url.partition(":")[0].lower()
    if scheme not in ("http", "https"):
        raise Refused("scheme", scheme[:20])
    # urlsplit drops tabs and line ends silently; a backslash is a slash to some and not to others.
    if len(url) > _LONGEST_URL or any(c <= " " or c in "\\\x7f" for c in url):
        raise Refused("bad-url")
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError as error:
        raise Refused("bad-url", str(error)[:100]) from error
    if "@" in parts.netloc:
        raise Refused("credentials")
    if not host or port == 0:
        raise Refused("bad-url")
    target = quote(parts.path or "/", safe="/%:@!$&'()*+,;=~") + (
        "?" + quote(parts.query, safe="/%:@!$&'()*+,;=~?") if parts.query else ""
    )
    return Destination(scheme, _host(host), port or (443 if scheme == "https" else 80), target)


def literal(host: str) -> str | None:
    """The address that a host is, where it is written as one; None where it is a name."""
    try:
        return str(ip_address(host))
    except ValueError:
        return None


def _host(host: str) -> str:
    if literal(host) is not None:
        if "%" in host:  # a zone names one of our own interfaces
            raise Refused("bad-url", "zone in an address")
        return str(ip_address(host))
    try:
        name = host if host.isascii() else host.encode("idna").decode("ascii")
    except UnicodeError as error:
        raise Refused("bad-url", "host name") from error
    name = name.lower()
    # 2130706433, 0x7f.1 and 0177.0.0.1 are 127.0.0.1 to resolvers: an address is written as one or not at all.
    if len(name) > 253 or not _HOST.fullmatch(name) or _numeric(name):
        raise Refused("bad-url", "host name")
    return name


def _numeric(name: str) -> bool:
    """Whether a name would be read as an IPv4 address: its last label is a number (WHATWG URL, ends in a number)."""
    return _NUMBER.fullmatch(name.rstrip(".").rpartition(".")[2]) is not None


def _within(ip: Address, networks: Iterable[Network]) -> bool:
    return any(ip.version == n.version and ip in n for n in networks)
