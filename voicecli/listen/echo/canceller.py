"""Takes the agent's own voice out of the microphone: 16 kHz samples -> 16 kHz samples. Imports livekit.

The canceller is WebRTC's AEC3 (livekit's `AudioProcessingModule`). It takes frames of 10 ms, int16: first one
of the reference, then one of the microphone. Its output is 8 ms late. Samples keep their numbers all the
same: sample k out is sample k in, and the last 8 ms are held back, as in a resampler. Once the loudspeaker
has been silent for REVERBERANT_S, samples pass untouched and none is held back.
"""

from __future__ import annotations

import math
from collections import deque
from typing import TYPE_CHECKING

import numpy as np

from voicecli.audio.frames import Reframer
from voicecli.audio.level import to_float, to_int16
from voicecli.errors import EngineError
from voicecli.listen.echo.bands import BandEcho
from voicecli.listen.echo.residual import BEYOND_ECHO_DB, NOTHING_KNOWN, Residual
from voicecli.messages import FRAME_S, RATE_HZ
from voicecli.waiting.buffers import Buffer

if TYPE_CHECKING:
    from livekit.rtc.audio_frame import AudioFrame

    from voicecli.config import AudioConfig
    from voicecli.listen.echo.bands import Bands
    from voicecli.listen.echo.reference import Reference
    from voicecli.messages import Float32
    from voicecli.waiting.buffers import BufferFill

FRAME = RATE_HZ // 100
"""Samples the module takes at a time."""

DELAY = 128
"""Samples by which the module's output is late when it cancels: two blocks of 64. Measured with noise."""

DELAY_SUPPRESSION = 96
"""Samples by which noise suppression makes it later still; measured with noise too."""

LEAD_S = 0.06
"""AEC3 gets the reference so much early: it cannot remove an echo that comes before its reference, and the
latencies that devices report are off by tens of ms. More does no harm: AEC3 finds delays up to 0.5 s."""

MOST_SHORT_S = 0.1
"""If the reference ends less than this too early for a frame, the lead is too long; if more, the loudspeaker
has stopped."""

SPARE_S = 0.005
"""A lead that is too long is shortened by what was missing of the reference, and by this."""

REVERBERANT_S = 2.0
"""Silence of the loudspeaker after which the canceller rests: longer than devices and rooms hold sound."""


CANCELLER = Buffer(
    "canceller",
    "ms",
    (FRAME + DELAY + DELAY_SUPPRESSION) / RATE_HZ * 1000,
    "block",
    "the module takes 10 ms of sound at a time and gives it out 8 ms late, 14 ms with noise suppression; the "
    "call that fills a frame hands it on",
)

REMEMBERED = 200
"""Newest frames of 10 ms for which the canceller keeps how far each was above the loudest possible echo."""

ECHO_STEPS = Buffer(
    "echo steps",
    "steps",
    REMEMBERED,
    "drop_oldest",
    "a step says how far 10 ms of sound are above the echo; after every block the ear looks through them for "
    "an onset, and one that is 2 s old comes too late to silence the agent",
)

PAST = 2 * FRAME
"""When the canceller begins to run, it first gives the module this many past samples: they push out what the
module still holds from the last time that it ran."""


def _cancels(config: AudioConfig) -> bool:
    return config.echo == "auto" and not config.headphones


def wanted(config: AudioConfig) -> bool:
    """Whether these settings ask for anything that the module does: echo, noise or gain."""
    return _cancels(config) or config.noise_suppression != "off" or config.gain_control != "off"


class EchoCanceller:
    """One microphone, cleaned with one reference. For one thread."""

    def __init__(self, reference: Reference, config: AudioConfig) -> None:
        """Load the module: 0.2 s and 25 MB. Raises EngineError where it cannot be loaded."""
        self._reference = reference
        echo, suppression = _cancels(config), config.noise_suppression != "off"
        self._always = suppression or config.gain_control != "off"
        self._module = Module(echo=echo, suppression=suppression, gain=config.gain_control != "off")
        self._delay = (DELAY if echo else 0) + (DELAY_SUPPRESSION if suppression else 0)
        self.cancels = echo
        """Whether it removes the echo; False: it only suppresses noise or sets the gain."""
        self._peak = self._steps_peak = self._steps_lost = 0
        self.restart()

    def stats(self) -> list[BufferFill]:
        """What is held back, and what waits for the look at it."""
        ms, held = 1000 / RATE_HZ, len(self._waiting) + (self._delay if self._running else 0)
        return [
            CANCELLER.filled(held * ms, self._peak * ms, adds_ms=self._delay * ms if self._running else 0.0),
            ECHO_STEPS.filled(len(self._steps), self._steps_peak, self._steps_lost),
        ]

    def restart(self) -> None:
        """Begin anew: the next samples do not follow the last ones. What is held back of those is dropped."""
        self.forget()
        self._waiting = Reframer(np.float32)
        self._past: Float32 = np.zeros(PAST, np.float32)
        self._running = False
        self._given = 0  # samples still to come out of the module that `push` gave before, uncleaned

    def forget(self) -> None:
        """Forget the echo, because the loudspeaker or the microphone changed. Samples keep their numbers."""
        self._reference.restart()
        self._residual, self._in_bands = Residual(), BandEcho()
        self.state = NOTHING_KNOWN
        """How well the canceller works; replaced as a whole, so that any thread may look."""
        self._lead_s = LEAD_S
        self._over: deque[tuple[float, float]] = deque(maxlen=REMEMBERED)
        self._steps: deque[Bands] = deque(maxlen=REMEMBERED)

    def doubt(self) -> None:
        """Note that a sound above the loudest possible echo was perhaps an echo that has become louder."""
        self._residual.louder(max((over for _, over in self._over if over < math.inf), default=0.0))
        self._in_bands.forget()

    @property
    def copied(self) -> bool:
        """Whether the microphone's sound shows it to be a copy of the loudspeaker."""
        return self._residual.copied

    def over_echo_db(self, at: float) -> float:
        """How many dB the frame that begins at time `at` is above the loudest possible echo, before cleaning.

        Infinite where nothing was played that could still be heard.
        """
        found = [over for taken_at, over in self._over if at <= taken_at < at + FRAME_S]
        return float(np.median(found)) if found else math.inf

    def steps(self) -> list[Bands]:
        """The steps of 10 ms since the last call, before they were cleaned; none while it rests."""
        fresh = list(self._steps)
        self._steps_peak = max(self._steps_peak, len(fresh))
        self._steps.clear()
        return fresh

    def push(self, samples: Float32, captured_at: float) -> Float32:
        """Clean (n,) float32 in [-1, 1], the first taken at time `captured_at`.

        Gives (m,): sample k of all that came out is sample k of all that went in since `restart`, cleaned.
        """
        now = captured_at + samples.size / RATE_HZ
        heard = self._reference.sounded_since(now - REVERBERANT_S)
        if not (self._running or heard or self._always):
            self._reference.follow(captured_at, samples.size)
            self._remember(samples)
            return samples
        first, at = self._waiting.position, captured_at - len(self._waiting) / RATE_HZ
        self._waiting.push(samples)
        out = [
            self._clean(frame, at + (position - first) / RATE_HZ)
            for position, frame in self._waiting.frames(FRAME)
        ]
        self._peak = max(self._peak, len(self._waiting) + self._delay)
        if not heard and not self._always:  # what is held back holds no echo
            rest_at = at + (self._waiting.position - first) / RATE_HZ
            rest = self._waiting.take(len(self._waiting))
            out += [self._past[PAST - self._delay :], rest]
            self._reference.follow(rest_at, rest.size)
            self._remember(rest)
            self._running = False
        return np.concatenate(out) if out else np.zeros(0, np.float32)

    def _clean(self, frame: Float32, at: float) -> Float32:
        """Clean 10 ms; give the 10 ms that end `_delay` samples before `frame` does, or at first fewer."""
        if not self._running:
            self._begin()
        reference = self._reference.read(at, FRAME, self._lead_s)
        if 0.0 < self._reference.short_s < MOST_SHORT_S:
            self._lead_s = max(0.0, self._lead_s - self._reference.short_s - SPARE_S)
        cleaned = self._module.clean(frame, reference)
        heard = np.concatenate((self._past[PAST - self._delay :], frame))[:FRAME]
        self.state = self._residual.push(reference, heard, cleaned)
        if self._residual.alone is not None:
            self._in_bands.learn(self._residual.alone)
        self._over.append((at - self._delay / RATE_HZ, self._residual.over_echo_db))
        # `frame` gives the bands 8 ms sooner than `heard` would. The lag was found with `heard`, so the echo
        # in `frame` comes 8 ms earlier than that: `bands.EARLIER` allows it.
        self._steps_lost += len(self._steps) == REMEMBERED
        self._steps.append(self._in_bands.push(reference, frame, absent=self._residual.absent))
        self._remember(frame)
        given = min(self._given, FRAME)
        self._given -= given
        # AEC3 takes some seconds to see that there is no echo at all, and mutes a person until then. It also
        # mutes the first sounds of a person who speaks over an echo, even if they are much louder.
        alone = self._residual.absent or self._residual.over_echo_db >= BEYOND_ECHO_DB
        return (heard if alone and not self._always else cleaned)[given:]

    def _begin(self) -> None:
        """Give the module the newest samples, to push out what it holds from long ago.

        The first `_delay` samples that the module gives afterwards are left out: `push` gave them before,
        uncleaned.
        """
        silence = np.zeros(FRAME, np.float32)
        for begin in range(0, PAST, FRAME):
            self._module.clean(self._past[begin : begin + FRAME], silence)
        self._given = self._delay
        self._running = True

    def _remember(self, samples: Float32) -> None:
        self._past = np.concatenate((self._past, samples))[-PAST:]


def _keep_out_of_python() -> None:
    """Stop the library from logging through Python.

    It logs from a thread of its own, and once more while Python is ending. Python then ends that thread by
    force, because the interpreter it waits for is gone, and Rust answers with SIGABRT: exit code 134, seen
    once in some hundred runs. The only way to turn its log off is to initialise the library a second time.
    """
    from livekit.rtc import _ffi_client as ffi

    library = ffi.FfiClient.instance._ffi_lib  # noqa: SLF001  # offers no other way
    library.livekit_ffi_initialize(ffi.ffi_event_callback, False, b"python", b"")


class Module:
    """WebRTC's audio processing, frame by frame."""

    def __init__(self, *, echo: bool, suppression: bool, gain: bool) -> None:
        """Raises EngineError where the library cannot be loaded."""
        try:
            from livekit.rtc.apm import AudioProcessingModule
            from livekit.rtc.audio_frame import AudioFrame

            _keep_out_of_python()
            self._module = AudioProcessingModule(
                echo_cancellation=echo, noise_suppression=suppression, auto_gain_control=gain
            )
        except (ImportError, OSError, AttributeError) as error:
            raise EngineError(
                f"the echo canceller cannot be loaded ({error})",
                'install voicecli anew, or do without: audio.echo = "off" in the settings',
            ) from error
        self._frame = AudioFrame

    def clean(self, frame: Float32, reference: Float32) -> Float32:
        """The next 10 ms of the microphone, with the reference: (160,) float32 each."""
        self._module.process_reverse_stream(self._wrap(reference))
        wrapped = self._wrap(frame)
        self._module.process_stream(wrapped)
        return to_float(np.frombuffer(wrapped.data, np.int16))

    def _wrap(self, samples: Float32) -> AudioFrame:
        return self._frame(bytearray(to_int16(samples).tobytes()), RATE_HZ, 1, FRAME)
