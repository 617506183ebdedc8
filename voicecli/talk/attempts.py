"""Where engines are called: what one raises, or how long it takes, becomes a fact.

One thread calls each stage, and it alone writes when the call began; `late` may run on any other.
Nobody can end a thread that is stuck in native code: the talk gives it up, and another thread goes on.
"""

from __future__ import annotations

import math
import re
import threading
import traceback
from contextlib import contextmanager, nullcontext
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, TypeVar

from voicecli.errors import EngineError, ServerError, StageError, VoicecliError
from voicecli.floor.stages import LANGUAGE_MODEL, Fault
from voicecli.floor.turns.faults import limits
from voicecli.threads.channel import ChannelClosed
from voicecli.waiting.lateness import Lateness

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence

    from voicecli.engines import Seat
    from voicecli.floor.stages import Stage
    from voicecli.system.clock import Clock
    from voicecli.threads.lane import Place
    from voicecli.waiting.urgency import Work

T = TypeVar("T")
E = TypeVar("E")

SHOWN_CHARS = 120
"""Characters of an engine's own exception that the user is shown."""

NO_BOUNDS: Mapping[Hashable, float] = MappingProxyType({})
"""Engines are late only by what is usual for them."""

_UNSAID = re.compile(r"""'[^']*'|"[^"]*"|`[^`]*`|[^\x20-\x7e]+""")
_WORD = re.compile(r"\w{3,}")


class Attempts:
    """Calls the engines for the workers of a talk, and knows since when each call is under way."""

    def __init__(self, clock: Clock, place: Place, most_s: Mapping[Hashable, float] = NO_BOUNDS) -> None:
        """`place` is where the talk waits for its turns to compute; `most_s` is for `lateness`."""
        self._clock = clock
        self._place = place
        self._since: dict[Stage, float] = {}  # when what is under way began, or last gave something
        self._asked: dict[Stage, tuple[float, float]] = {}  # when, and how much: calls whose time counts
        self.lateness = Lateness(most_s)
        """How late each engine is, by the calls that say how much is asked for."""
        self._lock = threading.Lock()
        self._threads: dict[Stage, int] = {}
        """Identifier of the thread that calls each stage; any other was given up."""

    def in_turn(
        self,
        work: Work,
        stage: Stage,
        call: Callable[[], T],
        given: Sequence[str] = (),
        size: float | None = None,
        *,
        here: bool = True,
    ) -> T | Fault:
        """Wait until it is the turn of this work, then give what `attempt` gives.

        With `size`, how much work it is in any unit, the time counts for `lateness`: the wait, too. If not
        `here`, the engine asks a server: nothing is computed in this process, so it waits for no turn.
        """
        asked_at = self._clock.now()
        if size is not None:
            self._asked[stage] = asked_at, size
        with self._place.turn(work, _engine(stage)) if here else nullcontext():
            found = self.attempt(stage, call, given)
        if size is not None and not isinstance(found, Fault):
            now = self._clock.now()
            self.lateness.took(stage, now, now - asked_at, size)
        return found

    def late_s(self, stage: Stage) -> float:
        """Any thread: how much later than usual the stage is now, s."""
        now = self._clock.now()
        asked_at, size = self._asked.get(stage, (now, 1.0))
        return self.lateness.late_s(stage, now, now - asked_at, size)

    def room_for(self, stage: Stage) -> Work:
        """The least urgent work that the stage would begin at once."""
        return self._place.room_for(_engine(stage))

    def attempt(self, stage: Stage, call: Callable[[], T], given: Sequence[str] = ()) -> T | Fault:
        """What `call` gives, or what it failed with. `given`: words it was given, which are not shown.

        Raises ChannelClosed when the talk ends, or when this thread was given up meanwhile.
        """
        self._threads[stage] = threading.get_ident()
        self._since[stage] = self._clock.now()
        try:
            return call()
        except ChannelClosed:
            raise
        except Exception as error:  # noqa: BLE001  # engines raise what they like: a fact of the talk
            return fault_of(stage, error, given)
        finally:
            with self._lock:
                self.check(stage)  # if it was given up, another thread goes on
                self._since.pop(stage, None)
                self._asked.pop(stage, None)

    def give_up(self, stage: Stage) -> Fault | None:
        """Any thread: wait no longer for a stage that hangs; None where it does not hang any more.

        The thread that called it ends as soon as the call returns.
        """
        with self._lock:
            if self._clock.now() - self._since.get(stage, math.inf) < limits(stage).hung_s:
                return None
            del self._since[stage], self._threads[stage]
            self._asked.pop(stage, None)
        self._place.give_up(_engine(stage))
        found = f"{stage.name} gave nothing for {limits(stage).hung_s:.0f} s, so it is begun anew"
        return Fault(found, stage.remedy, found, broken=True)

    def apart(self, stage: Stage, emit: Callable[[E], None]) -> Callable[[E], None]:
        """Wrap `emit` for an engine that gives piece after piece: each shows that the engine does not hang.

        While `emit` itself waits, no time counts for the engine. What counts for `lateness` is the wait for
        the first piece, for which the engine reads the whole prompt; and a later one that lasts longer.
        """
        began_at: float | None = self._clock.now()
        self._asked[stage] = self._clock.now(), 1.0

        def handed(piece: E) -> None:
            nonlocal began_at
            self.check(stage)
            self._since.pop(stage, None)
            self._asked.pop(stage, None)
            if began_at is not None:
                now = self._clock.now()
                self.lateness.took(stage, now, now - began_at)
                began_at = None
            emit(piece)
            self._since[stage] = self._clock.now()
            self._asked[stage] = self._clock.now(), 1.0

        return handed

    def check(self, stage: Stage) -> None:
        """Raise ChannelClosed if this thread, which called the stage, was given up meanwhile."""
        if self._threads.get(stage) != threading.get_ident():
            raise ChannelClosed(stage.name)

    def mend(self, seat: Seat[E], fault: Fault) -> bool:
        """Put another engine in the place of one that broke; say whether there is one now."""
        if not fault.broken:
            return False
        try:
            seat.renew()
        except VoicecliError:
            return False  # the old engine stays: if it fails again and again, the talk ends
        return True

    def late(self) -> list[Stage]:
        """Any thread: the stages that have given nothing for longer than their limit."""
        now = self._clock.now()
        since = list(self._since.items())
        return [stage for stage, began_at in since if now - began_at >= limits(stage).late_s]


def _engine(stage: Stage) -> Stage | None:
    """The stage, if its engine serves one call at a time; None for the language model.

    llama.cpp has a slot for each talk, and a server has its own ways.
    """
    return None if stage is LANGUAGE_MODEL else stage


def broken(part: str, error: Exception) -> StageError:
    """What ends a talk where no engine is to blame: `part` of voicecli itself raised this."""
    frames = traceback.extract_tb(error.__traceback__)
    place = f" at {Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else ""
    return StageError(
        f'the talk ended: its part "{part}" failed ({_why(error, ())}{place})',
        "this is a fault of voicecli: please report this line",
    )


@contextmanager
def in_one_line(stage: Stage, given: Sequence[str] = ()) -> Iterator[None]:
    """Outside a talk: raise EngineError for what an engine raises."""
    try:
        yield
    except VoicecliError:
        raise
    except Exception as error:
        fault = fault_of(stage, error, given)
        raise EngineError(fault.found, fault.remedy) from error


def fault_of(stage: Stage, error: Exception, given: Sequence[str]) -> Fault:
    """What is told of an exception of an engine. `given`: words it was given, which are not shown."""
    if isinstance(error, ServerError):
        return Fault(error.found, error.remedy, error.found, counts=False, apologise=error.apologise)
    if isinstance(error, VoicecliError):
        # An engine that refuses in its own words is whole. One that another exception made fail is broken.
        return Fault(error.found, error.remedy, error.found, broken=error.__cause__ is not None)
    why = _why(error, given)
    return Fault(f"{stage.name} failed ({why})", stage.remedy, why, broken=True)


def _why(error: Exception, given: Sequence[str]) -> str:
    """Give the error's class and its first line, without what is quoted there and without words of `given`.

    Either may be what somebody said.
    """
    said = {word.casefold() for text in given for word in _WORD.findall(text)}
    line = next(iter(str(error).strip().splitlines()), "")
    line = _WORD.sub(lambda word: "..." if word[0].casefold() in said else word[0], _UNSAID.sub("...", line))
    return f"{type(error).__name__}: {line[:SHOWN_CHARS]}" if line else type(error).__name__
