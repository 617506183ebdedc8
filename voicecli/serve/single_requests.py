"""Single requests of other programs: a file of speech -> words, a text -> sound, words -> an answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from voicecli.aloud.clauses import ClauseSplitter
from voicecli.audio.convert import Resampler
from voicecli.audio.level import to_float, to_int16
from voicecli.audio.recordings.recording import Recording
from voicecli.floor.stages import LANGUAGE_MODEL, TRANSCRIBER, VOICE
from voicecli.listen.recognise.transcript import transcribe_file
from voicecli.messages import RATE_HZ
from voicecli.reply.conversation.prompt import begin
from voicecli.talk.attempts import in_one_line
from voicecli.waiting.urgency import Work

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from voicecli.config import ConversationConfig
    from voicecli.engines import Engines, Session
    from voicecli.listen.recognise.transcript import FileTranscript
    from voicecli.speak.voice import Voice
    from voicecli.threads.lane import Place

RATE_OUT_HZ = 24_000
"""Sample rate of what is spoken: clients expect this of PCM without a header."""


def transcribed(engines: Engines, path: Path) -> FileTranscript:
    """The words of a file. Raises AudioFileError, EngineError."""
    detector, recogniser = engines.detector.seat(), engines.recogniser.seat()
    try:
        with in_one_line(TRANSCRIBER):
            recording = Recording(path, RATE_HZ, called="the file")
            return transcribe_file(recording, detector.it, recogniser.it)
    finally:
        detector.leave()
        recogniser.leave()


def spoken(voice: Voice, place: Place, text: str) -> Iterator[bytes]:
    """16-bit PCM at RATE_OUT_HZ, piece by piece; `place` is where to wait for turns. Raises EngineError."""
    splitter = ClauseSplitter(voice.language)
    for clause in (*splitter.push(text), *splitter.finish()):
        resampler = Resampler(voice.rate_hz, RATE_OUT_HZ)
        pieces = voice.say(clause)
        while True:
            with in_one_line(VOICE, [clause]), place.turn(Work.SOUND, VOICE):
                piece = next(pieces, None)
            if piece is None:
                break
            samples = to_int16(resampler.push(to_float(piece.samples), last=not piece.to_come))
            if len(samples):
                yield samples.astype("<i2").tobytes()


def answered(session: Session, config: ConversationConfig, text: str, cancelled: Callable[[], bool]) -> str:
    """What the language model answers to `text`, in words that can be said. Raises EngineError."""
    generator, pieces = session.generator.it, list[str]()
    messages = begin(config, generator).messages_for(text)
    with in_one_line(LANGUAGE_MODEL, [text]), session.place.turn(Work.ANSWER):
        generator.generate(messages, pieces.append, cancelled)
    splitter = ClauseSplitter(session.voice.it.language)
    return " ".join((*splitter.push("".join(pieces)), *splitter.finish()))
