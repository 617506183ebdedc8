"""The process that has the port of several server processes: starts them, hands each client on, ends them.

It accepts connections and gives each, unread, to the process with the fewest clients (`loads`), or to the one
that keeps the talk which the client takes up (`peeking`). A port that
the processes share (SO_REUSEPORT) would need no such process, but there the system chooses by chance, so that
clients are refused by a process that is full while another one has room.

A process that ends by itself is told of and started again, within bounds; its clients connect again.
"""

from __future__ import annotations

import asyncio
import contextlib
import multiprocessing
import os
import signal
import socket
from dataclasses import dataclass
from typing import TYPE_CHECKING

from voicecli.errors import StageError, VoicecliError
from voicecli.serve.listening import Address, TlsFiles, bound
from voicecli.serve.processes.handing import ProcessFailed, ProcessNote, ProcessReady, ProcessTalks, hand
from voicecli.serve.processes.loads import Loads, Restarts
from voicecli.serve.processes.peeking import MOST_PEEKED, wanted_port
from voicecli.serve.processes.server_process import work
from voicecli.system.clock import MonotonicClock

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from multiprocessing.connection import Connection
    from multiprocessing.process import BaseProcess

    from voicecli.serve.processes.handing import ProcessReport
    from voicecli.serve.processes.server_process import Prepare

BACKLOG = 128
"""Connections that the system keeps for the overseer."""

END_S = 10.0
"""A process that is to end at once has so long."""

TIRED_S = 0.1
"""A pause when no more connections can be accepted, because too many files are open."""


@dataclass(slots=True)
class _Staff:
    """One process, and the overseer's ends of the two ways to it."""

    process: BaseProcess
    way: socket.socket
    reports: Connection
    port: int | None = None
    """Its own; None until it is ready."""
    failure: ProcessFailed | None = None


@dataclass(frozen=True, slots=True)
class OverseerPlan:
    """What each process is to do."""

    prepare: Prepare
    count: int
    """Of the processes."""
    tls_files: TlsFiles | None = None


async def oversee(
    plan: OverseerPlan, address: Address, ready: Callable[[str], None], tell: Callable[[str], None]
) -> None:
    """Serve until SIGINT, or until SIGTERM and the end of the last talk.

    `ready` gets the address once all processes have loaded their models. Raises ConfigError where it cannot
    be had, the error of a process that cannot begin, and StageError when the processes end again and again.
    """
    with bound(address) as listening:
        port = listening.getsockname()[1]
        overseer = Overseer(plan, port if address.port else 0, tell)
        try:
            if await overseer.begin():
                try:
                    listening.listen(BACKLOG)
                except OSError as error:
                    raise address.taken(error) from error
                listening.setblocking(False)
                ready(address.url(port))
                await overseer.serve(listening)
        finally:
            await overseer.end()


class Overseer:
    """The processes, from `begin` to `end`, on one asyncio loop."""

    def __init__(self, plan: OverseerPlan, port: int, tell: Callable[[str], None]) -> None:
        """Process n, counted from 1, also answers at `port` + n of 127.0.0.1; where `port` is 0, at any."""
        clock = MonotonicClock()
        self._plan = plan
        self._port = port
        self._tell = tell
        self._loads = Loads(clock)
        self._restarts = Restarts(clock)
        self._staff: dict[int, _Staff] = {}
        self._began = False
        self._failure: VoicecliError | None = None  # of a process that could not begin
        self._settled = asyncio.Event()  # all are ready, or one of them cannot begin
        self._burials: set[asyncio.Task[None]] = set()
        self._peeking: set[asyncio.Task[None]] = set()
        self._loop = asyncio.get_running_loop()
        self._at_once, self._slowly, self._none_left = asyncio.Event(), asyncio.Event(), asyncio.Event()
        self._loop.add_signal_handler(signal.SIGINT, self._at_once.set)
        self._loop.add_signal_handler(signal.SIGTERM, self._slowly.set)

    async def begin(self) -> bool:
        """Start all; False where somebody asked to end before they were ready. Raises VoicecliError."""
        for number in range(1, self._plan.count + 1):
            self._start(number)
        await _first(self._settled.wait(), self._at_once.wait(), self._slowly.wait())
        if self._failure is not None:
            raise self._failure
        self._began = self._settled.is_set()
        return self._began

    async def serve(self, listening: socket.socket) -> None:
        """Hand on who comes, until somebody asks to end. Raises StageError."""
        accepting = self._loop.create_task(self._accept(listening))
        try:
            await _first(self._at_once.wait(), self._slowly.wait(), self._none_left.wait())
            if self._slowly.is_set() and not self._at_once.is_set():
                self._send(signal.SIGTERM)
                await _first(self._at_once.wait(), self._none_left.wait())
            elif self._none_left.is_set():
                raise StageError(
                    "all server processes ended, again and again", "see what the notes above say"
                )
        finally:
            for task in (accepting, *self._peeking):
                task.cancel()

    async def end(self) -> None:
        """End all processes at once."""
        self._at_once.set()
        for staff in self._staff.values():
            if staff.port is None:
                staff.process.kill()  # it has no client yet, and listens to nobody while it loads
        self._send(signal.SIGINT)
        if self._staff:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(END_S):
                    await self._none_left.wait()
        for staff in self._staff.values():
            staff.process.kill()
        await asyncio.gather(*self._burials)

    # ---- clients

    async def _accept(self, listening: socket.socket) -> None:
        while True:
            try:
                connection, _ = await self._loop.sock_accept(listening)
            except OSError:
                await asyncio.sleep(TIRED_S)
                continue
            if self._plan.tls_files is None and len(self._peeking) < MOST_PEEKED:
                peeking = self._loop.create_task(self._look_and_hand(connection))
                self._peeking.add(peeking)
                peeking.add_done_callback(self._peeking.discard)
            else:
                with connection:
                    self._hand(connection, None)

    async def _look_and_hand(self, connection: socket.socket) -> None:
        with connection:  # the process gets a copy
            self._hand(connection, await wanted_port(connection))

    def _hand(self, connection: socket.socket, port: int | None) -> None:
        """Hand it to the process with this port of its own, else to the one with the fewest clients."""
        order = self._loads.order()
        keeps = [number for number in order if port is not None and self._staff[number].port == port]
        for number in (*keeps, *order):
            if hand(self._staff[number].way, connection):
                if number not in keeps:  # a talk that is kept counts already
                    self._loads.handed(number)
                return

    # ---- processes

    def _start(self, number: int) -> None:
        context = multiprocessing.get_context("spawn")  # nothing of this process is in the others
        way, their_way = socket.socketpair()
        way.setblocking(False)
        reports, their_reports = context.Pipe(duplex=False)
        own_port = self._port + number if self._port else 0
        arguments = (self._plan.prepare, self._plan.tls_files, own_port, their_way, their_reports)
        process = context.Process(target=work, args=arguments, daemon=True)
        process.start()
        their_way.close()
        their_reports.close()
        self._staff[number] = _Staff(process, way, reports)
        self._loop.add_reader(reports.fileno(), self._read, number)

    def _read(self, number: int) -> None:
        reports = self._staff[number].reports
        try:
            while reports.poll():
                self._take(number, reports.recv())
        except (EOFError, OSError):
            self._loop.remove_reader(reports.fileno())
            burial = self._loop.create_task(self._ended(number))
            self._burials.add(burial)
            burial.add_done_callback(self._burials.discard)

    def _take(self, number: int, report: ProcessReport) -> None:
        staff = self._staff[number]
        match report:
            case ProcessNote(line):
                self._tell(f"process {number}: {line}")
            case ProcessReady(port):
                self._tell(
                    f"process {number}: its own pages are at http://127.0.0.1:{port}/metrics and /health"
                )
                self._loads.add(number)
                staff.port = port
                if sum(each.port is not None for each in self._staff.values()) == self._plan.count:
                    self._settled.set()
            case ProcessTalks(count):
                self._loads.talking(number, count)
            case ProcessFailed():
                staff.failure = report

    async def _ended(self, number: int) -> None:
        """A process is gone: start another in its place, unless all are to end."""
        staff = self._staff.pop(number)
        self._loads.remove(number)
        staff.way.close()
        staff.reports.close()
        await asyncio.to_thread(staff.process.join, END_S)
        if not (self._at_once.is_set() or self._slowly.is_set()):
            how = f"with exit code {staff.process.exitcode}"
            error = VoicecliError(f"server process {number} ended {how}", "voicecli doctor")
            if staff.failure is not None:
                how = f"because {staff.failure.found}; {staff.failure.remedy}"
                error = VoicecliError(staff.failure.found, staff.failure.remedy)
            if not self._began:
                self._failure = self._failure or error  # whoever begins is told
                self._settled.set()
            elif self._restarts.allowed():
                self._tell(f"process {number} ended {how}: it is started again")
                self._start(number)
            else:
                self._tell(f"process {number} ended {how}: too often, so it is not started again")
        if not self._staff:
            self._none_left.set()

    def _send(self, number: int) -> None:
        for staff in self._staff.values():
            if staff.process.pid is not None:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(staff.process.pid, number)


async def _first(*waits: Awaitable[object]) -> None:
    """Wait for one of these; the others are cancelled."""
    tasks = [asyncio.ensure_future(each) for each in waits]
    await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    for task in tasks:
        task.cancel()
