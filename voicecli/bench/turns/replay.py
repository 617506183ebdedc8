"""One labelled recording of a turn -> the pauses in it, with all that the models make of each.

Speech is found by the detector and the gate as in a talk, but nothing is done in real time. This is the slow
part: what it gives can be kept, and counted again for every way to decide.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import inf
from typing import TYPE_CHECKING

import numpy as np

from voicecli.audio.frames import frames_of
from voicecli.audio.recordings.recording import decode
from voicecli.config import SegmentConfig
from voicecli.errors import AudioFileError
from voicecli.listen.gate.segment import Segmenter, State
from voicecli.messages import FRAME_S, FRAME_SAMPLES, RATE_HZ, SpeechDropped
from voicecli.turn.decision import Evidence

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from voicecli.bench.labels import Label
    from voicecli.listen.detector import Detector, TurnModel
    from voicecli.listen.recogniser import Recogniser
    from voicecli.messages import Float32
    from voicecli.turn.witness import Ending

LONGEST_PAUSE_S = 5.5
"""s after which the gate ends speech: longer than the longest pause that counts (`HOLD_S` in holds.py). The
decision itself is made elsewhere."""

NOTICED_FRAMES = 2
"""Quiet frames that are a pause, as in a talk."""


@dataclass(frozen=True, slots=True)
class Pause:
    """A pause that the gate has found, and all the evidence in it."""

    begin_s: float
    end_s: float
    """Where speech goes on; infinite where it does not."""
    evidence: Evidence


@dataclass(frozen=True, slots=True)
class Replayed:
    """A recording, as the decision gets it."""

    label: Label
    pauses: list[Pause]


@dataclass(frozen=True, slots=True)
class Judges:
    """The models that judge the pauses."""

    detector: Detector
    turn_model: TurnModel
    recogniser: Recogniser
    ending: Callable[[str], Ending | None]
    """What the language model makes of the words: `Evidence.ending`."""


def replay(folder: Path, label: Label, judges: Judges) -> Replayed:
    """Run the models over one recording. Raises AudioFileError."""
    samples = np.concatenate(list(decode(folder / label.file, RATE_HZ)))
    if samples.size < label.turn_end_s * RATE_HZ:
        raise AudioFileError(f"{folder / label.file} ends before its turn does", "correct turn_end_s")
    start, quiet = _gate(samples, judges.detector)
    pauses = []
    for begin, end, spoken in quiet:
        end_sample = (begin + NOTICED_FRAMES) * FRAME_SAMPLES
        heard = samples[max(start, end_sample - round(judges.recogniser.window_s * RATE_HZ)) : end_sample]
        words = judges.recogniser.transcribe(heard).text
        evidence = Evidence(
            spoken_s=spoken * FRAME_S,
            sound=judges.turn_model.complete(heard),
            words=words,
            ending=judges.ending(words) if words else None,
            language=label.language,
            asked=label.asked,
        )
        pauses.append(Pause(begin * FRAME_S, end * FRAME_S, evidence))
    return Replayed(label, pauses)


def _gate(samples: Float32, detector: Detector) -> tuple[int, list[tuple[int, float, int]]]:
    """Give the turn's first sample and its pauses.

    A pause: its first frame, the first frame after it, and how many speech frames the turn had before it.
    """
    config = SegmentConfig()
    gate, pauses = Segmenter(config, LONGEST_PAUSE_S), []
    start, spoken, quiet = -1, 0, 0
    for at, frame in enumerate(frames_of(samples)):
        events = gate.push(detector.score(frame))
        if gate.state is State.SPEAKING:
            if start < 0:
                spoken = config.onset_frames - 1
                start = (at - spoken) * FRAME_SAMPLES - config.preroll_ms * RATE_HZ // 1000
            if quiet >= NOTICED_FRAMES:
                pauses.append((at - quiet, float(at), spoken))
            spoken, quiet = spoken + 1, 0
        elif start >= 0:
            quiet += 1
            if any(isinstance(event, SpeechDropped) for event in events):
                pauses, start, quiet = [], -1, 0  # a click before the turn: a talk forgets it, too
            elif gate.state is State.QUIET:
                break
    if start >= 0 and quiet >= NOTICED_FRAMES:
        pauses.append((at + 1 - quiet, inf, spoken))
    return max(0, start), pauses
