"""Where sound and text wait in a talk: how full each place is, how full it was, what it lost."""

from __future__ import annotations

from typing import TYPE_CHECKING

from voicecli.buffers import BufferFill
from voicecli.messages import FRAME_S
from voicecli.pipeline.listening import POLL_S

if TYPE_CHECKING:
    from collections.abc import Iterable

    from voicecli.audio.streams import AudioStreams, StreamFormat
    from voicecli.channel import ChannelStats
    from voicecli.config import AudioConfig
    from voicecli.listen.capture import Capture
    from voicecli.speak.playback import Playback

WAITING = {
    "heard": "pieces of speech",
    "judged": "pieces of speech",
    "said": "drafts",
    "clauses": "clauses",
    "outcomes": "replies",
}
"""What waits in each channel; for the readers of the log it is events."""


def places(
    streams: AudioStreams,
    capture: Capture,
    waits: Iterable[ChannelStats],
    playback: Playback,
    audio: AudioConfig,
) -> list[BufferFill]:
    """Every place, in the order that sound and text pass them."""
    jitter = playback.jitter
    frame_ms, ms = FRAME_S * 1000, 1000 / jitter.rate_hz
    target_ms = 0.0  # met at once: a clause is synthesised whole, and is longer than the target
    return [
        _device(streams.microphone, audio.block_ms, capture.overflows),
        BufferFill(
            "microphone ring",
            "ms",
            audio.ring_s * 1000,
            capture.waiting_s * 1000,
            capture.peak_s * 1000,
            capture.lost,
            POLL_S * 1000 / 2,  # the reader looks at times of its own
            "drop_oldest",
        ),
        BufferFill("detector frame", "ms", frame_ms, 0.0, frame_ms, 0, frame_ms / 2, "wait"),
        *(_waiting(stats) for stats in waits),
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
        _device(streams.loudspeaker, audio.block_ms, jitter.device_underruns),
    ]


def _waiting(stats: ChannelStats) -> BufferFill:
    return BufferFill(
        stats.name,
        WAITING.get(stats.name, "events"),
        stats.capacity,
        stats.fill,
        stats.peak,
        stats.drops,
        0.0,  # who takes from it sleeps on it
        stats.policy,
    )


def _device(form: StreamFormat, block_ms: int, losses: int) -> BufferFill:
    """The device's own buffer: not to be looked into, but it tells how long sound stays in it."""
    latency_ms = form.latency_s * 1000
    return BufferFill(
        form.name, "ms", latency_ms + block_ms, latency_ms, latency_ms, losses, latency_ms, "drop_oldest"
    )
