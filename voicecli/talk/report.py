"""What views show of a talk's health: what was lost, and how full each place is where sound or text waits."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from voicecli.messages import FRAME_S
from voicecli.talk.ear import POLL_S
from voicecli.waiting.buffers import EVENTS_LOST, BufferFill

if TYPE_CHECKING:
    from collections.abc import Iterable

    from voicecli.audio.streams import AudioStreams, StreamFormat
    from voicecli.config import AudioConfig
    from voicecli.listen.capture import Capture
    from voicecli.speak.jitter import JitterBuffer
    from voicecli.threads.channel import ChannelStats


class Losses:
    """Counters that should be zero; what was lost while a model was still being read harmed nobody."""

    def __init__(self) -> None:
        self._before: dict[str, int] = defaultdict(int)

    def counted(
        self, capture: Capture, jitter: JitterBuffer, pieces: int, events: int, *, ready: bool
    ) -> dict[str, int]:
        """Each loss by its name in `buffers.LOST`, counted since the talk was ready."""
        counts = {
            "microphone overflows": capture.overflows,
            "microphone samples lost": capture.lost,
            "loudspeaker underflows": jitter.device_underruns,
            "gaps in the reply": jitter.underruns,
            "pieces of speech lost": pieces,
            EVENTS_LOST: events,
        }
        if not ready:
            self._before = counts
        return {name: count - self._before[name] for name, count in counts.items()}


def places(
    streams: AudioStreams,
    capture: Capture,
    waits: Iterable[BufferFill],
    jitter: JitterBuffer,
    audio: AudioConfig,
) -> list[BufferFill]:
    """Every place, in the order that sound and text pass them."""
    frame_ms, ms = FRAME_S * 1000, 1000 / jitter.rate_hz
    target_ms = 0.0  # met at once: the first part of a clause is longer than the usual target (0023)
    return [
        _device("microphone", streams.microphone, audio.block_ms, capture.overflows),
        microphone_ring(capture, audio),
        BufferFill("detector frame", "ms", frame_ms, 0.0, frame_ms, 0, frame_ms / 2, "wait"),
        *waits,
        BufferFill(
            "jitter buffer",
            "ms",
            round(jitter.capacity * ms),
            round(jitter.waiting * ms),
            round(jitter.peak * ms),
            jitter.underruns,
            target_ms,
            "wait",
        ),
        _device("loudspeaker", streams.loudspeaker, audio.block_ms, jitter.device_underruns),
    ]


def microphone_ring(capture: Capture, audio: AudioConfig) -> BufferFill:
    """How much sound waits for the ear."""
    return BufferFill(
        "microphone ring",
        "ms",
        audio.ring_s * 1000,
        capture.waiting_s * 1000,
        capture.peak_s * 1000,
        capture.lost,
        POLL_S * 1000 / 2,  # the reader looks at times of its own
        "drop_oldest",
        capture.waiting_s,
    )


def waiting(stats: ChannelStats, unit: str = "orders") -> BufferFill:
    """How full a queue is. Its reader sleeps on it, so it adds no latency."""
    return BufferFill(
        stats.name, unit, stats.capacity, stats.fill, stats.peak, stats.drops, 0.0, stats.policy
    )


def _device(side: str, form: StreamFormat, block_ms: int, losses: int) -> BufferFill:
    """The device's own buffer: nobody can look into it, but the device tells how long sound stays in it."""
    latency_ms = form.latency_s * 1000
    name, most_ms = f"{side}: {form.name}", latency_ms + block_ms
    return BufferFill(name, "ms", most_ms, latency_ms, latency_ms, losses, latency_ms, "drop_oldest")
