"""Turns -> how each way to decide trades cuts for delay: every setting of it, and the best within a budget.

The budgets are those of eot-bench (github.com/livekit/eot-bench, README, "Policy Sweep and Operating
Points"), so figures can be put beside its table: the least share of pauses cut among settings whose mean
delay is at most 0.3 or 0.6 s, and the least mean delay among settings that cut at most 5 or 10 % of pauses.
As there, the setting is chosen on the very turns that are counted, and nothing is interpolated between two
settings: each figure is one that a setting reached.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from voicecli.bench.turns.counting import count
from voicecli.messages import FRAME_S
from voicecli.turn.decision import pause_wanted_s

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from voicecli.bench.turns.counting import TriedSetting
    from voicecli.bench.turns.replay import Replayed
    from voicecli.config import TurnConfig
    from voicecli.turn.decision import Evidence

DELAYS_S = (0.3, 0.6)
"""Mean delays at which the share of pauses cut is told."""
SENSIBLE_CUT_OFFS = 0.05
CUT_SHARES = (SENSIBLE_CUT_OFFS, 0.1)
"""Shares of pauses cut at which the mean delay is told."""

EAGERNESS_STEPS = 40
ACTION_DELAYS_S = (0.4, 0.7)
"""s of silence before Smart Turn is believed. The sweep tries these, and `turn.min_pause_ms`."""


@dataclass(frozen=True, slots=True)
class Curves:
    """The trade-off of each way to decide."""

    ways: dict[str, list[TriedSetting]]
    """From eager to patient, by the name of the way."""
    as_set: TriedSetting
    """The way of this program, with the settings as the user has them."""


def curves(turns: Sequence[Replayed], config: TurnConfig) -> Curves:
    """Try three ways, each with many settings: silence only, Smart Turn only, and that of this program."""
    steps = [step / EAGERNESS_STEPS for step in reversed(range(EAGERNESS_STEPS + 1))]
    ours = [(_named(eagerness), _ours(config, eagerness)) for eagerness in steps]
    as_set = [(_named(config.eager), _ours(config, config.eager))]
    ways = {"silence only": _silence_only(), "Smart Turn only": _sound_only(config), "ours": ours}
    return Curves(
        {name: count(turns, settings) for name, settings in ways.items()},
        count(turns, as_set)[0],
    )


def _named(eagerness: float) -> str:
    return f"eagerness {eagerness:g}"


def _ours(config: TurnConfig, eagerness: float) -> Callable[[Evidence], float]:
    chosen = config.model_copy(update={"eagerness": eagerness})
    return lambda evidence: pause_wanted_s(evidence, chosen)


def _silence_only() -> Iterator[tuple[str, Callable[[Evidence], float]]]:
    for frames in range(3, 63):  # to 2 s; between two frames nothing is decided

        def wanted(_: Evidence, wanted_s: float = frames * FRAME_S) -> float:
            return wanted_s

        yield f"pause {1000 * frames * FRAME_S:.0f} ms", wanted


def _sound_only(config: TurnConfig) -> Iterator[tuple[str, Callable[[Evidence], float]]]:
    """As Smart Turn is mostly used: complete -> the turn is committed soon, else after a long pause."""
    for shortest_s in (config.min_pause_ms / 1000, *ACTION_DELAYS_S):
        for longest_ms in range(600, 2001, 200):
            for threshold in (0.1, 0.3, 0.5, 0.7, 0.8, 0.9, 0.95, 0.98):

                def wanted(
                    evidence: Evidence,
                    soon_s: float = shortest_s,
                    longest_s: float = max(shortest_s, longest_ms / 1000),
                    threshold: float = threshold,
                ) -> float:
                    over = evidence.sound is not None and evidence.sound >= threshold
                    return soon_s if over else longest_s

                yield f"threshold {threshold:g}: {1000 * shortest_s:.0f} ms, else {longest_ms} ms", wanted


def best(points: Sequence[TriedSetting], cut_offs: float = SENSIBLE_CUT_OFFS) -> TriedSetting | None:
    """The least mean delay among points that cut at most this share of pauses; None where all cut more."""
    allowed = [point for point in points if point.pauses_cut_rate <= cut_offs]
    return min(allowed, key=lambda point: (point.dead_air_mean_s, point.pauses_cut_rate), default=None)


def fewest_cuts(points: Sequence[TriedSetting], delay_s: float) -> TriedSetting | None:
    """The fewest pauses cut among points with at most this mean delay; None where all are slower."""
    allowed = [point for point in points if point.dead_air_mean_s <= delay_s + 1e-9]
    return min(allowed, key=lambda point: (point.pauses_cut_rate, point.dead_air_mean_s), default=None)


def frontier(points: Sequence[TriedSetting]) -> list[TriedSetting]:
    """Keep the points that no other beats in both delay and cuts, from eager to patient."""
    kept: list[TriedSetting] = []
    for point in sorted(points, key=lambda point: (point.dead_air_mean_s, point.pauses_cut_rate)):
        if not kept or point.pauses_cut_rate < kept[-1].pauses_cut_rate:
            kept.append(point)
    return kept
