"""A recording of any length -> its words: frames > detect > segment > transcribe."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from itertools import chain, groupby, islice
from typing import TYPE_CHECKING

import numpy as np

from voicecli.audio.frames import Reframer
from voicecli.audio.level import OffsetRemover, level_dbfs, raised
from voicecli.config import SegmentConfig
from voicecli.listen.gate.noise_floor import DIGITAL_DBFS, START_DBFS
from voicecli.listen.gate.segment import Segmenter
from voicecli.listen.whisper.guards import CLEAR_S
from voicecli.listen.whisper.languages import likeliest, telling
from voicecli.messages import FRAME_S, FRAME_SAMPLES, RATE_HZ, Float32Frame, Utterance

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from voicecli.listen.detector import Detector
    from voicecli.listen.recogniser import Recogniser
    from voicecli.messages import Float32, SegmentEvent, Transcript

LONGEST_S = 26.0
"""Speech given to the recogniser at a time: its window is 30 s, less some silence after the speech."""

LONGEST_GAP_S = 1.0
"""Longer pauses are shortened to this, because the recogniser takes longer for longer sound."""

HANGOVER_S = 0.35
"""A pause that ends a piece: one voice may follow another, in another language."""

ROOM_S = 3.0
"""Seconds of a recording that are read ahead, to learn how loud the room is before the detector hears it."""

ROOM_SHARE = 0.1
"""The level of the room is this quantile of the levels of those frames."""

RECORDED = SegmentConfig(
    onset_probability=0.3,
    release_probability=0.2,
    onset_frames=1,
    snr_db=0.0,
    min_level_dbfs=-90.0,
    min_speech_ms=0,
)
"""Nobody waits for an answer, so in doubt it is speech: a word lost costs more than a silence transcribed."""


@dataclass(frozen=True, slots=True)
class Span:
    """A part of a recording, in seconds from its beginning."""

    begin_s: float
    end_s: float


@dataclass(frozen=True, slots=True)
class Stretch:
    """Speech in one language."""

    start_s: float
    """Where in the file, seconds."""
    end_s: float
    language: str
    text: str


@dataclass(frozen=True, slots=True)
class FileTranscript:
    """What is said in a file."""

    stretches: tuple[Stretch, ...]
    """In order, those without words left out."""
    audio_s: float
    missed: tuple[Span, ...] = ()
    """Where somebody surely speaks, and no words were found."""

    @property
    def text(self) -> str:
        """All words."""
        return " ".join(stretch.text for stretch in self.stretches)

    @property
    def language(self) -> str:
        """The one that is spoken longest; empty where there are no words."""
        spoken: Counter[str] = Counter()
        for stretch in self.stretches:
            spoken[stretch.language] += round((stretch.end_s - stretch.start_s) * 1000)
        return max(spoken, key=lambda language: spoken[language], default="")


def transcribe_file(blocks: Iterable[Float32], detector: Detector, recogniser: Recogniser) -> FileTranscript:
    """Write down a recording; memory does not grow with its length. `blocks`: (n,) float32 at 16 kHz each.

    Raises AudioFileError where its blocks do, EngineError where the recogniser does.
    """
    recording = _Recording(blocks)
    stretches: list[Stretch] = []
    missed: list[Span] = []
    before = ""
    longest_s = min(LONGEST_S, recogniser.window_s)
    segment = RECORDED.model_copy(update={"max_utterance_s": longest_s - 1})
    for pieces in _together(_utterances(recording, detector, segment), longest_s):
        for run, language in _by_language(pieces, recogniser, before):
            for part, transcript in _words(run, language, recogniser):
                if any(map(str.isalnum, transcript.text)):  # "..." is no word
                    before = transcript.language
                    stretches.append(Stretch(part.start_s, part.end_s, transcript.language, transcript.text))
                elif part.clear_s >= CLEAR_S:
                    missed.append(Span(part.start_s, part.end_s))
    return FileTranscript(tuple(stretches), recording.samples / RATE_HZ, tuple(missed))


class _Recording:
    """Blocks as frames, the last one filled up with silence; counts its samples on the way."""

    def __init__(self, blocks: Iterable[Float32]) -> None:
        self._blocks = blocks
        self.samples = 0

    def __iter__(self) -> Iterator[Float32Frame]:
        reframer, offset = Reframer(np.float32), OffsetRemover(RATE_HZ)
        for block in self._blocks:
            self.samples += block.size
            reframer.push(offset.push(block))
            yield from _frames(reframer)
        if len(reframer):
            reframer.push(np.zeros(FRAME_SAMPLES - len(reframer), np.float32))
            yield from _frames(reframer)


def _frames(reframer: Reframer[np.float32]) -> Iterator[Float32Frame]:
    for position, frame in reframer.frames(FRAME_SAMPLES):
        yield Float32Frame(frame, position, position / RATE_HZ)


def _utterances(recording: _Recording, detector: Detector, segment: SegmentConfig) -> Iterator[Utterance]:
    frames = iter(recording)
    first = list(islice(frames, round(ROOM_S / FRAME_S)))
    heard = [level for frame in first if (level := level_dbfs(frame.samples)) > DIGITAL_DBFS]
    room_dbfs = min(START_DBFS, float(np.quantile(heard, ROOM_SHARE))) if heard else START_DBFS
    detector.begin(room_dbfs)
    segmenter = Segmenter(segment, HANGOVER_S)
    segmenter.floor.dbfs = room_dbfs  # a voice in the very first frame may be softer than the usual room
    for frame in chain(first, frames):
        yield from _only_utterances(segmenter.push(detector.score(frame)))
    yield from _only_utterances(segmenter.flush())


def _only_utterances(found: list[SegmentEvent]) -> Iterator[Utterance]:
    return (event for event in found if isinstance(event, Utterance))


class _Run:
    """Pieces of speech joined, with silence for what lay between.

    The recogniser understands a sentence said with pauses better whole than in pieces. Each piece is raised
    to the usual level by itself, so that the far side of a call is as loud as the near one.
    """

    def __init__(self, pieces: Sequence[Utterance]) -> None:
        self.pieces = pieces
        joined: list[Float32] = []
        self.spans: list[tuple[float, float]] = []
        """Where each piece is in `samples`, seconds."""
        size = 0
        for piece, before in zip(pieces, [None, *pieces], strict=False):
            gap = 0 if before is None else _gap(before, piece)
            joined += [np.zeros(gap, np.float32), raised(piece.samples, RATE_HZ)]
            size += gap + piece.samples.size
            self.spans.append(((size - piece.samples.size) / RATE_HZ, size / RATE_HZ))
        self.samples = np.concatenate(joined)

    @property
    def start_s(self) -> float:
        """Where it begins in the file, seconds."""
        return self.pieces[0].start / RATE_HZ

    @property
    def end_s(self) -> float:
        """Where it ends in the file, seconds."""
        return _end(self.pieces[-1]) / RATE_HZ

    @property
    def clear_s(self) -> float:
        """Seconds of it that the detector is sure are speech."""
        return sum(piece.clear_s for piece in self.pieces)


def _end(piece: Utterance) -> int:
    return piece.start + piece.samples.size


def _gap(before: Utterance, piece: Utterance) -> int:
    return min(piece.start - _end(before), round(LONGEST_GAP_S * RATE_HZ))


def _together(utterances: Iterator[Utterance], longest_s: float) -> Iterator[list[Utterance]]:
    """Lists of utterances, each with as many as the recogniser takes in one call."""
    pieces: list[Utterance] = []
    size = 0
    for piece in utterances:
        more = piece.samples.size + (_gap(pieces[-1], piece) if pieces else 0)
        if pieces and size + more > longest_s * RATE_HZ:
            yield pieces
            pieces, size, more = [], 0, piece.samples.size
        pieces.append(piece)
        size += more
    if pieces:
        yield pieces


def _words(run: _Run, language: str | None, recogniser: Recogniser) -> Iterator[tuple[_Run, Transcript]]:
    """The words of a run; if none are found, those of its two parts, before and after its longest pause."""
    whole = recogniser.transcribe(run.samples, language=language, clear_s=run.clear_s)
    if whole.text or len(run.pieces) == 1:
        yield run, whole
        return
    longest = max(range(1, len(run.pieces)), key=lambda at: run.pieces[at].start - _end(run.pieces[at - 1]))
    for pieces in (run.pieces[:longest], run.pieces[longest:]):
        part = _Run(pieces)
        yield part, recogniser.transcribe(part.samples, language=language, clear_s=part.clear_s)


def _by_language(
    pieces: list[Utterance], recogniser: Recogniser, before: str
) -> Iterator[tuple[_Run, str | None]]:
    """Runs of neighbours in one language, and which it is; None where the recogniser is to find it."""
    run = _Run(pieces)
    if not recogniser.finds_language:
        yield run, None
        return
    told = telling(run.spans)
    spans = [(run.spans[first][0], run.spans[last - 1][1]) for first, last in told]
    found = likeliest(recogniser.language_odds(run.samples, spans), spans, before)
    if len(set(found)) == 1:
        yield run, found[0]
        return
    for language, parts in groupby(zip(found, told, strict=True), key=lambda pair: pair[0]):
        ends = [ends for _, ends in parts]
        yield _Run(pieces[ends[0][0] : ends[-1][1]]), language
