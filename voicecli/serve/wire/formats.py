"""Sound on the wire: 16-bit PCM, at 24 kHz or as asked, or G.711 (mu-law, A-law) at 8 kHz <-> samples."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

import numpy as np

if TYPE_CHECKING:
    from voicecli.messages import Int16

Encoding: TypeAlias = Literal["audio/pcm", "audio/pcmu", "audio/pcma"]

RATES_HZ: dict[Encoding, int] = {"audio/pcm": 24_000, "audio/pcmu": 8_000, "audio/pcma": 8_000}
"""Samples a second of each: OpenAI's API allows no other rate."""

LEAST_HZ, MOST_HZ = 8_000, 48_000
"""Bounds of the rates that a client may ask for beyond that API."""


@dataclass(frozen=True, slots=True)
class WireRates:
    """Samples a second that a client asks for where its format is `audio/pcm`; None: those of the format."""

    input_hz: int | None = None
    output_hz: int | Literal["voice"] | None = None
    """voice: the rate of the agent's voice, so that nothing need be converted here."""

    def in_effect(self, hears: Encoding, speaks: Encoding, voice_hz: int) -> tuple[int, int]:
        """Rates of the client's microphone and loudspeaker, Hz. `voice_hz` is brought within the bounds."""
        output_hz = self.output_hz
        if isinstance(output_hz, str):
            output_hz = min(max(voice_hz, LEAST_HZ), MOST_HZ)
        return (
            self.input_hz if self.input_hz and hears == "audio/pcm" else RATES_HZ[hears],
            output_hz if output_hz and speaks == "audio/pcm" else RATES_HZ[speaks],
        )


AS_FORMATS = WireRates()
"""Nothing beyond the protocol."""


def decoded(text: str, encoding: Encoding) -> Int16:
    """(n,) int16 of base64 text. Raises ValueError for text that is not base64, or half a sample."""
    try:
        data = base64.b64decode(text, validate=True)
    except ValueError as error:  # not its alphabet, or not ASCII
        raise ValueError("audio is not base64") from error
    if encoding == "audio/pcm":
        if len(data) % 2:
            raise ValueError("audio ends in the middle of a sample")
        return np.frombuffer(data, "<i2").astype(np.int16)
    table = _MU_LAW if encoding == "audio/pcmu" else _A_LAW
    return table[np.frombuffer(data, np.uint8)]


def encoded(samples: Int16, encoding: Encoding) -> str:
    """Base64 text of (n,) int16."""
    if encoding == "audio/pcm":
        data = samples.astype("<i2").tobytes()
    else:
        codes, levels = _MU_CODES if encoding == "audio/pcmu" else _A_CODES
        data = codes[np.searchsorted(levels, samples)].tobytes()
    return base64.b64encode(data).decode("ascii")


def too_slow(encoding: Encoding, *, binary: bool) -> tuple[str, str]:
    """What is found where a network carries less than sound in this format needs, and what to do."""
    found = f"the network is too slow for {encoding} in {'binary frames' if binary else 'base64'}"
    less = ", or a format that needs less: audio/pcmu" if encoding == "audio/pcm" else ""
    return found, f"use a faster network{less}"


def _mu_law() -> Int16:
    """The sample of each byte: ITU-T G.711, table 2."""
    code = ~np.arange(256, dtype=np.int32) & 0xFF
    size = (((code & 0x0F) << 3) + 0x84 << (code >> 4 & 7)) - 0x84
    return np.where(code & 0x80, -size, size).astype(np.int16)


def _a_law() -> Int16:
    """The sample of each byte: ITU-T G.711, table 1."""
    code = np.arange(256, dtype=np.int32) ^ 0x55
    segment, step = code >> 4 & 7, (code & 0x0F) << 4
    size = np.where(segment == 0, step + 8, step + 0x108 << np.maximum(segment - 1, 0))
    return np.where(code & 0x80, size, -size).astype(np.int16)


def _codes(table: Int16) -> tuple[np.ndarray, np.ndarray]:
    """Bytes in the order of their samples, and the levels half-way between neighbours."""
    order = np.argsort(table, kind="stable")
    ordered = table[order].astype(np.int32)
    return order.astype(np.uint8), (ordered[:-1] + ordered[1:]) / 2


_MU_LAW, _A_LAW = _mu_law(), _a_law()
_MU_CODES, _A_CODES = _codes(_MU_LAW), _codes(_A_LAW)
