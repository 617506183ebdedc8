"""A Wyoming server for tests: reads and writes the protocol in its own few lines, and does as it is told."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import BinaryIO

from tests.raw_server import WAIT_S

Event = tuple[str, dict[str, object], bytes]
Answer = Callable[[list[Event]], Iterable[bytes]]
"""All events of a connection so far, after each -> what is sent now."""


def line(
    kind: str, data: Mapping[str, object] | None = None, payload: bytes = b"", *, inline: bool = False
) -> bytes:
    """An event; with its data in the first line, as older servers have it, or behind it."""
    head: dict[str, object] = {"type": kind}
    packed = b""
    if data and inline:
        head["data"] = dict(data)
    elif data:
        packed = json.dumps(dict(data)).encode()
        head["data_length"] = len(packed)
    if payload:
        head["payload_length"] = len(payload)
    return json.dumps(head).encode() + b"\n" + packed + payload


def read(file: BinaryIO) -> Event | None:
    """The next event; None at the end."""
    if not (first := file.readline()):
        return None
    head = json.loads(first)
    data = head.get("data", {})
    if length := head.get("data_length"):
        data.update(json.loads(file.read(length)))
    return head["type"], data, file.read(head.get("payload_length", 0))


@dataclass
class WyomingFake:
    """What it was sent, connection after connection."""

    url: str
    sent: list[list[Event]] = field(default_factory=list)


@contextmanager
def wyoming(answer: Answer) -> Iterator[WyomingFake]:
    """Serve until the block is over."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        fake = WyomingFake(f"tcp://127.0.0.1:{listener.getsockname()[1]}")
        thread = threading.Thread(target=_serve, args=(listener, fake, answer))
        thread.start()
        try:
            yield fake
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            thread.join()


def _serve(listener: socket.socket, fake: WyomingFake, answer: Answer) -> None:
    while True:
        try:
            connection, _ = listener.accept()
        except OSError:
            return
        connection.settimeout(WAIT_S)
        events: list[Event] = []
        fake.sent.append(events)
        with connection, connection.makefile("rb") as file, suppress(OSError, ValueError):
            _converse(connection, file, events, answer)


def _converse(connection: socket.socket, file: BinaryIO, events: list[Event], answer: Answer) -> None:
    while (event := read(file)) is not None:
        events.append(event)
        for packet in answer(events):
            if packet == CLOSE:
                return
            connection.sendall(packet)


CLOSE = b"\0close"
"""In place of a packet: closes the connection."""
