"""Both taps of a talk -> both sides of its recording, on one time line."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from voicecli.audio.channels import ChannelMixer
from voicecli.audio.level import to_float
from voicecli.records.track import Track

if TYPE_CHECKING:
    from voicecli.audio.tap import Tapped, TapReader
    from voicecli.messages import Float32

LATE_S = 0.4
"""A side whose sound is later than this, s, is silent until it comes: a device that is away must not hold up
the other side."""


class Sides:
    """The user and the agent, as float32 at `rate_hz`; sample k stands at `began_at + k / rate_hz` s."""

    def __init__(self, tapped: Tapped, rate_hz: int, channel: int) -> None:
        """`channel` of the microphone, from 1 on; 0: those with speech."""
        self._tapped = tapped
        self._rate_hz = rate_hz
        self._channel = channel
        self._readers = (tapped.heard.reader(), tapped.played.reader())
        self._sides: tuple[_Side, ...] = ()
        self.began_at: float | None = None
        """When the first sample met the air, s; None while there is no sound."""

    def pull(self) -> None:
        """Take what the devices have given."""
        if not self._sides:
            self._begin()
        for side in self._sides:
            side.pull()

    def _begin(self) -> None:
        heard, played = self._tapped.heard, self._tapped.played
        began_at = played.first_at if heard.first_at is None else heard.first_at
        if began_at is None:
            return
        self.began_at = began_at
        mixer = ChannelMixer(heard.rate_hz, heard.channels, min(self._channel, heard.channels))
        self._sides = (
            _Side(self._readers[0], Track(heard.rate_hz, self._rate_hz, began_at), mixer),
            _Side(self._readers[1], Track(played.rate_hz, self._rate_hz, began_at), None),
        )

    def sample_at(self, at: float) -> int:
        """Number of the sample that stands at time `at`; negative before the first."""
        return 0 if self.began_at is None else round((at - self.began_at) * self._rate_hz)

    def due(self, now: float) -> int:
        """The sample up to which both sides are there, or late."""
        if not self._sides:
            return 0
        return max(min(side.track.ready for side in self._sides), self.sample_at(now - LATE_S))

    def end(self) -> int:
        """No more sound comes; give the number of samples in all."""
        for side in self._sides:
            side.track.end_run()
        return max((side.track.ready for side in self._sides), default=0)

    def take(self, until: int) -> tuple[Float32, Float32]:
        """User and agent up to sample `until`, as far as they were not taken yet."""
        if not self._sides:
            return np.zeros(0, np.float32), np.zeros(0, np.float32)
        user, agent = (side.track.take(until) for side in self._sides)
        return user, agent

    def skip(self, until: int) -> None:
        """Throw away what comes before sample `until` and was not taken yet."""
        for side in self._sides:
            side.track.skip(until)


@dataclass(slots=True)
class _Side:
    """A device's sound on its way into the recording."""

    reader: TapReader
    track: Track
    mixer: ChannelMixer | None
    """None: there is one channel."""

    def pull(self) -> None:
        for block in self.reader.read():
            one = self.mixer.push(block.samples) if self.mixer else to_float(block.samples[:, 0])
            self.track.push(np.clip(one, -1.0, 1.0), block.at, block.position, after_loss=block.after_loss)
