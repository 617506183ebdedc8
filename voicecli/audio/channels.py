"""Mixes all channels to the one that is listened to: (n, channels) samples -> (n,) float32, block by block.

It does what an automatic microphone mixer does in a conference room, in blocks of 20 ms. A channel is open
while its sound is well above its own noise, and for 0.4 s after that. When no channel is open, the output
keeps the last ones, so that the room does not fall silent. Of channels that carry the same sound the mixer
takes only one: two of opposite polarity would cancel. It adds channels that carry different voices. Why so:
docs/decisions/0013.

    channel 1   ..........AAAAA...........      opens, closes
    channel 2   ~~~~~~~~~~~~~~~~~~~~~~~~~~      hiss, hum: never above its own noise floor, so never open
    channel 3   ..........aaaaa....BBBBB..      A's voice again: left out; then B's: added
    out         ..........AAAAA....BBBBB..

The mixer adds no latency: it computes the weights for a block from that block itself. Within the block it
fades from the old weights to the new ones.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from voicecli.audio.level import FULL_SCALE
from voicecli.errors import DeviceError

if TYPE_CHECKING:
    from voicecli.audio.streams import StreamFormat
    from voicecli.messages import Float32, Int16

AUTO = 0
"""In place of a channel number (these count from 1): the mixer chooses the channel."""

MOST_CHANNELS = 32
"""This program opens a microphone with at most this many channels. No sound server offers more."""

BLOCK_S = 0.02
"""Length of a block, in seconds: the mixer makes one decision for each block."""

BAND_HZ = 2000
"""The mixer judges a channel by its sound below this frequency, where voices are strong, and above mains hum
(about 100 Hz)."""

OPENS = 4.0
"""A channel opens when its power in a block is this many times its noise floor (6 dB). Noise alone does not
reach this, faint speech does."""

HANGOVER_BLOCKS = 20
"""Blocks for which a channel stays open: 0.4 s, longer than the pauses between words."""

FLOOR_RISE = 1.023
"""How fast the noise floor may rise: by this factor in each block, 5 dB a second. Speech has pauses, so the
floor does not rise far while somebody speaks."""

LOWEST_FLOOR = 1e-10
"""Power, -100 dBFS. Digital silence would have a noise floor of 0."""

MEMORY = 0.9
"""Weight of the old value when a block updates the running averages of power and covariance. They reach back
about 0.2 s."""

SAME_SOUND = 0.6
"""Correlation above which two channels count as carrying one sound."""

KEEPS = 4.0
"""Factor on the merit of a channel that is in use (6 dB of power). A channel with the same sound replaces it
only if it is clearly better."""

FAINTEST = 1e-4
"""Power relative to the loudest channel (-40 dB) below which a channel does not count: it is crosstalk."""

CLOSES = 0.25
"""When the weight of a channel must become smaller, each block moves it by this share of the difference. When
it must become larger, one block does all of it."""

PRIMED_S = 2.0
"""Seconds at the beginning of a recording from which the mixer learns the noise floors before it mixes."""


class ChannelMixer:
    """The mixer of one stream at one rate. A `channel` from 1 on is heard alone; with `AUTO` it chooses."""

    def __init__(self, rate_hz: int, channels: int, channel: int = AUTO) -> None:
        if not 0 <= channel <= channels:
            raise ValueError(f"there are {channels} channels, {channel} is none of them")
        self.channels = channels
        self._fixed = channel - 1 if channel else 0 if channels == 1 else None
        self._block = max(1, round(rate_hz * BLOCK_S))
        self._step = max(1, rate_hz // (2 * BAND_HZ))
        self._smooth = np.zeros(channels)  # smoothed power, which the noise floor follows
        self._floor = np.full(channels, LOWEST_FLOOR)
        self._active = np.zeros(channels)  # power above the floor
        self._loud = np.zeros(channels, np.bool_)  # whether it was loud in the block before
        self._open = np.zeros(channels, np.int64)  # blocks for which it stays open
        self._shared = np.zeros((channels, channels))  # covariance
        self._kept = np.zeros(channels, np.bool_)
        self._weights = np.zeros(channels)
        self._begun = False

    def prime(self, samples: Float32) -> None:
        """Learn from (n, channels) that will be pushed next: noise floors, and the channel to begin with."""
        if self._fixed is not None or len(samples) < self._block:
            return
        bands = self.bands_of(samples)
        powers = np.einsum("kmc,kmc->kc", bands, bands) / bands.shape[1]
        quiet = np.quantile(powers, 0.1, axis=0)
        self._begin(quiet, np.quantile(powers, 0.9, axis=0))

    def push(self, samples: Float32 | Int16, *, hold: bool = False) -> Float32:
        """Mix (n, channels) to (n,) float32. Where the mixer adds channels, the sum may leave [-1, 1].

        With `hold` no channel opens or closes. The caller sets it while the agent itself sounds.
        """
        if self._fixed is not None:
            return _floats(samples[:, self._fixed])
        if not len(samples):
            return np.zeros(0, np.float32)
        if self.at_rest and not samples.any():  # the code below would give the same, but costs CPU time
            return np.zeros(len(samples), np.float32)
        if not hold and (copy := _only_copies(samples)) is not None:
            self._weights[:] = 0.0
            self._weights[copy] = 1.0
            return _floats(samples[:, copy])
        bands = self.bands_of(samples)
        powers = np.einsum("kmc,kmc->kc", bands, bands) / bands.shape[1]
        track = [self._weights]
        for power, band in zip(powers, bands, strict=True):
            self._follow(power)
            if not hold:
                self._weights = self._reweighted(power, band)
            track.append(self._weights)
        length = len(samples) // len(bands)
        parts, begin = [], 0
        for index in range(1, len(track)):
            last = index == len(track) - 1
            # Blocks in which nothing changes are mixed as one.
            if last or track[index + 1] is not track[index] or track[index] is not track[index - 1]:
                end = len(samples) if last else index * length
                parts.append(_mixed(samples[begin:end], track[index - 1], track[index]))
                begin = end
        return np.concatenate(parts)

    @property
    def at_rest(self) -> bool:
        """Whether digital silence has lasted so long that more of it changes nothing."""
        return self._begun and not self._open.any() and bool((self._floor == LOWEST_FLOOR).all())

    def bands_of(self, samples: Float32 | Int16) -> np.ndarray:
        """(n, channels) -> (blocks, m, channels) at about twice `BAND_HZ` samples a second, without hum."""
        blocks = max(1, round(len(samples) / self._block))
        length = len(samples) // blocks
        step = min(self._step, length)
        whole = length // step * step
        cut = samples[: blocks * length].reshape(blocks, length, -1)[:, :whole]
        kind = np.int32 if samples.dtype == np.int16 else np.float32
        lower = cut.reshape(blocks, whole // step, step, -1).sum(axis=2, dtype=kind).astype(np.float32)
        lower /= step * (FULL_SCALE if samples.dtype == np.int16 else 1.0)
        return np.diff(lower, axis=1) if whole > step else lower

    def _begin(self, quiet: np.ndarray, loud: np.ndarray) -> None:
        """Take the first powers, (channels,). Until a channel opens, the one with the best merit is heard."""
        self._smooth = quiet
        self._floor = np.maximum(quiet, LOWEST_FLOOR)
        self._weights[int(np.argmax(loud / np.sqrt(self._floor)))] = 1.0
        self._begun = True

    def _follow(self, power: np.ndarray) -> None:
        """Let the noise floors follow the power: down at once, up slowly."""
        if not self._begun:
            self._begin(power, power)
        self._smooth = 0.6 * self._smooth + 0.4 * power
        self._floor = np.maximum(np.minimum(self._smooth, self._floor * FLOOR_RISE), LOWEST_FLOOR)

    def _reweighted(self, power: np.ndarray, band: np.ndarray) -> np.ndarray:
        """The weights after one more block."""
        loud = power > OPENS * self._floor
        opens = loud & (self._loud | (self._open > 0))  # a click does not last so long
        self._loud = loud
        self._open = np.where(opens, HANGOVER_BLOCKS, np.maximum(self._open - 1, 0))
        if not self._open.any():
            return self._weights
        if opens.any():
            self._active = MEMORY * self._active + (1 - MEMORY) * np.maximum(power - self._floor, 0.0)
            self._shared = MEMORY * self._shared + (1 - MEMORY) * (band.T @ band)
            self._kept = self._chosen()
        kept = self._kept & (self._open > 0)
        if not kept.any():
            return self._weights
        # A new channel gets the polarity of what is heard now, or the two would cancel in the crossfade.
        mixed = self._weights @ self._shared
        same = SAME_SOUND * np.sqrt(np.maximum(mixed @ self._weights, 0.0) * np.diag(self._shared))
        signs = np.where(self._weights != 0.0, np.sign(self._weights), np.where(mixed < -same, -1.0, 1.0))
        wanted = np.where(kept, signs / np.sqrt(kept.sum()), 0.0)
        pace = np.where(np.abs(wanted) >= np.abs(self._weights), 1.0, CLOSES)
        if (wanted == self._weights).all():
            return self._weights
        weights = self._weights + pace * (wanted - self._weights)
        weights[np.abs(weights - wanted) < 1e-3] = wanted[np.abs(weights - wanted) < 1e-3]
        return weights

    def _chosen(self) -> np.ndarray:
        """Choose the best open channel, and each further one whose sound is not that of a better one."""
        # Of two with the same signal-to-noise ratio the louder one is better, of two as loud the cleaner one.
        merit = self._active / np.sqrt(self._floor) * np.where(self._kept, KEEPS, 1.0)
        spread = np.sqrt(np.diag(self._shared)) + 1e-12
        chosen: list[int] = []
        for channel in np.argsort(-np.where(self._open > 0, merit, -1.0)):
            if not self._open[channel] or self._active[channel] < FAINTEST * self._active.max():
                continue
            same = np.abs(self._shared[channel, chosen]) > SAME_SOUND * spread[channel] * spread[chosen]
            if not same.any():
                chosen.append(int(channel))
        kept = np.zeros(self.channels, np.bool_)
        kept[chosen] = True
        return kept


def mono(samples: Float32 | Int16, rate_hz: int, channel: int = AUTO) -> Float32:
    """Mix a whole recording, (n, channels) -> (n,), by a mixer that has learned from its beginning."""
    mixer = ChannelMixer(rate_hz, samples.shape[1], channel)
    if samples.dtype == np.int16:
        samples = samples.astype(np.float32) / np.float32(FULL_SCALE)
    mixer.prime(samples[: round(PRIMED_S * rate_hz)])  # type: ignore[arg-type]
    return mixer.push(samples)


def listened_to(samples: Int16, channel: int) -> Int16:
    """Give the channel that the user set, as (n, 1); with `AUTO` all: the mixer may choose any of them."""
    return samples[:, channel - 1 : channel] if channel else samples


def need_channel(channel: int, form: StreamFormat) -> None:
    """Raise DeviceError where the microphone does not have the channel that is set."""
    if channel > form.channels:
        raise DeviceError(
            f"there is no channel {channel} of the microphone {form.name!r}, the last is {form.channels}",
            "set audio.channel to one of them, or to 0: then it is chosen",
        )


def _only_copies(samples: Float32 | Int16) -> int | None:
    """Give the first channel that is not silent if all such channels, two or more, are equal; else None."""
    sounding = np.flatnonzero(samples.any(axis=0))
    if sounding.size < 2:  # nothing to compare
        return None
    first = int(sounding[0])
    if sounding.size < samples.shape[1]:
        samples = samples[:, sounding]
    return first if (samples == samples[:, :1]).all() else None


def _mixed(samples: Float32 | Int16, before: np.ndarray, after: np.ndarray) -> Float32:
    """Sum (n, channels) to (n,), with weights that move in a line from `before` to `after`."""
    used = np.flatnonzero((before != 0.0) | (after != 0.0))
    if used.size == 1 and before[used[0]] == after[used[0]]:
        return _floats(samples[:, used[0]]) * np.float32(after[used[0]])
    along = np.linspace(0.0, 1.0, len(samples), dtype=np.float32)[:, np.newaxis]
    weights = before[used].astype(np.float32) * (1 - along) + after[used].astype(np.float32) * along
    mixed: Float32 = np.einsum("nc,nc->n", _floats(samples[:, used]), weights)
    return mixed


def _floats(samples: Float32 | Int16) -> Float32:
    if samples.dtype == np.int16:
        return samples.astype(np.float32) / np.float32(FULL_SCALE)
    return samples  # type: ignore[return-value]  # it is float32
