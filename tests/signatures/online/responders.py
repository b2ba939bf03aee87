"""Web servers on loopback that do what a test tells them, and a world in which names lead where a test says."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from verify.signatures.online.fetch import OnlineRules


@dataclass(frozen=True)
class Request:
    method: str
    path: str
    host: str
    body: bytes


Answer = bytes | int | Callable[[BaseHTTPRequestHandler], None]


@dataclass
class Site:
    """`answers`: path → body, status, or what to do with the connection; a function of the request comes first."""

    port: int = 0
    answers: dict[str, Answer] = field(default_factory=dict)
    responder: Callable[[Request], Answer | None] = lambda _: None
    asked: list[Request] = field(default_factory=list)

    def url(self, path: str, host: str = "127.0.0.1") -> str:
        return f"http://{host}:{self.port}{path}"

    def rules(self, **others: object) -> OnlineRules:
        """Rules that let this site be reached."""
        given: dict[str, object] = {"allow": ("127.0.0.0/8",), "ports": (self.port,), "seconds": 20.0, **others}
        return OnlineRules(**given)  # type: ignore[arg-type]


@contextmanager
def site(answers: dict[str, Answer] | None = None, *, tls: Path | None = None) -> Iterator[Site]:
    """A server on 127.0.0.1 while the block runs. `tls`: PEM file of its key and certificate."""
    here = Site(answers=dict(answers or {}))

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self._serve(b"")

        def do_POST(self) -> None:
            self._serve(self.rfile.read(int(self.headers["Content-Length"])))

        def _serve(self, body: bytes) -> None:
            request = Request(self.command, self.path, self.headers["Host"], body)
            here.asked.append(request)
            answer = here.responder(request)
            if answer is None:
                answer = here.answers.get(self.path, 404)
            if callable(answer):
                answer(self)
                return
            data = b"" if isinstance(answer, int) else answer
            self.send_response(answer if isinstance(answer, int) else 200)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_: object) -> None:
            pass

    class Server(ThreadingHTTPServer):
        daemon_threads = False

        def handle_error(self, *_: object) -> None:
            pass  # a client that hung up is what some tests are about

    with Server(("127.0.0.1", 0), Handler) as server:
        here.port = server.server_address[1]
        if tls is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(tls)
            server.socket = context.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield here
        finally:
            server.shutdown()
            thread.join()


def redirect(url: str, status: int = 302) -> Answer:
    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        handler.send_header("Location", url)
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    return answer


def raw(*parts: bytes, pause: Callable[[], object] = lambda: None) -> Answer:
    """Bytes as they are, `pause` between them, then the end of the connection; a client that left ends it early."""

    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.close_connection = True
        for part in parts:
            try:
                handler.wfile.write(part)
                handler.wfile.flush()
            except OSError:
                return
            pause()

    return answer


@dataclass
class Names:
    """A resolver by table; a name with several entries gives them one call after the other, the last one for ever."""

    table: dict[str, Sequence[Sequence[str]]]
    asked: list[str] = field(default_factory=list)

    def __call__(self, host: str, port: int) -> Sequence[str]:
        turn = self.asked.count(host)
        self.asked.append(host)
        if host not in self.table:
            raise socket.gaierror(-2, "Name or service not known")
        given = self.table[host]
        return given[min(turn, len(given) - 1)]


@dataclass
class Cables:
    """Connections: whatever address is asked for, loopback answers, and the address is noted."""

    reached: list[tuple[str, int]] = field(default_factory=list)

    def __call__(self, address: str, port: int, seconds: float) -> socket.socket:
        self.reached.append((address, port))
        return socket.create_connection(("127.0.0.1", port), timeout=seconds)


def files(folder: Path) -> list[Path]:
    return sorted(folder.iterdir()) if folder.exists() else []
