"""A recording of any length -> its words: frames > detect > segment > transcribe."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from voicecli.config import SegmentConfig
from voicecli.listen.segment import Segmenter
from voicecli.messages import FRAME_SAMPLES, RATE_HZ, Float32Frame, Utterance

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

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
class FileTranscript:
    """What is said in a file."""

    text: str
    language: str
    audio_s: float


def transcribe_file(
    blocks: Iterable[Float32], detector: Detector, transcriber: Transcriber
) -> FileTranscript:
    """Write down a recording, (n,) at 16 kHz a block; memory does not grow with its length.

    Raises AudioFileError where its blocks do.
    """
    recording = _Recording(blocks)
    texts: list[str] = []
    language = ""
    for stretch in _stretches(_utterances(recording, detector)):
        transcript = transcriber.transcribe(stretch)
        if transcript.text:
            texts.append(transcript.text)
            language = language or transcript.language
    return FileTranscript(" ".join(texts), language, recording.samples / RATE_HZ)


class _Recording:
    """Blocks as frames, the last one filled up with silence; counts its samples on the way."""

    def __init__(self, blocks: Iterable[Float32]) -> None:
        self._blocks = blocks
        self.samples = 0

    def __iter__(self) -> Iterator[Float32Frame]:
        held = np.zeros(0, np.float32)
        position = 0
        for block in self._blocks:
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


def _stretches(utterances: Iterator[Utterance]) -> Iterator[Float32]:
    """Utterances joined, with silence for what lay between, up to the longest the transcriber takes.

    A sentence said with pauses is understood better whole than in pieces.
    """
    joined: list[Float32] = []
    length = 0
    end = 0
    for utterance in utterances:
        gap = min(utterance.start - end, round(LONGEST_GAP_S * RATE_HZ)) if joined else 0
        if joined and length + gap + utterance.samples.size > LONGEST_S * RATE_HZ:
            yield np.concatenate(joined)
            joined, length, gap = [], 0, 0
        joined += [np.zeros(gap, np.float32), utterance.samples]
        length += gap + utterance.samples.size
        end = utterance.start + utterance.samples.size
    if joined:
        yield np.concatenate(joined)
