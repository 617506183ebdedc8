"""How the floor counts engines that fail or hang, and tells the user.

it raises                one line; the turn ends without it, or goes on without it
three times in a row     the talk ends when the turn is over: StageError; not for a server
nothing for late_s       a warning that names it, once a turn
nothing for hung_s       the same as if it had raised
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from voicecli import events
from voicecli.errors import StageError
from voicecli.floor.stages import CONVERSION, DETECTOR, LANGUAGE_MODEL

if TYPE_CHECKING:
    from voicecli.floor.stages import Fault, Stage
    from voicecli.floor.turns.exchange import Exchange, Out

IN_A_ROW = 3
"""Turns in a row that fail in one stage and end the talk; of detector and conversion, frames or blocks."""

LATE_S = 30.0
"""The user is told of an engine that has given nothing for this long. A choice: nobody goes on waiting for an
answer that long; but a slow computer may take as long to read a conversation anew, so nothing is ended."""

HUNG_S = 60.0
"""An engine that hears or speaks and gives nothing for this long is given up. A choice: four times
what the longest piece of speech took on two cores (14 s), and nobody waits longer."""


@dataclass(frozen=True, slots=True)
class StageLimits:
    """How long an engine may give nothing, s, while it holds up a turn or the sound."""

    late_s: float = LATE_S
    """Then the user is told."""
    hung_s: float = HUNG_S
    """Then it is given up, and begun anew."""


_LIMITS = {
    LANGUAGE_MODEL: StageLimits(hung_s=240.0),
    DETECTOR: StageLimits(late_s=3.0, hung_s=10.0),
    CONVERSION: StageLimits(late_s=3.0, hung_s=10.0),
}
"""Choices. A prompt of 2,000 tokens may take a slow computer 100 s; a server has limits of its own.
What works on all sound takes 1 ms a frame; the ring before it holds 8 s."""


def limits(stage: Stage) -> StageLimits:
    """How long this stage may give nothing."""
    return _LIMITS.get(stage, StageLimits())


_CHECK = 'run "voicecli doctor --full"'


class Strikes:
    """How often each stage failed in a row, and what the user was told of it."""

    def __init__(self, out: Out, exchange: Exchange) -> None:
        self._out = out
        self._exchange = exchange
        self._rows: dict[Stage, tuple[int, int]] = {}  # failures in a row, and the unit that failed last
        self._ends: dict[Stage, StageError] = {}  # faults of stages that failed too often
        self._told: dict[tuple[Stage, str], int] = {}  # the newest turn then

    def failed(self, stage: Stage, unit: int, fault: Fault) -> None:
        """Count a failure; failures of one `unit` (the number of a turn or a frame) count once."""
        if not fault.counts:
            return
        count, newest = self._rows.get(stage, (0, -1))
        count += unit != newest or not count
        self._rows[stage] = count, unit
        if count >= IN_A_ROW:
            self._ends[stage] = StageError(
                f"{stage.name} failed three times in a row, so the talk ended: {fault.why}",
                fault.remedy if fault.why == fault.found else _CHECK,
            )

    def worked(self, stage: Stage) -> None:
        """The stage did its work, so its count begins anew. Work that was cancelled proves nothing."""
        self._rows.pop(stage, None)
        self._ends.pop(stage, None)

    def warn(self, stage: Stage, fault: Fault) -> None:
        """Warn that the talk goes on without an engine, once a turn."""
        self._warn(stage, "failed", fault.found, fault.remedy)

    def late(self, stage: Stage) -> None:
        """Warn of an engine that seems to hang, once a turn."""
        found = f"{stage.name} has been at work for {limits(stage).late_s:.0f} s and gives nothing"
        self._warn(stage, "late", found, "wait, or end the talk with Ctrl-C and begin anew")

    def end(self) -> StageError | None:
        """The error that ends the talk, if there is one; only after the turn under way has ended."""
        over = self._exchange.settled == self._exchange.newest
        return next((end for stage, end in self._ends.items() if over or not stage.in_turns), None)

    def _warn(self, stage: Stage, what: str, found: str, remedy: str) -> None:
        newest = self._exchange.newest
        if self._told.get((stage, what)) != newest:
            self._told[stage, what] = newest
            self._out.tell(events.Warned(self._out.t, found, remedy, newest or None))
