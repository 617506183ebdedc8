"""Labelled recordings of turns -> how often each way of deciding cuts speakers off, and how long it waits.

Speech is found by the detector and the gate as in a talk, and the evidence is known as late as in a talk, but
nothing is done in real time.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import ceil, inf, sqrt
from statistics import median
from typing import TYPE_CHECKING

import numpy as np

from voicecli.audio.frames import frames_of
from voicecli.audio.recordings.recording import decode
from voicecli.config import SegmentConfig, TurnConfig
from voicecli.errors import AudioFileError
from voicecli.listen.gate.segment import Segmenter, State
from voicecli.messages import FRAME_S, FRAME_SAMPLES, RATE_HZ
from voicecli.turn.decision import Evidence, pause_wanted_s

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from voicecli.bench.labels import Label
    from voicecli.listen.detector import Detector, TurnModel
    from voicecli.listen.recogniser import Recogniser
    from voicecli.messages import Float32

LONGEST_PAUSE_S = 3.0
"""s after which the gate ends speech; the decision itself is made here."""

NOTICED_FRAMES = 2
"""Quiet frames that are a pause, as in a talk."""
SOUND_AFTER_S = 0.07
"""s until Smart Turn has judged a pause."""
WORDS_AFTER_S = 0.13
"""s until the words are transcribed."""
ENDING_AFTER_S = 0.2
"""s until the language model has read them. All three on two cores: docs/decisions/0006-turn-decision.md."""
SENSIBLE_CUT_OFFS = 0.05
"""Share of turns cut off at which the ways to decide are compared by their dead air."""


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
class TriedSetting:
    """One setting of one way to decide, over all turns."""

    setting: str
    turns: int
    cut_off: int
    """Turns committed before their end."""
    missed: int
    """Turns never committed within the recording, and those in which no speech was found."""
    dead_air_s: float
    """Median over the turns not cut off, from end to decision; those missed count as infinite."""
    dead_air_p90_s: float

    @property
    def cut_off_rate(self) -> float:
        """Share of the turns, 0..1."""
        return self.cut_off / self.turns

    @property
    def cut_off_bounds(self) -> tuple[float, float]:
        """The 95 % interval of the rate: Wilson's, 1927."""
        z, n, share = 1.96, self.turns, self.cut_off_rate
        middle = share + z * z / (2 * n)
        spread = z * sqrt(share * (1 - share) / n + z * z / (4 * n * n))
        return max(0.0, (middle - spread) / (1 + z * z / n)), min(1.0, (middle + spread) / (1 + z * z / n))


@dataclass(frozen=True, slots=True)
class Judges:
    """The models that judge the pauses."""

    detector: Detector
    turn_model: TurnModel
    recogniser: Recogniser
    ending: Callable[[str], float | None]
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
    """First sample of the turn; of each pause first frame, the frame after it, speech frames before it."""
    config = SegmentConfig()
    gate, pauses = Segmenter(config, LONGEST_PAUSE_S), []
    start, spoken, quiet = -1, 0, 0
    for at, frame in enumerate(frames_of(samples)):
        gate.push(detector.score(frame))
        if gate.state is State.SPEAKING:
            if start < 0:
                spoken = config.onset_frames - 1
                start = (at - spoken) * FRAME_SAMPLES - config.preroll_ms * RATE_HZ // 1000
            if quiet >= NOTICED_FRAMES:
                pauses.append((at - quiet, float(at), spoken))
            spoken, quiet = spoken + 1, 0
        elif start >= 0:
            quiet += 1
            if gate.state is State.QUIET:
                break
    if start >= 0 and quiet >= NOTICED_FRAMES:
        pauses.append((at + 1 - quiet, inf, spoken))
    return max(0, start), pauses


def taken_s(pauses: Sequence[Pause], wanted: Callable[[Evidence], float]) -> float:
    """When the turn is committed, seconds into the recording; infinite when it never is.

    At every frame the pause so far is compared with the pause that the evidence so far asks for.
    """
    for pause in pauses:
        noticed = NOTICED_FRAMES * FRAME_S
        for known, from_s, to_s in (
            (replace(pause.evidence, sound=None, words=None, ending=None), noticed, noticed + SOUND_AFTER_S),
            (
                replace(pause.evidence, words=None, ending=None),
                noticed + SOUND_AFTER_S,
                noticed + WORDS_AFTER_S,
            ),
            (
                replace(pause.evidence, ending=None),
                noticed + WORDS_AFTER_S,
                noticed + ENDING_AFTER_S,
            ),
            (pause.evidence, noticed + ENDING_AFTER_S, inf),
        ):
            frames = ceil(max(from_s, wanted(known)) / FRAME_S - 1e-6)  # the first that is long enough
            if frames * FRAME_S < to_s:
                if pause.begin_s + frames * FRAME_S < pause.end_s:
                    return pause.begin_s + frames * FRAME_S
                break
    return inf


def point(setting: str, turns: Sequence[Replayed], wanted: Callable[[Evidence], float]) -> TriedSetting:
    """Decide all turns in one way."""
    taken = [taken_s(turn.pauses, wanted) - turn.label.turn_end_s for turn in turns]
    silent = sorted(late for late in taken if late >= 0) or [inf]
    return TriedSetting(
        setting=setting,
        turns=len(turns),
        cut_off=sum(late < 0 for late in taken),
        missed=sum(late == inf for late in taken),
        dead_air_s=median(silent),
        dead_air_p90_s=silent[int(0.9 * (len(silent) - 1))],
    )


@dataclass(frozen=True, slots=True)
class Curves:
    """The trade-off of each way to decide."""

    ways: dict[str, list[TriedSetting]]
    """From eager to patient, by the name of the way."""
    as_set: TriedSetting
    """Ours with the settings given."""


def curves(turns: Sequence[Replayed], config: TurnConfig) -> Curves:
    """Sweep the pause of silence only, threshold and long pause of Smart Turn only, and our eagerness."""
    ours = [(_named(step / 20), _ours(config, step / 20)) for step in reversed(range(21))]
    ways = {"silence only": _silence_only(), "Smart Turn only": _sound_only(config), "ours": ours}
    return Curves(
        {name: [point(setting, turns, wanted) for setting, wanted in way] for name, way in ways.items()},
        point(_named(config.eager), turns, _ours(config, config.eager)),
    )


def _named(eagerness: float) -> str:
    return f"eagerness {eagerness:g}"


def _ours(config: TurnConfig, eagerness: float) -> Callable[[Evidence], float]:
    chosen = config.model_copy(update={"eagerness": eagerness})
    return lambda evidence: pause_wanted_s(evidence, chosen)


def _silence_only() -> Iterator[tuple[str, Callable[[Evidence], float]]]:
    for ms in range(100, 2001, 50):

        def wanted(_: Evidence, wanted_s: float = ms / 1000) -> float:
            return wanted_s

        yield f"pause {ms} ms", wanted


def _sound_only(config: TurnConfig) -> Iterator[tuple[str, Callable[[Evidence], float]]]:
    """As Smart Turn is mostly used: complete -> the turn is committed at once, else after a long pause."""
    shortest_s = config.min_pause_ms / 1000
    for longest_ms in range(600, 2001, 200):
        for threshold in (0.1, 0.3, 0.5, 0.7, 0.8, 0.9, 0.95, 0.98):

            def wanted(
                evidence: Evidence, longest_s: float = longest_ms / 1000, threshold: float = threshold
            ) -> float:
                over = evidence.sound is not None and evidence.sound >= threshold
                return shortest_s if over else longest_s

            yield f"threshold {threshold:g}, else {longest_ms} ms", wanted


def best(points: Sequence[TriedSetting], cut_offs: float = SENSIBLE_CUT_OFFS) -> TriedSetting | None:
    """The least dead air among points that cut off at most this share; None where all cut off more."""
    allowed = [point for point in points if point.cut_off_rate <= cut_offs]
    return min(allowed, key=lambda point: (point.dead_air_s, point.dead_air_p90_s), default=None)
