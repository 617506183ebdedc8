"""One direction of a talk: which device is wanted there, which one is open, and when to look for another."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from voicecli.devices.choose import MOVES_STREAMS, Choice
from voicecli.devices.portaudio import NOUN, Device, DeviceStream
from voicecli.errors import DeviceError

if TYPE_CHECKING:
    from collections.abc import Callable

    from voicecli.audio.streams import OnInput, OnOutput, StreamFormat
    from voicecli.config import AudioConfig

LOOK_S, FOLLOW_S = 1.0, 3.0
"""Seconds between two questions to the scout: whether an absent device is back; and whether there is a new
default device, if no sound server moves streams to that."""

SHUN_S, LONGEST_SHUN_S = 1.0, 60.0
"""Seconds for which this program does not try a device that is there but does not work: the first time, and
at most. Each time doubles it."""


class Side:
    """The microphone's side, or the loudspeaker's."""

    def __init__(self, found: tuple[Choice, Device], rate_hz: int, audio: AudioConfig) -> None:
        self.choice, self.device = found
        self.noun = NOUN[self.choice.kind]
        self._audio = audio
        self.stream = self._agreed(self.device, rate_hz)
        self.form = self.stream.form
        """Rate and channels of the first device. The rest of the program keeps them, whichever device is
        open."""
        self.shunned_until = 0.0
        self._shun_s = SHUN_S

    def _agreed(self, device: Device, rate_hz: int) -> DeviceStream:
        return DeviceStream(self.choice.kind, device, rate_hz, self._audio.block_ms, self._audio.latency_ms)

    def open(self, callback: Callable[[DeviceStream], OnInput | OnOutput], now: float) -> None:
        """Open the wanted device, or else the default one where the settings allow that.

        `callback` makes the callback for the stream that is opened. Raises DeviceError.
        """
        candidates = self.choice.candidates(fallback=self._audio.fallback)
        if now < self.shunned_until:
            candidates.reverse()
        refusal = DeviceError(f"there is no {self.noun}", "plug one in")
        for device in candidates:
            try:
                stream = self._agreed(device, self.form.rate_hz)
                stream.start(callback(stream))
            except DeviceError as error:
                refusal = error
                continue
            self.stream, self.device = stream, device
            self.choice = self.choice.remembering(device)
            return
        raise refusal

    def shun(self, now: float) -> None:
        """Do not try the wanted device for a while: it failed, or the scout found it and it did not open."""
        self.shunned_until = now + self._shun_s
        self._shun_s = min(LONGEST_SHUN_S, 2 * self._shun_s)

    def trust(self) -> None:
        """Note that the wanted device has worked: the next time it fails, the wait begins at `SHUN_S`."""
        self._shun_s = SHUN_S

    @property
    def away(self) -> bool:
        """Whether another device than the wanted one is open."""
        return not self.choice.is_met_by(self.device)

    def look_every_s(self, now: float) -> float | None:
        """How often the scout should look for this side's device; None when it need not."""
        if now < self.shunned_until:
            return None
        if self.choice.follows and self.device.host_api not in MOVES_STREAMS:
            return FOLLOW_S
        return LOOK_S if self.away else None

    @property
    def replaced(self) -> bool:
        """Whether the user named a device, and another one is open in its place."""
        return self.away and not self.choice.follows

    @property
    def opened(self) -> StreamFormat:
        """A new `StreamFormat`: `form`, but with name and latency of the device that is open."""
        told_s = self.stream.form.reported_s
        return replace(self.form, name=self.device.name, stands_in=self.replaced, reported_s=told_s)

    def __str__(self) -> str:
        return f"{self.noun} {self.device.name!r}" + (
            f" in place of {self.choice.called!r}" if self.replaced else ""
        )
