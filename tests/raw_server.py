"""A server that answers with given bytes, one connection after another, and keeps what it was asked."""

from __future__ import annotations

import json
import re
import socket
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

Request = dict[str, object]
Rule = Callable[[Request, int], Iterable[bytes]]
"""Body of the request, and its number from 1 -> the whole answer, in packets."""

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream; charset=utf-8\r\nConnection: close\r\n\r\n"
MODELS = b'{"object":"list","data":[{"id":"m","object":"model"}]}'
ANSWER = "The museum opens at ten and closes at six."


@dataclass
class RawServer:
    """What it was asked; where it is."""

    url: str
    asked: list[Request] = field(default_factory=list)
    """Bodies of the requests for a reply."""
    heads: list[bytes] = field(default_factory=list)


def chunk(delta: object, finish: object = None, **more: object) -> bytes:
    """One event of a stream."""
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    return b"data: " + json.dumps({"choices": [choice], **more}, ensure_ascii=False).encode() + b"\n\n"


def words(text: str, **more: object) -> list[bytes]:
    """A text as events, a word each."""
    return [chunk({"content": piece}, **more) for piece in re.findall(r"\S+\s*|\s+", text)]


WAIT_S = 20.0
"""Only ever reached by a test that fails."""
DONE = b"data: [DONE]\n\n"
STOP = chunk({}, "stop")


def stream(*events: bytes, head: bytes = HEAD) -> list[bytes]:
    """A whole answer in one packet."""
    return [head + b"".join(events)]


def said(text: str = ANSWER) -> list[bytes]:
    """The ordinary answer."""
    return stream(*words(text), STOP, DONE)


def status(line: str, body: object = b"", kind: str = "application/json", headers: str = "") -> list[bytes]:
    """An answer that is no stream: `line` is its number and name."""
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    head = f"HTTP/1.1 {line}\r\nContent-Type: {kind}\r\n{headers}Content-Length: {len(data)}\r\n\r\n"
    return [head.encode() + data]


def endless(*events: bytes, every_s: float = 0.0) -> Iterator[bytes]:
    """An answer that ends when the client leaves: its first packet once, the others again and again."""
    first, *others = events
    yield first
    pause = threading.Event()
    while True:
        for event in others:
            if every_s:
                pause.wait(every_s)
            yield event


def free_port() -> int:
    """A port of this computer where nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


@contextmanager
def serving(rule: Rule, port: int = 0) -> Iterator[RawServer]:
    """Answer requests for a reply by `rule`, until the block is over."""
    with socket.create_server(("127.0.0.1", port)) as listener:
        server = RawServer(f"http://127.0.0.1:{listener.getsockname()[1]}/v1")
        thread = threading.Thread(target=_serve, args=(listener, server, rule))
        thread.start()
        try:
            yield server
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            thread.join()


def _serve(listener: socket.socket, server: RawServer, rule: Rule) -> None:
    while True:
        try:
            connection, _ = listener.accept()
        except OSError:
            return
        connection.settimeout(WAIT_S)
        with connection, suppress(OSError):
            for packet in _answer(connection, server, rule):
                connection.sendall(packet)
            # The other side reads it all before the connection is gone, whatever is left unread here.
            connection.shutdown(socket.SHUT_WR)
            while connection.recv(65536):
                pass


def _answer(connection: socket.socket, server: RawServer, rule: Rule) -> Iterable[bytes]:
    data = b""
    while b"\r\n\r\n" not in data:
        piece = connection.recv(65536)
        if not piece:
            return []
        data += piece
    head, body = data.split(b"\r\n\r\n", 1)
    server.heads.append(head)
    if head.startswith(b"GET"):
        return status("200 OK", MODELS)
    length = re.search(rb"(?i)content-length: *(\d+)", head)
    while length and len(body) < int(length[1]):
        body += connection.recv(65536)
    request = json.loads(body)
    server.asked.append(request)
    return rule(request, len(server.asked))
