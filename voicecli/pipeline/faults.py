"""Where engines are called: what one raises, or how long it takes, becomes a fact of the talk.

    it raises                one line; the turn ends without it, or goes on without it
    three times in a row     the talk ends when the turn is over: StageError, which `look` raises
    nothing for LATE_S       a warning, once a turn

Each stage is called by one thread, which alone writes what is kept of it; `look` may run on any other.
A thread that is stuck in native code cannot be ended from outside: that is told, and Ctrl-C ends the talk.
"""

from __future__ import annotations

import re
import traceback
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from voicecli import events
from voicecli.channel import Closed
from voicecli.errors import StageError, VoicecliError
from voicecli.reply.generate import never

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from voicecli.pipeline.turns import Turns
    from voicecli.reply.generate import Cancelled

T = TypeVar("T")
E = TypeVar("E")

IN_A_ROW = 3
"""Turns that fail in the same stage one after another end the talk; of what hears sound, frames or blocks."""

LATE_S = 30.0
"""An engine that has given nothing for so long is told. A choice: nobody goes on waiting for an answer for so
long; but a slow computer may need as long to read a conversation anew, so nothing is ended."""

SHOWN_CHARS = 120
"""So much of what an engine's own exception says is shown."""

_CHECK = 'run "voicecli doctor --full"'
_UNSAID = re.compile(r"""'[^']*'|"[^"]*"|`[^`]*`|[^\x20-\x7e]+""")
_WORD = re.compile(r"\w{3,}")


@dataclass(frozen=True, slots=True)
class Stage:
    """What an engine is for."""

    name: str
    remedy: str
    """For an exception that tells of none."""
    in_turns: bool = True
    """Else it hears the sound, turn or not."""


TRANSCRIBER = Stage("speech to text", "say it again")
LANGUAGE_MODEL = Stage("the language model", "ask again: your words are remembered")
VOICE = Stage("the voice", 'ask again, or run "voicecli models verify"')
TURN_MODEL = Stage("the end-of-turn model", 'your pauses may be longer; run "voicecli models verify"')
DETECTOR = Stage("voice activity detection", 'run "voicecli models verify"', in_turns=False)
CONVERSION = Stage(
    "conversion and echo cancelling",
    'say it again; audio.echo = "off" in the settings does without the latter',
    in_turns=False,
)


@dataclass(frozen=True, slots=True)
class Fault:
    """What an engine failed with."""

    found: str
    remedy: str
    why: str
    """`found` without the stage."""


class Faults:
    """Runs what engines do, and keeps count of what failed."""

    def __init__(self, turns: Turns) -> None:
        self._turns = turns
        self._rows: dict[Stage, tuple[int, int]] = {}  # failures in a row, and the newest of what failed
        self._ends: dict[Stage, StageError] = {}  # of those that failed too often
        self._since: dict[Stage, float] = {}  # when what is under way began, or last gave something
        self._warned: dict[tuple[Stage, str], int] = {}  # the newest turn then

    def attempt(
        self,
        stage: Stage,
        unit: int,
        call: Callable[[], T],
        given: Sequence[str] = (),
        cancelled: Cancelled = never,
    ) -> T | Fault:
        """What `call` gives, or what it failed with, which is the caller's to tell.

        `unit` numbers what fails as one: a turn, a frame. `given`: words the engine was given, which are not
        shown. What was cancelled proves nothing. Raises Closed.
        """
        self._since[stage] = self._turns.clock.now()
        try:
            result = call()
        except Closed:
            raise
        except Exception as error:  # noqa: BLE001  # engines raise what they like: a fact of the talk
            fault = _fault(stage, error, given)
            self._count(stage, unit, fault)
            return fault
        finally:
            self._since.pop(stage, None)
        if not cancelled():
            self._rows.pop(stage, None)
            self._ends.pop(stage, None)
        return result

    def in_passing(self, stage: Stage, call: Callable[[], object], given: Sequence[str] = ()) -> None:
        """Do what saves time, and is not missed: one that fails is a warning, and does not count."""
        self._since[stage] = self._turns.clock.now()
        try:
            call()
        except Closed:
            raise
        except Exception as error:  # noqa: BLE001  # as above
            self.warn(stage, _fault(stage, error, given))
        finally:
            self._since.pop(stage, None)

    def apart(self, stage: Stage, emit: Callable[[E], None]) -> Callable[[E], None]:
        """`emit`, for the engine under way: who gives something does not hang, nor while `emit` waits."""

        def handed(piece: E) -> None:
            self._since.pop(stage, None)
            emit(piece)
            self._since[stage] = self._turns.clock.now()

        return handed

    def warn(self, stage: Stage, fault: Fault) -> None:
        """Tell what the talk goes on without, once a turn."""
        self._warn(stage, "failed", fault.found, fault.remedy)

    def look(self) -> None:
        """Any thread: warn of an engine that seems to hang. Raises StageError for one that failed too often.

        Nobody is cut short by that in the middle of a sentence: the turn ends before the talk does.
        """
        for stage, end in list(self._ends.items()):
            if not stage.in_turns or self._turns.settled == self._turns.newest:
                raise end
        if not self._turns.ready:
            return  # models are being read
        now = self._turns.clock.now()
        for stage, since in list(self._since.items()):
            if now - since >= LATE_S:
                found = f"{stage.name} has been at work for {LATE_S:.0f} s and gives nothing"
                self._warn(stage, "late", found, "wait, or end the talk with Ctrl-C and begin anew")

    def _warn(self, stage: Stage, what: str, found: str, remedy: str) -> None:
        newest = self._turns.newest
        if self._warned.get((stage, what)) != newest:
            self._warned[stage, what] = newest
            self._turns.emit(events.Warned(self._turns.elapsed_s(), found, remedy, newest or None))

    def _count(self, stage: Stage, unit: int, fault: Fault) -> None:
        if self._turns.stop.is_set():
            return  # engines are closed under those who use them
        count, newest = self._rows.get(stage, (0, -1))
        count += unit != newest or not count
        self._rows[stage] = count, unit
        if count >= IN_A_ROW:
            self._ends[stage] = StageError(
                f"{stage.name} failed three times in a row, so the talk ended: {fault.why}",
                fault.remedy if fault.why == fault.found else _CHECK,
            )


def broken(part: str, error: Exception) -> StageError:
    """What ends a talk where no engine is to blame: `part` of voicecli itself raised this."""
    frames = traceback.extract_tb(error.__traceback__)
    place = f" at {Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else ""
    return StageError(
        f'the talk ended: its part "{part}" failed ({_why(error, ())}{place})',
        "this is a fault of voicecli: please report this line",
    )


def _fault(stage: Stage, error: Exception, given: Sequence[str]) -> Fault:
    if isinstance(error, VoicecliError):
        return Fault(error.found, error.remedy, error.found)
    why = _why(error, given)
    return Fault(f"{stage.name} failed ({why})", stage.remedy, why)


def _why(error: Exception, given: Sequence[str]) -> str:
    """Class and first line; not what is quoted there, nor words of `given`: it may be what somebody said."""
    said = {word.casefold() for text in given for word in _WORD.findall(text)}
    line = next(iter(str(error).strip().splitlines()), "")
    line = _WORD.sub(lambda word: "..." if word[0].casefold() in said else word[0], _UNSAID.sub("...", line))
    return f"{type(error).__name__}: {line[:SHOWN_CHARS]}" if line else type(error).__name__
