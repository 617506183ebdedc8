"""Measures the devices' true latency: chirp -> loudspeaker, air, microphone -> RoundTrip.

The loudspeaker says when a sample will sound, the microphone when a sample was heard. The totals that the
bench reports rest on these two times. If both are right, the microphone hears a chirp just when it sounds,
plus 3 ms for each metre of air. If the microphone hears it later, the difference is latency that the devices
do not report, and the bench's totals are too small by that much.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from voicecli.audio.channels import mono
from voicecli.audio.level import to_int16
from voicecli.audio.streams import Pulse
from voicecli.errors import DeviceError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from voicecli.audio.streams import AudioStreams
    from voicecli.messages import Float32, Int16
    from voicecli.system.clock import Clock

CHIRP_S = 0.1
"""Length of a chirp."""

CHIRP_HZ = (1000.0, 6000.0)
"""Small loudspeakers and microphones carry this band, hum lies below it, and a rate of 16 kHz can carry
it."""

LEVEL = 0.25
"""Peak, of full scale: -12 dBFS, as loud as speech."""

LEAD_S, PERIOD_S = 2.0, 1.0
"""Seconds of sound before the first chirp, and from one chirp to the next. With PulseAudio behind ALSA,
recording began 0.4 s late and had caught up after 1.3 s of sound, measured with virtual devices."""

SEARCH_S = (-0.1, 0.8)
"""From when to when this file searches for a chirp: seconds before and after the time that the devices
report. A Bluetooth headset may have 0.3 s of latency that it does not report."""

GUARD_S, CLEARER = 0.02, 2.0
"""A chirp counts as found if its peak is `CLEARER` times higher than all peaks more than `GUARD_S` seconds
away. In noise and speech many peaks are about equally high. The first reflections of a room come within
`GUARD_S`."""

FEWEST = 3
"""Chirps that must be found: a median of two says nothing."""

_POLL_S = 0.1
_LOG_BLOCKS = 1 << 14  # 16 s of blocks of 1 ms


@dataclass(frozen=True, slots=True)
class RoundTrip:
    """What was measured. Times and level are medians over the chirps that the microphone heard."""

    n: int
    """Chirps played."""
    heard: int
    """Chirps found in what the microphone recorded."""
    median_ms: float
    """From a sample handed to the loudspeaker until it comes back from the microphone."""
    spread_ms: float
    """The longest time minus the shortest."""
    reported_ms: float
    """The same as the devices report it: the sum of their latencies."""
    correction_ms: float
    """What to add to a total that was computed from the devices' times. It includes the sound's time in the
    air."""
    echo_db: float
    """How much louder the chirp came back than it was handed to the loudspeaker; mostly below 0."""


class NotHeardError(DeviceError):
    """Both devices work, but the loudspeaker does not reach the microphone."""


def chirp(rate_hz: int, highest_hz: float = CHIRP_HZ[1]) -> Float32:
    """Linear sweep of `CHIRP_S` in a Hann window, (n,) float32, peak `LEVEL`."""
    t = np.arange(round(CHIRP_S * rate_hz)) / rate_hz
    lowest_hz = min(CHIRP_HZ[0], highest_hz / 2)
    phase = 2 * np.pi * (lowest_hz + (highest_hz - lowest_hz) / (2 * CHIRP_S) * t) * t
    sound: Float32 = (LEVEL * np.sin(phase) * np.sin(np.pi * t / CHIRP_S) ** 2).astype(np.float32)
    return sound


def find(heard: Float32, wanted: Float32, rate_hz: int) -> int | None:
    """Find the sample of (n,) `heard` where the sound `wanted` begins, by a matched filter; None without it.

    The filter looks at the envelope of the correlation, so the loudspeaker's polarity and the several peaks
    of the carrier do not matter.
    """
    if heard.size < wanted.size:
        return None
    envelope = _envelope(heard, wanted)
    best = int(np.argmax(envelope))
    guard = round(GUARD_S * rate_hz)
    elsewhere = np.concatenate((envelope[: max(0, best - guard)], envelope[best + guard + 1 :]))
    return best if envelope[best] > CLEARER * elsewhere.max(initial=0.0) else None


def gain_db(heard: Float32, wanted: Float32) -> float:
    """How many dB louder `wanted` is in `heard`. Both are (n,), and the sound begins at the same sample."""
    gain = float(_envelope(heard, wanted)[0]) / float(np.dot(wanted, wanted))
    return 20.0 * float(np.log10(gain + 1e-9))


def _envelope(heard: Float32, wanted: Float32) -> NDArray[np.float64]:
    """Envelope of the correlation of `wanted` with each place of the longer `heard`."""
    size = 1 << (heard.size + wanted.size - 1).bit_length()
    spectrum = np.fft.fft(heard, size) * np.conj(np.fft.fft(wanted, size))
    spectrum[size // 2 :] = 0  # without negative frequencies a signal's magnitude is half its envelope
    fits: NDArray[np.float64] = 2 * np.abs(np.fft.ifft(spectrum))[: heard.size - wanted.size + 1]
    return fits


def measure(streams: AudioStreams, clock: Clock, count: int = 5) -> RoundTrip:
    """Play `count` chirps and record them, then close the streams. Takes 3 s, and a second for each chirp.

    Raises NotHeardError where too few chirps are heard, DeviceError where a device fails.
    """
    rates = (streams.microphone.rate_hz, streams.loudspeaker.rate_hz)
    highest_hz = min(CHIRP_HZ[1], 0.4 * min(rates))
    session = _Session(streams, clock, chirp(rates[1], highest_hz), count)
    never, alive = threading.Event(), Pulse(clock.now())
    latest = clock.now() + 2 * session.seconds
    try:
        streams.start(session.on_input, session.on_output)
        while not session.complete:
            clock.wait(never, _POLL_S)
            streams.poll()
            still = alive.stopped(min(session.heard.count, session.played.count), clock.now())
            if (still or clock.now() > latest) and not session.complete:
                raise DeviceError(
                    "the microphone or the loudspeaker stopped or fell behind while it was measured",
                    "try it again",
                )
    finally:
        streams.close()
    return session.result(chirp(rates[0], highest_hz))


class _Log:
    """Notes each block's time and latency, as the device tells them. The audio thread fills ready arrays."""

    def __init__(self) -> None:
        self.samples = 0
        self.count = 0
        self._position = np.zeros(_LOG_BLOCKS, np.int64)
        self._at = np.zeros(_LOG_BLOCKS)
        self._latency = np.zeros(_LOG_BLOCKS)

    def note(self, samples: int, at: float, latency_s: float) -> None:
        """Audio thread: note one more block of `samples` samples, the first of which has the time `at`."""
        if self.count < _LOG_BLOCKS:
            self._position[self.count] = self.samples
            self._at[self.count] = at
            self._latency[self.count] = latency_s
            self.count += 1
        self.samples += samples

    def time_of(self, position: int, rate_hz: int) -> tuple[float, float]:
        """The device's time of the sample at `position`, and the latency reported for its block, both s."""
        block = int(np.searchsorted(self._position[: self.count], position, side="right")) - 1
        return float(self._at[block] + (position - self._position[block]) / rate_hz), float(
            self._latency[block]
        )

    def position_at(self, at: float, rate_hz: int) -> int:
        """Position of the sample whose time is about `at`."""
        block = max(0, int(np.searchsorted(self._at[: self.count], at, side="right")) - 1)
        return max(0, int(self._position[block] + (at - self._at[block]) * rate_hz))


class _Session:
    """One measurement. While it runs, the callbacks copy and count; `result` does the rest afterwards."""

    def __init__(self, streams: AudioStreams, clock: Clock, sound: Float32, count: int) -> None:
        self._clock = clock
        self._microphone, self._loudspeaker = streams.microphone, streams.loudspeaker
        self._lead = round(LEAD_S * self._microphone.rate_hz)
        self._begun: int | None = None
        period = round(PERIOD_S * self._loudspeaker.rate_hz)
        self._starts = [period * number for number in range(count)]
        self._score = np.zeros(period * count, np.int16)
        for start in self._starts:
            self._score[start : start + sound.size] = to_int16(sound)
        self.seconds = LEAD_S + PERIOD_S * count + SEARCH_S[1]
        taped = round(self.seconds * self._microphone.rate_hz)
        self._tape = np.zeros((taped, self._microphone.channels), np.int16)
        self.played, self.heard = _Log(), _Log()

    @property
    def complete(self) -> bool:
        """Whether all has been played and recorded."""
        played = self._begun is not None and self.played.samples >= self._begun + self._score.size
        return played and self.heard.samples >= len(self._tape)

    def on_output(self, block: Int16, at: float, ran_dry: bool) -> None:  # noqa: FBT001  # as devices call it
        """Audio thread: play. Some devices lose their first sound, so chirps wait for the microphone."""
        if self._begun is None and self.heard.samples >= self._lead:
            self._begun = self.played.samples
        begin = self._score.size if self._begun is None else self.played.samples - self._begun
        part = self._score[begin : begin + block.size]
        block[: part.size] = part
        block[part.size :] = 0
        self.played.note(block.size, at, at - self._clock.now())

    def on_input(self, samples: Int16, at: float, overflowed: bool) -> None:  # noqa: FBT001
        """Audio thread: record."""
        begin = self.heard.samples
        part = self._tape[begin : begin + len(samples)]
        part[:] = samples[: len(part)]
        self.heard.note(len(samples), at, self._clock.now() - at)

    def result(self, wanted: Float32) -> RoundTrip:
        """Find the chirps in the recording; `wanted` is one chirp at the microphone's rate."""
        rate_hz = self._microphone.rate_hz
        tape = mono(self._tape, rate_hz)
        begun = self._begun or 0
        late_s, reported_s, echo_db = [], [], []
        for start in self._starts:
            sounded_at, out_s = self.played.time_of(begun + start, self._loudspeaker.rate_hz)
            begin, end = (self.heard.position_at(sounded_at + edge, rate_hz) for edge in SEARCH_S)
            found = find(tape[begin : end + wanted.size], wanted, rate_hz)
            if found is not None:
                heard_at, in_s = self.heard.time_of(begin + found, rate_hz)
                late_s.append(heard_at - sounded_at)
                reported_s.append(out_s + in_s)
                echo_db.append(gain_db(tape[begin + found : begin + found + wanted.size], wanted))
        if len(late_s) < min(FEWEST, len(self._starts)):
            raise NotHeardError(
                f"of {len(self._starts)} chirps from the loudspeaker the microphone heard {len(late_s)}",
                "turn the volume up, or the microphone cannot hear the loudspeaker (headphones?)",
            )
        late, reported = np.array(late_s) * 1000, np.array(reported_s) * 1000
        whole = late + reported
        return RoundTrip(
            n=len(self._starts),
            heard=len(late),
            median_ms=round(float(np.median(whole)), 1),
            spread_ms=round(float(np.ptp(whole)), 1),
            reported_ms=round(float(np.median(reported)), 1),
            correction_ms=round(float(np.median(late)), 1),
            echo_db=round(float(np.median(echo_db)), 1),
        )
