"""A recording of any length -> its words: decode > frames > detect > segment > transcribe."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from voicecli.audio.files import decode
from voicecli.config import SegmentConfig
from voicecli.listen.guards import CLEAR_S
from voicecli.listen.segment import Segmenter
from voicecli.messages import FRAME_SAMPLES, RATE_HZ, Float32Frame, Utterance

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from voicecli.listen.detect import Detector
    from voicecli.listen.transcribe import Transcriber
    from voicecli.messages import Float32, SegmentEvent

LONGEST_S = 26.0
"""Speech given to the transcriber at a time: its window is 30 s, less some silence after the speech."""

LONGEST_GAP_S = 1.0
"""Longer pauses are shortened to this: the transcriber's time goes with the length."""

HANGOVER_S = 0.8

RECORDED = SegmentConfig(
    onset_probability=0.3,
    release_probability=0.2,
    onset_frames=1,
    snr_db=0.0,
    min_level_dbfs=-80.0,
    min_speech_ms=0,
    max_utterance_s=LONGEST_S - 1,
)
"""Nobody waits for an answer, so in doubt it is speech: a word lost costs more than a silence transcribed."""


@dataclass(frozen=True, slots=True)
class Span:
    """A part of a recording, in seconds from its beginning."""

    begin_s: float
    end_s: float


@dataclass(frozen=True, slots=True)
class Stretch:
    """Speech for the transcriber, pauses shortened."""

    samples: Float32
    """(n,) float32 at 16 kHz, at most `LONGEST_S`."""
    span: Span
    clear_s: float
    """Of it, what the detector is sure is speech, seconds."""


@dataclass(frozen=True, slots=True)
class FileTranscript:
    """What is said in a file."""

    text: str
    language: str
    audio_s: float
    missed: tuple[Span, ...] = ()
    """Where somebody surely speaks, and no words were found."""


def transcribe_file(path: Path, detector: Detector, transcriber: Transcriber) -> FileTranscript:
    """Write down a recording; memory does not grow with its length. Raises AudioFileError."""
    recording = _Recording(path)
    texts: list[str] = []
    missed: list[Span] = []
    language = ""
    for stretch in _stretches(_utterances(recording, detector)):
        transcript = transcriber.transcribe(stretch.samples, clear_s=stretch.clear_s)
        if transcript.text:
            texts.append(transcript.text)
            language = language or transcript.language
        elif stretch.clear_s >= CLEAR_S:
            missed.append(stretch.span)
    return FileTranscript(" ".join(texts), language, recording.samples / RATE_HZ, tuple(missed))


class _Recording:
    """A file as frames, the last one filled up with silence; counts its samples on the way."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.samples = 0

    def __iter__(self) -> Iterator[Float32Frame]:
        held = np.zeros(0, np.float32)
        position = 0
        for block in decode(self._path, RATE_HZ):
            self.samples += block.size
            held = np.concatenate((held, block))
            while held.size >= FRAME_SAMPLES:
                yield Float32Frame(held[:FRAME_SAMPLES], position, position / RATE_HZ)
                held = held[FRAME_SAMPLES:]
                position += FRAME_SAMPLES
        if held.size:
            last = np.pad(held, (0, FRAME_SAMPLES - held.size))
            yield Float32Frame(last, position, position / RATE_HZ)


def _utterances(recording: _Recording, detector: Detector) -> Iterator[Utterance]:
    segmenter = Segmenter(RECORDED, HANGOVER_S)
    for frame in recording:
        yield from _only_utterances(segmenter.push(detector.score(frame)))
    yield from _only_utterances(segmenter.flush())


def _only_utterances(found: list[SegmentEvent]) -> Iterator[Utterance]:
    return (event for event in found if isinstance(event, Utterance))


def _stretches(utterances: Iterator[Utterance]) -> Iterator[Stretch]:
    """Utterances joined, with silence for what lay between, up to the longest the transcriber takes.

    A sentence said with pauses is understood better whole than in pieces.
    """
    joined: list[Utterance] = []
    length = 0
    for utterance in utterances:
        gap = _gap(joined[-1], utterance) if joined else 0
        if joined and length + gap + utterance.samples.size > LONGEST_S * RATE_HZ:
            yield _joined(joined)
            joined, length, gap = [], 0, 0
        joined.append(utterance)
        length += gap + utterance.samples.size
    if joined:
        yield _joined(joined)


def _gap(before: Utterance, after: Utterance) -> int:
    """Samples of silence to put between them."""
    return min(after.start - before.start - before.samples.size, round(LONGEST_GAP_S * RATE_HZ))


def _joined(utterances: list[Utterance]) -> Stretch:
    parts = [utterances[0].samples]
    for before, after in pairwise(utterances):
        parts += [np.zeros(_gap(before, after), np.float32), after.samples]
    first, last = utterances[0], utterances[-1]
    span = Span(first.start / RATE_HZ, last.speech_end / RATE_HZ)
    return Stretch(np.concatenate(parts), span, sum(each.clear_s for each in utterances))
