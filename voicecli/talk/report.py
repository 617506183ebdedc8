"""What views show of a talk's health: what was lost, and how full each place is where sound or text waits."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from voicecli.aloud.lengths import CLAUSE_REST
from voicecli.audio.convert import DETECTOR_FRAME, RESAMPLER
from voicecli.audio.streams import devices_own
from voicecli.command import PRINTED
from voicecli.devices.recovery.adapt import STAND_IN
from voicecli.floor.keys import LINES, TYPED_LINE
from voicecli.floor.turns.turn import REPLY
from voicecli.floor.user.scribing import LOOKS, SPEECH
from voicecli.listen.capture import microphone_ring
from voicecli.listen.echo.canceller import CANCELLER, ECHO_STEPS
from voicecli.listen.echo.reference import echo_reference
from voicecli.listen.gate.segment import segment_sound
from voicecli.network.sse import SERVER_LINE
from voicecli.reply.conversation.conversation import history, unanswered
from voicecli.reply.thinking import THINKING
from voicecli.speak.cues import CUE
from voicecli.speak.playback import PART, credit_s, jitter_sound
from voicecli.talk.ear import POLL_S
from voicecli.talk.inboxes import EVENTS, FACTS, TO_AUTHOR, TO_EAR, TO_JUDGE, TO_MOUTH, TO_SCRIBE
from voicecli.waiting.buffers import EVENTS_LOST

if TYPE_CHECKING:
    from voicecli.audio.streams import AudioStreams, StreamFormat
    from voicecli.config import AudioConfig, Config
    from voicecli.listen.capture import Capture
    from voicecli.speak.jitter import JitterBuffer
    from voicecli.talk.crew import Crew
    from voicecli.waiting.buffers import Buffer, BufferFill


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


SHOWN = (SPEECH.name, REPLY.name)
"""Places whose fill tells a person what the talk is at."""


def declared(config: Config) -> tuple[Buffer, ...]:
    """Every place where sound, text or events wait, in the order in which sound passes them."""
    audio = config.audio
    microphone, loudspeaker = devices_own(audio)
    return (
        microphone,
        STAND_IN,
        microphone_ring(audio.ring_s),
        RESAMPLER,
        echo_reference(audio.ring_s),
        CANCELLER,
        ECHO_STEPS,
        DETECTOR_FRAME,
        segment_sound(config.segment.max_utterance_s),
        TO_EAR,
        TO_JUDGE,
        SPEECH,
        LOOKS,
        TO_SCRIBE,
        PRINTED,
        TYPED_LINE,
        LINES,
        unanswered(config.conversation.history_tokens),
        history(config.conversation.history_tokens),
        TO_AUTHOR,
        SERVER_LINE,
        THINKING,
        CLAUSE_REST,
        REPLY,
        TO_MOUTH,
        PART,
        jitter_sound(credit_s(config.playback)),
        CUE,
        loudspeaker,
        EVENTS,
        FACTS,
    )


def places(streams: AudioStreams, crew: Crew, config: Config) -> list[BufferFill]:
    """How full all of `declared` are; of those that this talk cannot look into, only that they are there."""
    playback, microphone, loudspeaker = crew.playback, streams.microphone, streams.loudspeaker
    filled = [
        *crew.ear.converter.stats(),
        playback.voice_resampler(),
        crew.capture.stats(POLL_S * 1000 / 2),  # the reader looks at times of its own
        *(crew.ear.canceller.stats() if crew.ear.canceller else ()),
        *([crew.reference.stats()] if crew.reference else ()),
        crew.ear.segmenter.stats(),
        *crew.waits(),
        crew.author.stats(),
        *playback.stats(),
        *crew.events.filled(),
        *crew.facts.filled(),
    ]
    absent = {EVENTS.name, FACTS.name}
    absent |= set() if crew.ear.canceller else {CANCELLER.name, ECHO_STEPS.name}
    absent |= set() if crew.reference else {"echo reference"}
    absent |= set() if microphone.stands_in or loudspeaker.stands_in else {STAND_IN.name}
    rows: list[BufferFill] = []
    for place in declared(config):
        match place.name:
            case "microphone":
                found = [_device(place, microphone, config.audio, crew.capture.overflows)]
            case "loudspeaker":
                found = [_device(place, loudspeaker, config.audio, playback.jitter.device_underruns)]
            case name:
                found = [each for each in filled if each.name.partition(": ")[0] == name]
        rows += found or ([] if place.name in absent else [place.filled(None, None)])
    return rows


def _device(place: Buffer, form: StreamFormat, audio: AudioConfig, losses: int) -> BufferFill:
    """The device's own buffer: nobody can look into it, but the device tells how long sound stays in it."""
    asked_ms = form.latency_s * 1000
    tells_ms = asked_ms if form.reported_s is None else form.reported_s * 1000
    holds = place.holding(max(asked_ms, tells_ms) + audio.block_ms)
    return holds.filled(None, None, losses, adds_ms=tells_ms, asked_ms=asked_ms, of=form.name)
