"""A real receiver of notifications: an HTTP server in a thread, which answers as it is told and keeps what it got."""

import json
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(frozen=True)
class Sent:
    """One request."""

    path: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def said(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.body)
        return found


@dataclass
class Receiver:
    """What was sent so far."""

    sent: list[Sent] = field(default_factory=list)
    port: int = 0
    answering: Callable[[Sent], int] = lambda _: 204
    """The status that a request is answered; it may wait before it says so."""
    arrived: threading.Event = field(default_factory=threading.Event)

    def told(self, recipient: str) -> list[dict[str, Any]]:
        """What was sent for somebody, in order."""
        system, value = recipient.split("|")
        return [sent.said for sent in self.sent if sent.said["recipient"] == {"system": system, "value": value}]


@contextmanager
def receiving(tls: ssl.SSLContext | None = None) -> Iterator[Receiver]:
    """Listen on a free port of the loopback until the block ends."""
    receiver = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            sent = Sent(self.path, dict(self.headers), body)
            receiver.sent.append(sent)
            receiver.arrived.set()
            status = receiver.answering(sent)
            self.send_response(status)
            if status == 302:
                self.send_header("Location", "/elsewhere")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def do_GET(self) -> None:
            self.do_POST()

        def log_message(self, *_: object) -> None:
            """Not into the output of the tests."""

    class Server(ThreadingHTTPServer):
        def handle_error(self, *_: object) -> None:
            """A client that does not trust the certificate, or was killed, hangs up."""

    with Server(("127.0.0.1", 0), Handler) as server:
        if tls is not None:
            server.socket = tls.wrap_socket(server.socket, server_side=True)
        receiver.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield receiver
        finally:
            server.shutdown()
            thread.join()
