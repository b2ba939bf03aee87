"""The only network below records: one small answer over HTTP, from a place that a document names.

Built on http.client rather than httpx or requests: those resolve the name themselves when they connect, so that a
name which gave a public address to the check may give a private one to the connection (DNS rebinding). Here the name
is resolved once a hop, every address is checked, and the connection goes to a checked address; the name remains for
the certificate (SNI) and the Host header. Proxies of the environment are not used: a proxy resolves the name again.

Time is bounded as a whole: a socket's own timeout begins anew with each byte, which a slow server can drip for hours.
"""

from __future__ import annotations

import http.client
import io
import queue
import socket
import ssl
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

from verify.core.document import digest
from verify.core.errors import UsageError
from verify.signatures.online.answers import Answers
from verify.signatures.online.destinations import USUAL_PORTS, Destination, Reach, Refused, destination, literal

_MOST_REDIRECTS = 5
_MOST_ADDRESSES = 4
_HEADERS = 64 << 10  # room for an answer's headers and chunk sizes beside its body
_CHUNK = 64 << 10
# After these a host is left alone for the rest of the document: twenty signatures would wait twenty times.
_HOPELESS = frozenset({"unresolvable", "unreachable", "too-slow", "tls"})


@dataclass(frozen=True)
class OnlineRules:
    """How far `--online` goes; the limits hold for each document. Frozen and picklable: it travels to the workers.

    `seconds`, `total_bytes`, `requests` are for a document; `request_seconds`, `answer_bytes` for one answer.
    `allow`: hosts and networks that may be reached though they are not public. `ca_file`: PEM of the authorities for
    https; None = the system's. `cache`: folder of kept answers; None = none is kept.
    """

    allow: tuple[str, ...] = ()
    ports: tuple[int, ...] = USUAL_PORTS
    seconds: float = 30.0
    request_seconds: float = 10.0
    requests: int = 60
    answer_bytes: int = 20 << 20
    total_bytes: int = 60 << 20
    cache: Path | None = None
    ca_file: Path | None = None

    def __post_init__(self) -> None:
        # A misspelt setting is said at once, not at the first responder.
        Reach.of(self.allow, self.ports)
        if self.ca_file is not None and not self.ca_file.is_file():
            raise UsageError(
                "ca-file-missing", f"{self.ca_file} is no file", "Name a PEM file of the authorities for https."
            )


@dataclass(frozen=True)
class Fetched:
    """An answer. `when`: the moment it came over the network; `cached`: it was kept from an earlier document."""

    url: str
    data: bytes
    sha256: str
    when: datetime
    cached: bool
    key: str


@dataclass(frozen=True)
class NotFetched:
    """Why there is no answer.

    Codes: scheme, bad-url, credentials, port, private-address, unresolvable, unreachable, tls, http-NNN,
    redirect-loop, too-many-redirects, too-large, too-slow, truncated, encoded, broken-answer; and for the document's
    own limits time-spent, requests-spent, size-spent.
    """

    url: str
    code: str
    detail: str | None = None


def _resolved(host: str, port: int) -> Sequence[str]:
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


def _connected(address: str, port: int, seconds: float) -> socket.socket:
    return socket.create_connection((address, port), timeout=seconds)


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True)
class World:
    """What is outside: names, connections and clocks. Tests put their own in its place.

    `resolve`: every address of a name, or OSError. `connect`: to an address, within seconds. `clock` only dates the
    kept answers; nothing is judged by it.
    """

    resolve: Callable[[str, int], Sequence[str]] = _resolved
    connect: Callable[[str, int, float], socket.socket] = _connected
    monotonic: Callable[[], float] = time.monotonic
    clock: Callable[[], datetime] = _now


class Fetcher:
    """Fetches for one document, within its limits. The same question is asked once."""

    def __init__(self, rules: OnlineRules, world: World | None = None) -> None:
        self.rules = rules
        self.world = world or World()
        self._reach = Reach.of(rules.allow, rules.ports)
        self._kept = Answers(rules.cache) if rules.cache is not None else None
        self._told: dict[str, Fetched | NotFetched] = {}
        self._hopeless: dict[tuple[str, int], str] = {}
        self._seconds = rules.seconds
        self._requests = rules.requests
        self._bytes = rules.total_bytes
        self._tls: ssl.SSLContext | None = None

    def fetch(self, url: str, *, body: bytes | None = None, type: str = "") -> Fetched | NotFetched:
        """GET, or POST of a body of a media type. Never raises: what goes wrong is a NotFetched."""
        key = digest(f"{'GET' if body is None else 'POST'}\n{url}\n{digest(body or b'')}".encode())
        if key not in self._told:
            self._told[key] = self._fetch(key, url, body, type)
        return self._told[key]

    def keep(self, answer: Fetched, until: datetime) -> None:
        """Keep an answer for later documents. For the caller to say, who knows whether it was of use."""
        if self._kept is not None and not answer.cached and until > answer.when:
            self._kept.put(answer.key, answer.url, answer.data, fetched=answer.when, until=until)

    def _fetch(self, key: str, url: str, body: bytes | None, type: str) -> Fetched | NotFetched:
        now = self.world.clock()
        kept = self._kept.get(key, now) if self._kept is not None else None
        if kept is not None:
            data, when = kept
            return Fetched(url, data, digest(data), when, True, key)
        start = self.world.monotonic()
        try:
            if self._seconds <= 0:
                raise Refused("time-spent")
            data = self._followed(url, body, type, start + min(self._seconds, self.rules.request_seconds))
        except Refused as refused:
            return NotFetched(url, refused.code, refused.detail)
        except Exception as error:  # an answer that http.client or ssl cannot make sense of
            return NotFetched(url, "broken-answer", f"{error.__class__.__name__}: {error}"[:200])
        finally:
            self._seconds -= self.world.monotonic() - start
        return Fetched(url, data, digest(data), now, False, key)

    def _followed(self, url: str, body: bytes | None, type: str, deadline: float) -> bytes:
        """The answer at the end of the redirects; each hop is checked as the first was."""
        seen: set[Destination] = set()
        for _ in range(_MOST_REDIRECTS + 1):
            place = destination(url)
            if place in seen:
                raise Refused("redirect-loop")
            seen.add(place)
            answer = self._asked(place, body, type, deadline)
            if isinstance(answer, bytes):
                return answer
            url = urljoin(url, answer.location)
            if answer.status == 303:  # RFC 9110, 15.4.4: see other, by GET; the others keep the method
                body = None
        raise Refused("too-many-redirects")

    def _asked(self, place: Destination, body: bytes | None, type: str, deadline: float) -> bytes | _Redirect:
        if place.port not in self._reach.ports:
            raise Refused("port", str(place.port))
        whom = (place.host, place.port)
        if whom in self._hopeless:
            raise Refused(self._hopeless[whom], "asked before")
        if self._requests <= 0:
            raise Refused("requests-spent")
        self._requests -= 1
        try:
            return self._exchanged(place, body, type, deadline)
        except Refused as refused:
            if refused.code in _HOPELESS:
                self._hopeless[whom] = refused.code
            raise

    def _exchanged(self, place: Destination, body: bytes | None, type: str, deadline: float) -> bytes | _Redirect:
        with self._connection(self._addresses(place, deadline), place, deadline) as plain:
            try:
                if place.scheme == "http":
                    return self._answer(plain, place, body, type, deadline)
                plain.settimeout(self._left(deadline))
                with self._secure().wrap_socket(plain, server_hostname=place.host.rstrip(".")) as secure:
                    return self._answer(secure, place, body, type, deadline)
            except TimeoutError as error:
                raise Refused("too-slow") from error
            except ssl.SSLError as error:
                raise Refused("tls", str(error)[:200]) from error
            except OSError as error:
                raise Refused("unreachable", str(error)[:200]) from error

    def _addresses(self, place: Destination, deadline: float) -> Sequence[str]:
        """Every address of the host, each checked: a name with one private address among public ones is refused."""
        known = literal(place.host)
        found = [known] if known is not None else self._lookup(place, deadline)
        if not found:
            raise Refused("unresolvable")
        if not all(self._reach.admits(address, place.host) for address in found):
            raise Refused("private-address")
        return found[:_MOST_ADDRESSES]

    def _lookup(self, place: Destination, deadline: float) -> Sequence[str]:
        """A name's addresses. The system's resolver knows no deadline, so it is asked from a thread that may be left."""
        told: queue.SimpleQueue[Sequence[str] | Exception] = queue.SimpleQueue()

        def ask() -> None:
            try:
                told.put(self.world.resolve(place.host, place.port))
            except Exception as error:  # gaierror, and UnicodeError for names that no resolver takes
                told.put(error)

        threading.Thread(target=ask, daemon=True).start()
        try:
            answer = told.get(timeout=self._left(deadline))
        except queue.Empty as error:
            raise Refused("too-slow") from error
        if isinstance(answer, Exception):
            raise Refused("unresolvable", str(answer)[:200]) from answer
        return answer

    def _connection(self, addresses: Sequence[str], place: Destination, deadline: float) -> socket.socket:
        last: OSError | None = None
        for number, address in enumerate(addresses):
            share = self._left(deadline) / (len(addresses) - number)  # a silent first address leaves time for the next
            try:
                return self.world.connect(address, place.port, share)
            except OSError as error:
                last = error
        raise Refused("too-slow" if isinstance(last, TimeoutError) else "unreachable", str(last)[:200]) from last

    def _answer(
        self, plain: socket.socket, place: Destination, body: bytes | None, type: str, deadline: float
    ) -> bytes | _Redirect:
        wire = _Wire(plain, lambda: self._left(deadline), min(self._bytes, self.rules.answer_bytes + _HEADERS))
        asked = http.client.HTTPConnection(place.host, place.port)
        asked.auto_open = 0
        asked.sock = _Ends(wire)
        headers = {"Host": place.authority, "User-Agent": "sigillum", "Accept": "*/*", "Connection": "close"}
        if body is not None:
            headers["Content-Type"] = type
        try:
            asked.request("GET" if body is None else "POST", place.target, body=body, headers=headers)
            with asked.getresponse() as response:
                location = response.headers.get("Location")
                if response.status in (301, 302, 303, 307, 308) and location:
                    return _Redirect(response.status, location)
                if response.status != 200:
                    raise Refused(f"http-{response.status}")
                return self._body(response)
        except _Full as full:
            raise Refused("size-spent" if self._bytes - wire.received <= 0 else "too-large") from full
        except http.client.HTTPException as error:
            raise Refused("broken-answer", f"{error.__class__.__name__}: {error}"[:200]) from error
        finally:
            self._bytes -= wire.received

    def _body(self, response: http.client.HTTPResponse) -> bytes:
        if response.headers.get("Content-Encoding", "identity").lower() != "identity":
            raise Refused("encoded")  # we said that we take none; unpacking would need limits of its own
        if response.length is not None and response.length > self.rules.answer_bytes:
            raise Refused("too-large")
        data = bytearray()
        while chunk := response.read(_CHUNK):
            data += chunk
            if len(data) > self.rules.answer_bytes:
                raise Refused("too-large")
        if response.length:
            raise Refused("truncated")
        return bytes(data)

    def _left(self, deadline: float) -> float:
        left = deadline - self.world.monotonic()
        if left <= 0:
            raise Refused("too-slow")
        return left

    def _secure(self) -> ssl.SSLContext:
        if self._tls is None:
            self._tls = ssl.create_default_context(cafile=self.rules.ca_file)
        return self._tls


@dataclass(frozen=True)
class _Redirect:
    status: int
    location: str


class _Full(Exception):
    """More came over the wire than may."""


class _Wire(io.RawIOBase):
    """What comes over a connection; each read has what is left of the time, and all reads together a bound."""

    def __init__(self, plain: socket.socket, left: Callable[[], float], most: int) -> None:
        super().__init__()
        self.plain = plain
        self.left = left
        self.most = most
        self.received = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        if self.received >= self.most:
            raise _Full
        self.plain.settimeout(self.left())
        count = self.plain.recv_into(memoryview(buffer)[: self.most - self.received])
        self.received += count
        return count


@dataclass(frozen=True)
class _Ends:
    """A connection as http.client wants it. It does not close what it did not open."""

    wire: _Wire

    def sendall(self, data: bytes) -> None:
        self.wire.plain.settimeout(self.wire.left())
        self.wire.plain.sendall(data)

    def makefile(self, *_: Any) -> io.BufferedReader:
        return io.BufferedReader(self.wire)

    def close(self) -> None:
        pass
