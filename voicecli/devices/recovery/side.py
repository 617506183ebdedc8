"""One direction of a talk: which device is wanted there, which one is open, and when to look for another."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from voicecli.audio.streams import Notice
from voicecli.devices.choose import MOVES_STREAMS, Choice
from voicecli.devices.portaudio import NOUN, Device, DeviceStream
from voicecli.devices.recovery.adapt import fit_input, fit_output
from voicecli.devices.recovery.latency import Following
from voicecli.errors import DeviceError

if TYPE_CHECKING:
    from collections.abc import Callable

    from voicecli.audio.streams import OnInput, OnOutput, StreamFormat
    from voicecli.config import AudioConfig
    from voicecli.devices.recovery.mover import Moves

LOOK_S, FOLLOW_S = 1.0, 3.0
"""Seconds between two questions to the scout: whether an absent device is back; and whether there is a new
default device, if no sound server moves streams to that."""

SHUN_S, LONGEST_SHUN_S = 1.0, 60.0
"""Seconds for which this program does not try a device that is there but does not work: the first time, and
at most. Each time doubles it."""


class Side:
    """The microphone's side, or the loudspeaker's."""

    def __init__(
        self,
        found: tuple[Choice, Device],
        rate_hz: int,
        audio: AudioConfig,
        moves: Callable[[Callable[[], None]], Moves],
    ) -> None:
        """`moves` begins to call again and again what converts the sound of another device."""
        self.choice, self.device = found
        self.noun = NOUN[self.choice.kind]
        self._audio = audio
        self._moves = moves
        self.mover: Moves | None = None
        """What converts the sound of the open device, where it does not take `form`."""
        self.following = self._fresh_latency()
        """Which latency the open device should have."""
        self.xruns = 0
        """How often the device lost sound because this program was late; the audio thread counts."""
        self.stream = self._agreed(self.device, rate_hz)
        self.form = self.stream.form
        """Rate and channels of the first device. The rest of the program keeps them, whichever device is
        open."""
        self.shunned_until = 0.0
        self._shun_s = SHUN_S

    def _fresh_latency(self) -> Following:
        return Following(self._audio.latency_ms, self._audio.max_latency_ms)

    def _agreed(self, device: Device, rate_hz: int) -> DeviceStream:
        asked_ms = self.following.asked_ms
        return DeviceStream(self.choice.kind, device, rate_hz, self._audio.block_ms, asked_ms)

    def begin(self, callback: OnInput | OnOutput, now: float) -> None:
        """Open `stream`, and convert between its form and `form`. Raises DeviceError."""
        fit = fit_input if self.choice.kind == "input" else fit_output
        fitted = fit(callback, self.stream.form, self.form)
        self.stream.start(fitted.callback)
        self.mover = self._moves(fitted.move) if fitted.move is not None else None
        self.following.opened(now)

    def close(self) -> None:
        """Close `stream`, however long that takes."""
        self.stream.close()
        mover, self.mover = self.mover, None
        if mover is not None:
            mover.close()

    def look(self, now: float) -> None:
        """Note the losses so far, a few times a second. Raises what converting the sound failed with."""
        if self.mover is not None and self.mover.failure is not None:
            raise self.mover.failure
        self.following.see(self.xruns, now)

    def follow(self, now: float) -> Notice | None:
        """Take the step of latency that is due; give a notice where it is one up. The caller opens anew."""
        before_ms = self.following.asked_ms
        self.following.step(now)
        if (asked_ms := self.following.asked_ms) <= before_ms:
            return None
        return Notice(
            f"the {self.noun} {self.device.name!r} loses sound: talk asks it for {asked_ms} ms of latency "
            f"in place of {before_ms}, and adapts that from now on",
            "close what keeps the processor busy, or set audio.latency_ms",
        )

    def open(self, callback: OnInput | OnOutput, now: float) -> None:
        """Open the wanted device, or else the default one where settings allow that. Raises DeviceError."""
        candidates = self.choice.candidates(fallback=self._audio.fallback)
        if now < self.shunned_until:
            candidates.reverse()
        refusal = DeviceError(f"there is no {self.noun}", "plug one in")
        for device in candidates:
            if device.name != self.device.name:
                self.following = self._fresh_latency()  # another device, other habits
            try:
                self.stream = self._agreed(device, self.form.rate_hz)
                self.begin(callback, now)
            except DeviceError as error:
                refusal = error
                continue
            self.device, self.choice = device, self.choice.remembering(device)
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
        """A new `StreamFormat`: `form`, but with the name and the latencies of the device that is open."""
        now = self.stream.form
        return replace(
            self.form,
            name=self.device.name,
            latency_s=now.latency_s,
            reported_s=now.reported_s,
            stands_in=self.replaced,
        )

    def __str__(self) -> str:
        return f"{self.noun} {self.device.name!r}" + (
            f" in place of {self.choice.called!r}" if self.replaced else ""
        )
