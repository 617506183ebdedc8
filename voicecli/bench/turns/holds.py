"""A label and the pauses that the gate found -> which of them are inside the turn, and which are its end.

    labelled    speech ######## [ hold ] ########       ########|turn_end_s
    gate        speech #######.  . . .  ######## . . . #########. . . . . . . . . .
                              [ cut here? ]     [hold]          [ the end: how late? ]

A labelled pause that the gate has not noticed is a hold, too, in which nothing can be decided. A pause of the
gate that no label names, such as a breath or the closure of a consonant, is also a hold: a decision there
cuts the speaker off just the same.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from voicecli.bench.turns.replay import Pause, Replayed

HOLD_S = (0.2, 5.0)
"""s: shortest and longest pause inside a turn that is counted, as in eot-bench (its README, "Metrics")."""

ROUNDED_S = 0.0011
"""s: labels are rounded to the millisecond, so the length of a pause may be 1 ms wrong."""


@dataclass(frozen=True, slots=True)
class Hold:
    """A pause inside the turn: the speaker goes on after it."""

    begin_s: float
    end_s: float
    """By the label where there is one, else by the gate."""

    @property
    def counted(self) -> bool:
        """Whether it is neither too short nor too long to be counted by itself."""
        shortest, longest = HOLD_S
        return shortest - ROUNDED_S <= self.end_s - self.begin_s <= longest + ROUNDED_S


@dataclass(frozen=True, slots=True)
class PlacedPause:
    """A pause of the gate, and what it is a part of."""

    pause: Pause
    holds: tuple[int, ...]
    """Indices of the holds that it overlaps, in time order. There are two where the gate missed a word."""
    inside: bool
    """The gate hears speech go on before the turn is over."""

    def hold_at(self, decided_s: float, holds: list[Hold]) -> int | None:
        """Index of the hold that is cut by this decision: the last that has begun by then."""
        begun = [index for index in self.holds if holds[index].begin_s <= decided_s]
        return max(begun, default=self.holds[0]) if self.holds else None


@dataclass(frozen=True, slots=True)
class LaidOut:
    """A turn, ready to be counted."""

    end_s: float
    holds: list[Hold]
    pauses: list[PlacedPause]
    """In time order."""


def laid_out(turn: Replayed) -> LaidOut:
    """Find out what each pause is a part of."""
    end_s = turn.label.turn_end_s
    holds = [Hold(inside.begin_s, inside.end_s) for inside in turn.label.inside]
    labelled = len(holds)
    pauses = []
    for pause in turn.pauses:
        inside = pause.end_s <= end_s
        found = [
            index
            for index, hold in enumerate(holds[:labelled])
            if pause.begin_s < hold.end_s and hold.begin_s < pause.end_s
        ]
        if inside and not found:
            found = [len(holds)]
            holds.append(Hold(pause.begin_s, pause.end_s))
        pauses.append(PlacedPause(pause, tuple(found), inside))
    return LaidOut(end_s, holds, pauses)
