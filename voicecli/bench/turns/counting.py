"""Turns and a way to decide -> how many pauses and turns are cut, how audibly, and the delay at the ends.

    speech ####### . . . . . . . #######                    a pause inside the turn, and
                         ^ decided                          the decision in it, which is false
                         |-- 0.12 s --| first sound of the reply
           resumed:   unheard         |---- 0.6 s ----| lost
                                          rejoined

Every pause is judged as if no cut had come before it: after a cut the turn goes on. As in a talk, the models
need time, so each piece of evidence is known only some while after the pause begins.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from math import ceil, inf, sqrt
from statistics import mean, median
from typing import TYPE_CHECKING, Literal, TypeAlias

from voicecli.bench.turns.holds import laid_out
from voicecli.bench.turns.replay import NOTICED_FRAMES
from voicecli.floor.turns.turn import LATE_S
from voicecli.messages import FRAME_S

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from voicecli.bench.turns.holds import LaidOut, PlacedPause
    from voicecli.bench.turns.replay import Pause, Replayed
    from voicecli.turn.decision import Evidence

    Wanted: TypeAlias = Callable[[Evidence], float]
    """A way to decide: how long the pause must get, seconds, with the evidence so far."""

    Stages: TypeAlias = tuple[tuple[float, float, Evidence], ...]
    """What is known in a pause, from and until so many seconds after it began."""

SOUND_AFTER_S = 0.07
"""s until Smart Turn has judged a pause."""
WORDS_AFTER_S = 0.13
"""s until the words are transcribed."""
ENDING_AFTER_S = 0.2
"""s until the language model has read them. All three on two cores: docs/decisions/0006-turn-decision.md."""

FIRST_SOUND_S = 0.12
"""s from the decision to the first sound, where the reply is ready: the frame's way in and the sound's way
out, `device_in` 42 ms and `playback` 73 ms, medians of 48 turns (docs/latency.md)."""

UNDECIDED_S = 3.0
"""s: the delay of an end that is never decided counts as this. In every recording, at least so much time
without speech follows the turn (labels.py)."""

Kind: TypeAlias = Literal["unheard", "rejoined", "lost"]
KINDS: tuple[Kind, ...] = ("unheard", "rejoined", "lost")
"""Kinds of cut, from the harmless to the worst."""


@dataclass(frozen=True, slots=True)
class Cuts:
    """Number of cuts (decisions inside a turn) of each kind. The kinds differ in when speech goes on."""

    unheard: int = 0
    """Speech goes on before the first sound of the reply, so nobody hears that there was a reply."""
    rejoined: int = 0
    """It goes on within LATE_S of that sound. A syllable is heard; the words are joined to those before."""
    lost: int = 0
    """It goes on later, or so softly that the gate never hears it: the agent talks over the user, and does
    not answer their turn as a whole."""

    @property
    def all(self) -> int:
        """Of all kinds."""
        return self.unheard + self.rejoined + self.lost


@dataclass(frozen=True, slots=True)
class TriedSetting:
    """One setting of one way to decide, over all turns."""

    setting: str
    turns: int
    turn_cuts: Cuts
    """Turns decided before their end, each by the worst of its cuts."""
    pauses: int
    """Pauses inside turns that are counted by themselves."""
    pause_cuts: Cuts
    """Of these, those in which the turn was taken for finished, each by its first cut."""
    missed: int
    """Ends that are never decided, and turns in which no speech is found."""
    dead_air_mean_s: float
    """From the end of a turn to the decision, over all ends; those missed count as UNDECIDED_S."""
    dead_air_s: float
    """Median of the same."""
    dead_air_p90_s: float

    @property
    def cut_off(self) -> int:
        """Turns with a cut of any kind."""
        return self.turn_cuts.all

    @property
    def cut_off_rate(self) -> float:
        """Share of the turns, 0..1."""
        return self.cut_off / self.turns

    @property
    def cut_off_bounds(self) -> tuple[float, float]:
        """The 95 % interval of `cut_off_rate`."""
        return bounds(self.cut_off, self.turns)

    @property
    def pauses_cut_rate(self) -> float:
        """Share of the pauses, 0..1: eot-bench's false cut-offs. 0 where there is no pause."""
        return self.pause_cuts.all / self.pauses if self.pauses else 0.0

    @property
    def pauses_cut_bounds(self) -> tuple[float, float]:
        """The 95 % interval of `pauses_cut_rate`."""
        return bounds(self.pause_cuts.all, self.pauses)


def bounds(found: int, n: int) -> tuple[float, float]:
    """The 95 % interval of a share `found` of `n`: Wilson's, 1927."""
    if not n:
        return 0.0, 1.0
    z, share = 1.96, found / n
    middle = share + z * z / (2 * n)
    spread = z * sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    return max(0.0, (middle - spread) / (1 + z * z / n)), min(1.0, (middle + spread) / (1 + z * z / n))


def stages_of(pause: Pause) -> Stages:
    """Divide the pause into stages by what is known; leave out stages that would begin after its end."""
    evidence, noticed = pause.evidence, NOTICED_FRAMES * FRAME_S
    sound, words, ending = (noticed + late for late in (SOUND_AFTER_S, WORDS_AFTER_S, ENDING_AFTER_S))
    stages = (
        (noticed, sound, replace(evidence, sound=None, words=None, ending=None)),
        (sound, words, replace(evidence, words=None, ending=None)),
        (words, ending, replace(evidence, ending=None)),
        (ending, inf, evidence),
    )
    return tuple(stage for stage in stages if pause.begin_s + stage[0] < pause.end_s)


def decided_s(pause: Pause, stages: Stages, wanted: Wanted) -> float:
    """When the turn is committed in this pause, seconds into the recording; infinite where it is not.

    At every frame the pause so far is compared with the pause that the evidence so far asks for.
    """
    for from_s, to_s, known in stages:
        frames = ceil(max(from_s, wanted(known)) / FRAME_S - 1e-6)  # the first that is long enough
        if frames * FRAME_S < to_s:
            taken_s = pause.begin_s + frames * FRAME_S
            return taken_s if taken_s < pause.end_s else inf
    return inf


def kind_of(taken_s: float, resumed_s: float) -> Kind:
    """Say how audible the cut is. `resumed_s`: when speech goes on; infinite if the gate never hears it."""
    sounds_s = taken_s + FIRST_SOUND_S
    if resumed_s < sounds_s:
        return "unheard"
    return "rejoined" if resumed_s - sounds_s <= LATE_S else "lost"


def count(
    turns: Iterable[Replayed], settings: Iterable[tuple[str, Callable[[Evidence], float]]]
) -> list[TriedSetting]:
    """Decide all turns with each setting. A setting is a name and a function: evidence -> pause wanted, s."""
    tallies = [_Tally(setting, wanted) for setting, wanted in settings]
    for turn in turns:
        laid = laid_out(turn)
        stages = [stages_of(placed.pause) for placed in laid.pauses]
        for tally in tallies:  # settings inside, turns outside: `word_evidence` keeps only the newest words
            tally.add(laid, stages)
    return [tally.figures() for tally in tallies]


@dataclass(slots=True)
class _Tally:
    """What one setting has done so far."""

    setting: str
    wanted: Wanted
    turn_kinds: list[Kind | None] = field(default_factory=list)
    pause_kinds: list[Kind | None] = field(default_factory=list)
    delays_s: list[float | None] = field(default_factory=list)
    """None: the end was not judged, because the gate joined it with a pause in which the turn was cut."""

    def add(self, turn: LaidOut, stages: Sequence[Stages]) -> None:
        """Decide one turn."""
        holds: list[Kind | None] = [None] * len(turn.holds)
        worst: Kind | None = None
        delay_s: float | None = inf
        for placed, known in zip(turn.pauses, stages, strict=True):
            taken_s = decided_s(placed.pause, known, self.wanted)
            if taken_s == inf:
                continue
            if not self._is_cut(placed, taken_s, turn.end_s):
                if delay_s == inf:
                    delay_s = max(0.0, taken_s - turn.end_s)
                continue
            kind = kind_of(taken_s, placed.pause.end_s)
            worst = kind if worst is None else max(worst, kind, key=KINDS.index)
            at = placed.hold_at(taken_s, turn.holds)
            if at is not None and holds[at] is None:
                holds[at] = kind
            if not placed.inside and delay_s == inf:
                delay_s = None
        self.turn_kinds.append(worst)
        self.pause_kinds += [kind for kind, hold in zip(holds, turn.holds, strict=True) if hold.counted]
        self.delays_s.append(delay_s)

    @staticmethod
    def _is_cut(placed: PlacedPause, taken_s: float, end_s: float) -> bool:
        """Whether the decision comes before the turn is over.

        If the gate hears no speech after this pause, a decision is too early only if the reply would sound
        before the end. A word may end in sounds too faint for the gate; to decide during these does no harm.
        """
        return placed.inside or taken_s + FIRST_SOUND_S < end_s

    def figures(self) -> TriedSetting:
        """All that was counted."""
        judged = [delay_s for delay_s in self.delays_s if delay_s is not None]
        delays_s = sorted(UNDECIDED_S if delay_s == inf else delay_s for delay_s in judged) or [UNDECIDED_S]
        return TriedSetting(
            setting=self.setting,
            turns=len(self.turn_kinds),
            turn_cuts=_cuts(self.turn_kinds),
            pauses=len(self.pause_kinds),
            pause_cuts=_cuts(self.pause_kinds),
            missed=judged.count(inf),
            dead_air_mean_s=mean(delays_s),
            dead_air_s=median(delays_s),
            dead_air_p90_s=delays_s[ceil(0.9 * len(delays_s)) - 1],
        )


def _cuts(kinds: Sequence[Kind | None]) -> Cuts:
    return Cuts(*(kinds.count(kind) for kind in KINDS))
