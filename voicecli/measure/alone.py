"""Runs each engine alone, before the talk, on the sound and words that the talk will have."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from voicecli.audio.convert import Converter
from voicecli.floor.stages import DETECTOR, LANGUAGE_MODEL, TRANSCRIBER, TURN_MODEL, VOICE
from voicecli.listen.recogniser import within
from voicecli.messages import FRAME_S, Pcm16Chunk
from voicecli.reply.conversation.prompt import begin
from voicecli.talk.attempts import in_one_line

if TYPE_CHECKING:
    import threading
    from collections.abc import Sequence

    from voicecli.config import Config
    from voicecli.engines import Session
    from voicecli.messages import Int16


def run_alone(
    session: Session, config: Config, clips: Sequence[Int16], rate_hz: int, stop: threading.Event
) -> None:
    """Transcribe `clips`, (n,) int16 at `rate_hz`, answer the words and say the answers.

    One engine works at a time. Ends early once `stop` is set. Raises EngineError and ModelError.
    """
    generator, recogniser = session.generator.it, session.recogniser.it
    conversation = begin(config.conversation, generator)
    longest_s = within(config.segment, recogniser).max_utterance_s - FRAME_S
    generator.warm(conversation.messages_for(""), stop.is_set)
    for clip in clips:
        if stop.is_set():
            return
        chunk = Pcm16Chunk(clip[: round(longest_s * rate_hz), np.newaxis], rate_hz, 0, 0.0)
        frames = list(Converter(rate_hz).push(chunk))
        with in_one_line(DETECTOR):
            for frame in frames:
                session.detector.it.score(frame)
        samples = np.concatenate([frame.samples for frame in frames])
        with in_one_line(TURN_MODEL):
            session.turn_model.it.complete(samples)
        with in_one_line(TRANSCRIBER):
            words = recogniser.transcribe(samples).text
        reply: list[str] = []
        with in_one_line(LANGUAGE_MODEL, [words]):
            generator.generate(conversation.messages_for(words), reply.append, stop.is_set)
        with in_one_line(VOICE, reply):
            for _ in session.voice.it.say("".join(reply)):
                pass
