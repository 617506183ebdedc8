"""Events of a talk -> a log for people, without words: `talk --log`. Old parts are kept, up to a bound.

A line has date and time, how grave it is, and what happened. What was said is never in it: of messages the
program's own sentences are written, without what they quote of others.
Promises: the talk never waits for it; a full disk ends the log, not the talk, and is told once.
Relies on: `write` is called by one thread at a time.
"""

from __future__ import annotations

import os
import platform
import sys
from contextlib import suppress
from datetime import timedelta
from importlib.metadata import version
from logging import ERROR, INFO, WARNING, LogRecord, getLevelName
from logging.handlers import RotatingFileHandler
from typing import TYPE_CHECKING

from voicecli.errors import ConfigError
from voicecli.events import Failed, Interrupted, Listening, TurnDone, Warned
from voicecli.threads.worker import Worker
from voicecli.tracing.described import unquoted

if TYPE_CHECKING:
    from collections.abc import Callable
    from io import TextIOWrapper
    from pathlib import Path

    from voicecli.events import Event
    from voicecli.status import Status
    from voicecli.system.clock import Clock
    from voicecli.threads.log import Log, Reader

MOST_BYTES = 1_000_000
"""Most bytes of the file, and of each older part: some 10,000 turns."""

OLDER = 2
"""Older parts that are kept beside the file: `voicecli.log.1` and `.2`."""

LAST_LINES_S = 0.5
"""s that the end of a talk waits for the disk at most."""


class TalkLog:
    """Open from the beginning until `close`. It goes on where the last talk ended."""

    def __init__(self, path: Path, clock: Clock, *, most_bytes: int = MOST_BYTES) -> None:
        """Open it, for its owner alone if it is new, and its folder with it. Raises ConfigError."""
        self._path = path
        self._began, self._clock = clock.local(), clock
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._file = _PrivateFile(
                path, maxBytes=most_bytes, backupCount=OLDER, encoding="ascii", errors="replace"
            )
        except OSError as error:
            found = f"{path} cannot be written ({error.strerror})"
            raise ConfigError(found, "give --log-file another place") from error
        self._worker: Worker | None = None
        self._turns = 0
        self._last: Callable[[], Status] | None = None
        self._told = False
        system = f"Python {platform.python_version()}, {platform.system()} {platform.release()}"
        self._line(0.0, INFO, f"started: voicecli {version('voicecli')}, {system}")

    def follow(self, log: Log[Event], status: Callable[[], Status], warn: Callable[[str, str], None]) -> None:
        """Write what happens from now on, on a thread of its own, until the log of events closes.

        `warn` is told once, with a remedy, when the file takes no more; it may raise ChannelClosed.
        """
        reader = log.reader("log", wants=lambda event: isinstance(event, _LOGGED))
        self._last = status

        def write() -> None:
            while not self._file.failure:
                self.write_next(reader)
            warn(self._problem(), "the talk goes on without it; make room, or give another --log-file")
            self._told = True

        self._worker = Worker("log", write, reader.leave)
        self._worker.start()

    def write_next(self, reader: Reader[Event], timeout_s: float | None = None) -> None:
        """Wait for an event and write it. Raises as `Reader.get` does."""
        event = reader.get(timeout_s)
        if lost := reader.newly_lost():
            self._line(event.t, WARNING, f"events missing here: {lost}")
        self.write(event)

    def write(self, event: Event) -> None:
        """Write an event; most have nothing to say here."""
        match event:
            case Listening(model=str(model)):
                self._line(event.t, INFO, f"listening: {self._devices()}; model: {model}")
            case TurnDone():
                self._turns += 1
                self._line(event.t, INFO, _turn(event))
            case Interrupted(turn=turn):
                self._line(event.t, INFO, f"turn {turn}: interrupted")
            case Warned(message=message, remedy=remedy, turn=turn):
                self._line(event.t, WARNING, _message(message, remedy, turn))
            case Failed(message=message, remedy=remedy, turn=turn):
                self._line(event.t, ERROR, _message(unquoted(message), unquoted(remedy), turn))
            case _:
                pass

    def close(self, last: Failed | None = None) -> str:
        """After the log of events has closed, write what is left, `last` and the sum of the talk.

        Gives a problem that was not told yet.
        """
        if self._worker is not None:
            if not self._worker.join(LAST_LINES_S):
                return f"{self._path} may lack the last lines: the disk is too slow"
            if self._worker.failure is not None:
                raise self._worker.failure
        if last is not None:
            self.write(last)
        losses = {} if self._last is None else self._last().losses
        lost = ", ".join(f"{name}: {count}" for name, count in losses.items() if count)
        end_s = (self._clock.local() - self._began).total_seconds()
        self._line(end_s, INFO, f"ended; turns: {self._turns}; lost: {lost or 'nothing'}")
        with suppress(OSError):  # a full disk takes the rest at the end no more than before
            self._file.close()
        return "" if self._told else self._problem()

    def _devices(self) -> str:
        if self._last is None:
            return "no devices"
        status = self._last()
        return f"microphone: {status.microphone}; loudspeaker: {status.loudspeaker}"

    def _problem(self) -> str:
        return f"{self._path} takes no more lines ({self._file.failure})" if self._file.failure else ""

    def _line(self, t: float, level: int, text: str) -> None:
        at = (self._began + timedelta(seconds=t)).isoformat(sep=" ", timespec="milliseconds")
        # One line, whatever is in the name of a device.
        shown = "".join(char if char.isprintable() else " " for char in text)
        line = f"{at} {getLevelName(level):7} {shown}"
        if not self._file.failure:
            self._file.handle(LogRecord("voicecli", level, "", 0, line, None, None))


_LOGGED = (Listening, TurnDone, Interrupted, Warned, Failed)


def _turn(done: TurnDone) -> str:
    times = ", ".join(f"{stage} {spent_ms:.0f}" for stage, spent_ms in done.latency_ms.items())
    dropped = f"; drafts dropped: {done.drafts_dropped}" if done.drafts_dropped else ""
    return f"turn {done.turn}: {f'ms: {times}' if times else 'nothing sounded'}{dropped}"


def _message(message: str, remedy: str, turn: int | None) -> str:
    """A message; of a turn without what is quoted in it. What belongs to no turn quotes devices and files."""
    if turn is not None:
        message, remedy = unquoted(message), unquoted(remedy)
    return (f"turn {turn}: " if turn is not None else "") + "; ".join(filter(None, (message, remedy)))


class _PrivateFile(RotatingFileHandler):
    """For its owner alone; tells what went wrong by `failure`, and prints nothing."""

    failure = ""

    def _open(self) -> TextIOWrapper:
        number = os.open(self.baseFilename, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        return os.fdopen(number, "a", encoding=self.encoding, errors=self.errors)

    def handleError(self, record: LogRecord) -> None:  # noqa: N802  # as logging calls it
        """Called where a line could not be written, by the handler of the exception."""
        error = sys.exc_info()[1]
        self.failure = getattr(error, "strerror", None) or type(error).__name__
