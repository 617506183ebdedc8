"""Callers in processes of their own, as many at once as are asked for -> a row of figures for each number.

A caller's work is small, but 50 times a second on time: so none of them shares an interpreter with another
one, or with a server. Each goes on until the last one has said enough lines: so the load stays the same.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import signal
import threading
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import wait
from random import Random
from typing import TYPE_CHECKING, Self, TypeAlias

from voicecli.bench.crowd.call_exchanges import exchanges
from voicecli.bench.crowd.call_record import CallRecord
from voicecli.bench.crowd.caller import Caller, CallRefused, Manner
from voicecli.bench.crowd.caller_socket import connected, page, refusal_s
from voicecli.bench.crowd.capacity import CrowdRow, row
from voicecli.bench.crowd.server_pages import reading, spending
from voicecli.errors import ServerError, VoicecliError
from voicecli.system.clock import MonotonicClock

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from multiprocessing.connection import Connection

    from voicecli.bench.crowd.asked_lines import AskedLine
    from voicecli.bench.crowd.server_pages import PageReading, ServerAddress

LONGEST_LINE_S = 60.0
"""A line and its answer take less than this; a row that takes longer is given up."""

PROBES = 20
"""Where the server is full, so many more callers try to get in, one every PROBE_EVERY_S while others talk."""

PROBE_EVERY_S = 2.0

END_S = 10.0
"""A caller's process has so long to hand over its record."""

NOT_COUNTED = 1
"""Lines of each caller that do not count: with the first, the server reads its instructions."""


@dataclass(frozen=True, slots=True)
class CallTask:
    """What a caller's process is to do."""

    url: str
    token: str
    lines: Sequence[AskedLine]
    manner: Manner
    seed: int


@dataclass(frozen=True, slots=True)
class LineFinished:
    """A caller has finished so many lines."""

    count: int


@dataclass(frozen=True, slots=True)
class NoRoom:
    """The server refused the caller."""


@dataclass(frozen=True, slots=True)
class CallFailed:
    """The call came to nothing: what was found, and what to do."""

    found: str
    remedy: str


Message: TypeAlias = LineFinished | NoRoom | CallFailed | CallRecord


@dataclass(frozen=True, slots=True)
class Crowd:
    """Measures a server with different numbers of callers."""

    address: ServerAddress
    metrics: Sequence[str]
    """Where each of its processes tells what it spends."""
    token: str
    lines: Sequence[AskedLine]
    questions: int
    """Lines of each caller that count."""
    manner: Manner
    seed: int
    tell: Callable[[str], None]

    def measured(self, callers: int) -> CrowdRow:
        """Measure so many callers. Raises ServerError where none of them can call."""
        clock, probes = MonotonicClock(), _Probes(self.address, self.token)
        self.tell(f"{_counted(callers)}: the first lines, which do not count")
        with _Gathering([self._task(callers, number) for number in range(callers)]) as gathering:
            gathering.until(NOT_COUNTED, LONGEST_LINE_S * 2)
            since, before = clock.now(), self._read()
            self.tell(f"{_counted(callers)}: {self.questions} lines each")
            # The line that each of them is saying just now does not count, either.
            gathering.until(self.questions + 1, LONGEST_LINE_S * (self.questions + 1), probes)
            until, after = clock.now(), self._read()
            probes.rest()
            records = gathering.records()
        found = [each for record in records for each in exchanges(record)[NOT_COUNTED:]]
        counted = [each for each in found if since <= each.began < until]
        spent = spending(before, after) if before is not None and after is not None else None
        return row(records, counted, gathering.refused, spent, probes.refusals_ms)

    def _task(self, callers: int, number: int) -> CallTask:
        seed = self.seed + 1000 * callers + number
        return CallTask(self.address.realtime, self.token, self.lines, self.manner, seed)

    def _read(self) -> PageReading | None:
        pages = [asyncio.run(page(url, self.token)) or "" for url in self.metrics]
        return reading(pages, MonotonicClock().now())


class _Probes:
    """One more caller after the other, for a server that is full: how long each waits for its refusal."""

    def __init__(self, address: ServerAddress, token: str) -> None:
        self._address = address
        self._token = token
        self._clock = MonotonicClock()
        self._due = self._clock.now()
        self._left: int | None = None  # None: not known yet whether the server is full
        self.refusals_ms: list[float] = []

    def __call__(self) -> None:
        """Try once, if it is time. Raises ServerError."""
        if self._clock.now() >= self._due:
            self._due = self._clock.now() + PROBE_EVERY_S
            self._try()

    def rest(self) -> None:
        """Make all tries that are left. Raises ServerError."""
        while self._left != 0:
            self._try()

    def _try(self) -> None:
        if self._left is None:
            health = asyncio.run(page(self._address.health, self._token)) or ""
            self._left = PROBES if '"full"' in health else 0
        if self._left:
            self._left -= 1
            waited_s = asyncio.run(refusal_s(self._address.realtime, self._token, self._clock))
            if waited_s is not None:
                self.refusals_ms.append(waited_s * 1000)


class _Gathering:
    """The callers of one row, each a process."""

    def __init__(self, tasks: Sequence[CallTask]) -> None:
        context = multiprocessing.get_context("spawn")  # nothing of this process: no threads, no models
        self._finished: dict[Connection, int] = {}
        self._records: list[CallRecord] = []
        self.refused = 0
        """Callers that found no room."""
        self._failures: list[CallFailed] = []
        self._processes = []
        for task in tasks:
            ours, theirs = context.Pipe()
            process = context.Process(target=call, args=(task, theirs), daemon=True)
            process.start()
            theirs.close()
            self._finished[ours] = 0
            self._processes.append(process)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for process in self._processes:
            process.terminate()
        for process in self._processes:
            process.join(END_S)

    def until(self, lines: int, timeout_s: float, meanwhile: Callable[[], None] = lambda: None) -> None:
        """Wait until each caller has finished so many more lines, or is gone; call `meanwhile` now and then.

        Raises ServerError.
        """
        clock, before = MonotonicClock(), dict(self._finished)
        end = clock.now() + timeout_s
        while (
            any(count < before[pipe] + lines for pipe, count in self._finished.items()) and clock.now() < end
        ):
            self._read(min(PROBE_EVERY_S, end - clock.now()))
            meanwhile()
        if not self._finished and not self._records:
            for failure in self._failures:
                raise ServerError(failure.found, failure.remedy)
            raise ServerError("the server has no room for any caller", "wait until others end their talks")

    def records(self) -> list[CallRecord]:
        """Tell the callers to stop, and give what they noted."""
        for pipe in self._finished:
            with suppress(OSError):  # it has ended by itself
                pipe.send(None)
        clock = MonotonicClock()
        end = clock.now() + END_S
        while self._finished and clock.now() < end:
            self._read(end - clock.now())
        told = [failure.found for failure in self._failures]
        silent = len(self._processes) - self.refused - len(self._records) - len(told)
        return self._records + [CallRecord(lost=why) for why in told + ["it ended without a word"] * silent]

    def _read(self, timeout_s: float) -> None:
        ready = wait(list(self._finished), max(0.0, timeout_s))
        for pipe in [each for each in self._finished if each in ready]:
            try:
                self._take(pipe, pipe.recv())
            except EOFError:
                self._finished.pop(pipe)

    def _take(self, pipe: Connection, message: Message) -> None:
        match message:
            case LineFinished(count):
                self._finished[pipe] = count
            case NoRoom():
                self.refused += 1
            case CallFailed():
                self._failures.append(message)
            case CallRecord():
                self._records.append(message)


def call(task: CallTask, pipe: Connection) -> None:
    """The body of a caller's process: call until anything comes through the pipe, then send the record."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # whoever started it ends it
    try:
        pipe.send(asyncio.run(_called(task, pipe)))
    except CallRefused:
        pipe.send(NoRoom())
    except VoicecliError as error:
        pipe.send(CallFailed(error.found, error.remedy))
    pipe.close()


async def _called(task: CallTask, pipe: Connection) -> CallRecord:
    stop, loop = asyncio.Event(), asyncio.get_running_loop()
    threading.Thread(target=_watch, args=(pipe, loop, stop), daemon=True).start()
    async with connected(task.url, task.token) as socket:
        before = os.times()
        caller = Caller(socket, task.lines, task.manner, MonotonicClock(), Random(task.seed))  # noqa: S311  # no secret
        record = await caller.run(stop, lambda count: pipe.send(LineFinished(count)))
        after = os.times()
        record.cpu_s = after.user + after.system - before.user - before.system
        return record


def _watch(pipe: Connection, loop: asyncio.AbstractEventLoop, stop: asyncio.Event) -> None:
    """Wait for the word to stop, or for the end of whoever would give it."""
    with suppress(EOFError, OSError):
        pipe.recv()
    loop.call_soon_threadsafe(stop.set)


def _counted(callers: int) -> str:
    return f"{callers} caller{'s' if callers != 1 else ''}"
