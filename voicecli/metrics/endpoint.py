"""A page of HTTP for programs that look in: GET only, one request at a time, on a thread of its own.

Promises: the port is taken, or refused, when it is made. A client that is slow, or silent, delays only other
clients, by `PATIENCE_S` for each thing that it fails to send or take.
Relies on: `answer` is quick, and may be called by another thread.
"""

from __future__ import annotations

import os
import socket
import socketserver
import threading
from contextlib import suppress
from dataclasses import dataclass
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from typing import TYPE_CHECKING

from voicecli.errors import ConfigError
from voicecli.threads.worker import Worker

if TYPE_CHECKING:
    from collections.abc import Callable

PATIENCE_S = 2.0
"""s that a client may be silent. A choice: those who look in are near, and come again."""

LOOK_S = 0.1
"""s between two looks whether the endpoint is to close."""


@dataclass(frozen=True, slots=True)
class HttpAnswer:
    """What a client gets."""

    status: int
    content_type: str
    body: bytes


NOT_FOUND = HttpAnswer(HTTPStatus.NOT_FOUND, "text/plain", b"there are /metrics and /health\n")


class Endpoint:
    """Open from the beginning until `close`; it answers from `start` on."""

    def __init__(self, host: str, port: int, answer: Callable[[str], HttpAnswer | None]) -> None:
        """`port` 0: any that is free. `answer` gets a path; None: there is nothing. Raises ConfigError."""
        try:
            self._server = _Server(host, port, answer)
        except OSError as error:
            why = error.strerror or type(error).__name__
            raise ConfigError(
                f"port {port} of {host} cannot be opened for --metrics-port ({why})",
                "give it another number, or end the program that has it",
            ) from error
        self.address = (host, int(self._server.server_address[1]))
        """Host as it was given, and the port in use."""
        self._server.timeout = LOOK_S
        self._stop = threading.Event()
        self._worker = Worker("metrics page", self._serve, lambda: None)

    def start(self) -> None:
        """Begin to answer."""
        self._worker.start()

    def close(self) -> None:
        """Answer no more, and give the port back; wait for a request under way, but not for long."""
        self._stop.set()
        self._worker.join(3 * LOOK_S)
        self._server.server_close()

    def _serve(self) -> None:
        while not self._stop.is_set():
            self._server.handle_request()


class _Server(socketserver.TCPServer):
    # Elsewhere than on Windows this only allows a port whose last connection has just ended.
    allow_reuse_address = os.name == "posix"

    def __init__(self, host: str, port: int, answer: Callable[[str], HttpAnswer | None]) -> None:
        self.address_family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self.answer = answer
        super().__init__((host, port), _Request)

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that goes away is no fault, and nothing may be printed into a view."""


class _Request(BaseHTTPRequestHandler):
    timeout = PATIENCE_S
    server_version, sys_version = "voicecli", ""
    server: _Server

    def do_GET(self) -> None:
        self._answer(with_body=True)

    def do_HEAD(self) -> None:
        self._answer(with_body=False)

    def _answer(self, *, with_body: bool) -> None:
        try:
            answer = self.server.answer(self.path.partition("?")[0]) or NOT_FOUND
        except Exception as error:  # noqa: BLE001  # a page that fails is no reason to end a talk, or to be silent
            words = f"the page failed: {type(error).__name__}\n"
            answer = HttpAnswer(HTTPStatus.INTERNAL_SERVER_ERROR, "text/plain", words.encode())
        with suppress(ConnectionError):
            self.send_response(answer.status)
            self.send_header("Content-Type", answer.content_type)
            self.send_header("Content-Length", str(len(answer.body)))
            self.send_header("Cache-Control", "no-store")
            self.end_headers()
            if with_body:
                self.wfile.write(answer.body)

    def log_message(self, *_: object) -> None:
        """Nothing is printed: the view has the terminal."""
