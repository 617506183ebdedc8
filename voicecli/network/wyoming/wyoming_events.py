"""Events of the Wyoming protocol <-> bytes: a line of JSON, then JSON data, then bytes such as sound.

The format is that of the README of the package `wyoming`, 1.x. That package reads as many bytes as the other
side announces; here an event that is too large is refused before it is read.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from voicecli.network.sse import Json, parsed

if TYPE_CHECKING:
    from asyncio import StreamReader
    from collections.abc import Mapping

MOST_LINE = 1 << 16
"""Bytes of the first line: what readers of other programs take. Give it to `asyncio` as the limit."""
MOST_DATA = 1 << 20
"""Bytes of an event's JSON data: the longest known, lists of voices, have a tenth of it."""
MOST_PAYLOAD = 1 << 20
"""Bytes of an event's sound: 30 s at 16 kHz. Programs send 20 to 100 ms at a time."""

VERSION = "1.10.2"
"""Of the package whose events these are."""

RATES_HZ = (4000, 192_000)
"""Lowest and highest sample rate that is accepted."""
MOST_CHANNELS = 2
BYTES_A_SAMPLE = 2


class NoEventError(ValueError):
    """What came is no event; the message says what it is instead, without what is in it."""


@dataclass(frozen=True, slots=True)
class WyomingEvent:
    """One event."""

    kind: str
    """Its `type`: `audio-chunk`."""
    data: Mapping[str, Json] = field(default_factory=dict)
    payload: bytes = b""


@dataclass(frozen=True, slots=True)
class SoundForm:
    """How the samples of a payload are to be read: 16 bits, little endian, channels interleaved."""

    rate_hz: int
    channels: int

    @classmethod
    def of(cls, event: WyomingEvent) -> SoundForm:
        """The form that an `audio-start` or `audio-chunk` tells. Raises NoEventError for any other."""
        rate_hz, width, channels = (event.data.get(name) for name in ("rate", "width", "channels"))
        if not isinstance(rate_hz, int) or not RATES_HZ[0] <= rate_hz <= RATES_HZ[1]:
            raise NoEventError("sound without a usable rate")
        if width != BYTES_A_SAMPLE:
            raise NoEventError("sound that has not 16 bits a sample")
        if not isinstance(channels, int) or not 1 <= channels <= MOST_CHANNELS:
            raise NoEventError("sound that has not one channel or two")
        return cls(rate_hz, channels)

    @property
    def data(self) -> dict[str, Json]:
        """As events tell it."""
        return {"rate": self.rate_hz, "width": BYTES_A_SAMPLE, "channels": self.channels}

    @property
    def bytes_a_second(self) -> int:
        """How many bytes a second of it has."""
        return self.rate_hz * self.channels * BYTES_A_SAMPLE


def to_bytes(event: WyomingEvent) -> bytes:
    """The event as it is sent."""
    head: dict[str, Json] = {"type": event.kind, "version": VERSION}
    data = json.dumps(event.data, ensure_ascii=False).encode(errors="replace") if event.data else b""
    if data:
        head["data_length"] = len(data)
    if event.payload:
        head["payload_length"] = len(event.payload)
    return json.dumps(head).encode() + b"\n" + data + event.payload


async def read_event(reader: StreamReader) -> WyomingEvent | None:
    """The next event; None where the other side has closed.

    Raises NoEventError, and what the reader raises.
    """
    try:
        line = await reader.readline()
    except ValueError:
        raise NoEventError("a line without an end") from None
    if not line:
        return None
    head = parsed(line.decode(errors="replace"))
    if not isinstance(head, dict) or not isinstance(kind := head.get("type"), str):
        raise NoEventError("a line that is no event")
    data = head.get("data") or {}
    if more := await _read(reader, head.get("data_length"), MOST_DATA):
        told = parsed(more.decode(errors="replace"))
        if not isinstance(told, dict) or not isinstance(data, dict):
            raise NoEventError("an event whose data is no JSON object")
        data = {**data, **told}
    if not isinstance(data, dict):
        raise NoEventError("an event whose data is no JSON object")
    return WyomingEvent(kind, data, await _read(reader, head.get("payload_length"), MOST_PAYLOAD))


async def _read(reader: StreamReader, length: Json, most: int) -> bytes:
    if length is None:
        return b""
    if not isinstance(length, int) or not 0 <= length <= most:
        raise NoEventError(f"an event that announces more than {most:,} bytes, or no number of them")
    try:
        return await reader.readexactly(length)
    except EOFError:
        raise NoEventError("an event that breaks off") from None
