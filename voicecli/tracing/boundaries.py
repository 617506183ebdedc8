"""What crosses the boundaries of a talk -> lines of JSON: `talk --debug`. Pure; docs/debug.md describes them.

frames             one line for each second of them
any other fact     one line, from the worker that reports it
each order         one line, from the floor to the worker that gets it
sound              one line for each second of the microphone's blocks, and of the detector's frames;
                   one for each part of a clause that the voice made
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from voicecli.floor import facts
from voicecli.floor import orders as to
from voicecli.floor.load_facts import QualityChanged, ServerBusy
from voicecli.tracing.described import Describer, of_figures

if TYPE_CHECKING:
    from collections.abc import Iterator

    from voicecli.audio.probe import Crossing
    from voicecli.floor.facts import Fact
    from voicecli.floor.orders import Order
    from voicecli.tracing.described import Json

EVERY_S = 1.0
"""s: one line tells of all frames of this time."""

FROM: dict[str, tuple[type, ...]] = {
    "ear": (
        *(facts.Hiss, facts.Gate, facts.SoFar, facts.Flushed, facts.Closed, facts.EngineWorked),
        QualityChanged,
    ),
    "scribe": (facts.Transcribed,),
    "judge": (facts.Judged,),
    "author": (
        *(facts.HasRead, facts.EndingJudged, facts.ClauseWritten, facts.TakenBack, facts.ReplyWritten),
        ServerBusy,
    ),
    "mouth": (facts.ClauseVoiced, facts.ClauseSounds, facts.ReplyEnded, facts.CueMade),
    "keys": (facts.Pressed, facts.Typed),
}
"""Worker -> the facts that only it reports; those of several are from a `worker`."""
TO: dict[str, tuple[type, ...]] = {
    "ear": (to.Listen, to.Snapshot, to.EndSegment, to.Trim, to.Flush, to.Believe),
    "scribe": (to.Transcribe,),
    "judge": (to.Judge,),
    "author": (to.ReadAhead, to.Hurry, to.Write, to.GoOn),
    "mouth": (to.Say, to.Unsay, to.End, to.MakeCue, to.LetSound),
    "loudspeaker": (to.Playout, to.Cue, to.Drop),
    "views": (to.Tell,),
}
"""Who gets it -> orders."""
ANSWERS: dict[type, type] = {
    facts.SoFar: to.Snapshot,
    facts.Flushed: to.Flush,
    facts.Transcribed: to.Transcribe,
    facts.Judged: to.Judge,
    facts.HasRead: to.ReadAhead,
    facts.ReplyWritten: to.Write,
    facts.ClauseVoiced: to.Say,
    facts.ReplyEnded: to.End,
    facts.CueMade: to.MakeCue,
}
"""Fact -> the order that it answers. One order of a kind is under way at a time."""

PASSING = (facts.Tick, facts.DayTime)
"""That time passes crosses ten times a second and says nothing; the orders that follow from it are told."""


class Boundaries:
    """Lines of a talk that began at a time on its clock. For one thread."""

    def __init__(self, began: float, *, words: bool) -> None:
        """`words`: show what was said as well."""
        self._describer = Describer(began, words=words)
        self._frames: list[facts.Frame] = []
        self._since = began
        self._asked: dict[type, float] = {}

    def fact(self, at: float, fact: Fact, orders: list[Order]) -> Iterator[str]:
        """The lines of a fact that was reported at `at`, s, and of the orders that the floor gave for it."""
        if isinstance(fact, facts.Frame):
            yield from self._frame(at, fact)
        elif not isinstance(fact, PASSING):
            took: dict[str, Json] = {}
            if (asked_at := self._asked.pop(ANSWERS.get(type(fact), object), None)) is not None:
                took = {"took_s": round(at - asked_at, 4)}
            yield self._line(at, _who(FROM, fact), "floor", fact, took)
        for order in orders:
            self._asked[type(order)] = at
            yield self._line(at, "floor", _who(TO, order), order, {})

    def sound(self, crossing: Crossing) -> str:
        """The line of sound."""
        return _json(
            {
                "t": self._t(crossing.at),
                "from": crossing.place,
                "what": "sound",
                "rate_hz": crossing.rate_hz,
                "duration_s": round(crossing.duration_s, 4),
                "pieces": crossing.pieces,
                **of_figures(crossing.figures),
            }
        )

    def lost(self, at: float, count: int) -> str:
        """A line that says how many facts are missing here."""
        return _json({"t": self._t(at), "from": "debug", "what": "lost", "count": count})

    def _frame(self, at: float, frame: facts.Frame) -> Iterator[str]:
        self._frames.append(frame)
        if at - self._since < EVERY_S:
            return
        frames, self._frames, self._since = self._frames, [], at
        levels = [each.level_dbfs for each in frames]
        spoken = [each.probability for each in frames]
        yield _json(
            {
                "t": self._t(at),
                "from": "ear",
                "to": "floor",
                "what": "Frame",
                "count": len(frames),
                "level_dbfs": round(sum(levels) / len(levels), 1),
                "min_dbfs": round(min(levels), 1),
                "max_dbfs": round(max(levels), 1),
                "probability": round(max(spoken), 3),
                "gate": frame.gate.name,
                "pause_s": round(frame.pause_s, 3),
                "spoken_s": round(frame.spoken_s, 3),
                "audible": sum(each.audible for each in frames),
            }
        )

    def _line(self, at: float, from_: str, to_: str, crossed: Fact | Order, more: dict[str, Json]) -> str:
        kind, fields = type(crossed).__name__, self._describer.fields(crossed)
        match crossed:
            case to.Tell(event):
                fields = {"event": event.name, **self._describer.fields(event)}
                del fields["t"]
            case facts.Gate(event):
                kind = type(event).__name__
            case facts.Transcribed(order):  # its sound was told of when it was asked for
                fields["order"] = {"turn": order.turn, "segment": order.segment, "overlap": order.overlap}
            case _:
                pass
        return _json({"t": self._t(at), "from": from_, "to": to_, "what": kind, **more, **fields})

    def _t(self, at: float) -> float | None:
        return self._describer.time(at)


def _json(line: dict[str, Json]) -> str:
    return json.dumps(line, allow_nan=False)


def _who(table: dict[str, tuple[type, ...]], crossed: Fact | Order) -> str:
    """The worker; what several of them may report has none."""
    return next((name for name, kinds in table.items() if isinstance(crossed, kinds)), "worker")
