"""A server of OpenAI's endpoints for sound that answers with given bytes, and keeps what it was asked."""

from __future__ import annotations

import re
import socket
import struct
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

import numpy as np

from tests.raw_server import MODELS, WAIT_S, status

RATE_HZ = 22_050
"""Of what it says: not the rate of the talk."""
WORDS = "How many legs has a spider?"


LISTED = status("200 OK", MODELS)


@dataclass(frozen=True)
class AskedFor:
    """One request."""

    path: str
    head: bytes
    body: bytes
    number: int
    """From 1."""


Answers = Callable[[AskedFor], Iterable[bytes]]
"""A request -> the whole answer, in packets."""


@dataclass
class SoundServer:
    """What it was asked; where it is."""

    url: str
    asked: list[AskedFor] = field(default_factory=list)
    """Without the questions for its models."""


def heard(text: str = WORDS, **more: object) -> list[bytes]:
    """The ordinary answer to speech."""
    return status("200 OK", {"text": text, **more})


def wav(samples: np.ndarray, rate_hz: int = RATE_HZ, bits: int = 16, channels: int = 1) -> bytes:
    """A WAV whose header does not know its length."""
    frame = channels * bits // 8
    form = struct.pack("<IHHIIHH", 16, 1, channels, rate_hz, rate_hz * frame, frame, bits)
    unknown = b"\xff" * 4
    return b"RIFF" + unknown + b"WAVEfmt " + form + b"data" + unknown + samples.astype("<i2").tobytes()


def hum(seconds: float, rate_hz: int = RATE_HZ) -> np.ndarray:
    """Something that can be heard."""
    at = np.arange(round(seconds * rate_hz)) / rate_hz
    return (9000 * np.sin(2 * np.pi * 440 * at)).astype("<i2")


SOUND_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: audio/wav\r\nConnection: close\r\n\r\n"


def said(seconds: float = 0.5, rate_hz: int = RATE_HZ) -> list[bytes]:
    """The ordinary answer to a text, in two packets."""
    data = wav(hum(seconds, rate_hz), rate_hz)
    return [SOUND_HEAD + data[:2000], data[2000:]]


@contextmanager
def sounding(answers: Answers, port: int = 0, models: Sequence[bytes] = LISTED) -> Iterator[SoundServer]:
    """Answer requests by `answers`, and the question for models with `models`, until the block is over."""
    with socket.create_server(("127.0.0.1", port)) as listener:
        server = SoundServer(f"http://127.0.0.1:{listener.getsockname()[1]}/v1")
        thread = threading.Thread(target=_serve, args=(listener, server, answers, models))
        thread.start()
        try:
            yield server
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            thread.join()


def _serve(listener: socket.socket, server: SoundServer, answers: Answers, models: Sequence[bytes]) -> None:
    while True:
        try:
            connection, _ = listener.accept()
        except OSError:
            return
        connection.settimeout(WAIT_S)
        with connection, suppress(OSError):
            for packet in _answer(connection, server, answers, models):
                connection.sendall(packet)
            connection.shutdown(socket.SHUT_WR)
            while connection.recv(65536):
                pass


def _answer(
    connection: socket.socket, server: SoundServer, answers: Answers, models: Sequence[bytes]
) -> Iterable[bytes]:
    data = b""
    while b"\r\n\r\n" not in data:
        piece = connection.recv(65536)
        if not piece:
            return []
        data += piece
    head, body = data.split(b"\r\n\r\n", 1)
    if head.startswith(b"GET"):
        return models
    length = re.search(rb"(?i)content-length: *(\d+)", head)
    while length and len(body) < int(length[1]):
        body += connection.recv(65536)
    path = head.split(b" ")[1].decode()
    asked = AskedFor(path, head, body, len(server.asked) + 1)
    server.asked.append(asked)
    return answers(asked)
