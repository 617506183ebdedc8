"""Callers of the bench over a bad link: what each waits for, hears in pieces, is heard to say twice."""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from scripts.links.far_wires import FarWire, called
from voicecli.bench.crowd.call_exchanges import CallExchange, exchanges
from voicecli.bench.crowd.caller import Caller, Manner
from voicecli.system.clock import MonotonicClock

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from scripts.links.far_wires import Format
    from scripts.links.served import ServedThere
    from voicecli.bench.crowd.asked_lines import AskedLine
    from voicecli.bench.crowd.call_record import CallRecord

MANNER = Manner(thinks_s=(0.6, 1.2), interrupts=0.0, waits_s=30.0)
FIRST_S = 60.0
"""The first line, over a good link, is answered within this."""


@dataclass
class Calls:
    """What came of all callers under one condition."""

    found: list[CallExchange] = field(default_factory=list)
    said: int = 0
    lost: int = 0
    """Lines that were never heard."""
    doubled: int = 0
    """Final transcripts too many of a line."""
    strange: int = 0
    """Final transcripts that are no line's words."""
    late_ms: float = 0.0
    """The most by which a caller's own microphone was late: the link, or this computer, takes no more."""
    told: list[str] = field(default_factory=list)
    ended: list[str] = field(default_factory=list)
    """How connections ended that did before the measurement did."""
    ended_at: list[float] = field(default_factory=list)
    """When, of time.monotonic()."""
    came: list[float] = field(default_factory=list)
    """When messages came to the callers, ten times a second at most."""
    silent_s: float = 0.0
    """The longest time for which a caller got nothing at all."""
    kb_s: float = 0.0
    """What came to each, kB of messages a second."""


class OneCall:
    """One caller, its connection, and its record."""

    def __init__(self, wire: FarWire, lines: Sequence[AskedLine], seed: int) -> None:
        self.wire = wire
        self.ended_at = 0.0
        self.first = asyncio.Event()
        """The first line is answered."""
        self.stop = asyncio.Event()
        self.caller = Caller(wire, lines, MANNER, MonotonicClock(), random.Random(seed))  # noqa: S311

    async def run(self) -> CallRecord:
        """Until `stop`."""
        record = await self.caller.run(self.stop, lambda _: self.first.set())
        self.ended_at = time.monotonic()
        return record


async def measured(
    server: ServedThere,
    form: Format,
    lines: Sequence[AskedLine],
    callers: int,
    begins: Callable[[], None],
    seconds: float,
) -> Calls:
    """So many callers at once: each has a line answered; then `begins` is called, and they go on so long."""
    out = Calls()
    async with asyncio.TaskGroup() as group:
        ready: asyncio.Queue[OneCall] = asyncio.Queue()
        ends = [group.create_task(_one(server, form, lines, number, ready)) for number in range(callers)]
        calls = [await ready.get() for _ in range(callers)]
        async with asyncio.timeout(FIRST_S):
            for call in calls:
                await call.first.wait()
        server.begin()
        bytes_before = sum(call.wire.bytes for call in calls)
        begins()
        since = time.monotonic()
        await _watched(calls, seconds, out)
        out.kb_s = round(
            (sum(call.wire.bytes for call in calls) - bytes_before) / seconds / callers / 1000, 1
        )
        for call in calls:
            call.stop.set()
    for end in ends:
        _count(out, end.result(), since, lines)
    out.ended_at = [call.ended_at for call, end in zip(calls, ends, strict=True) if end.result().lost]
    out.told = [words for call in calls for words in call.wire.told]
    return out


async def _watched(calls: Sequence[OneCall], seconds: float, out: Calls) -> None:
    until = time.monotonic() + seconds
    while (now := time.monotonic()) < until:
        out.came += [call.wire.at for call in calls if call.wire.at not in out.came[-len(calls) :]]
        out.silent_s = round(max(out.silent_s, *(now - call.wire.at for call in calls)), 1)
        await asyncio.sleep(0.1)  # the pace of this loop


async def _one(
    server: ServedThere, form: Format, lines: Sequence[AskedLine], seed: int, ready: asyncio.Queue[OneCall]
) -> CallRecord:
    async with called(server, form) as wire:
        call = OneCall(wire, lines, seed)
        ready.put_nowait(call)
        return await call.run()


def _count(out: Calls, record: CallRecord, since: float, lines: Sequence[AskedLine]) -> None:
    """Add one caller's record: the lines that it began since then, and finished."""
    own = [line for line in record.lines[: record.finished] if line.began >= since]
    after = [line.began for line in record.lines[record.finished :]] + [float("inf")]
    out.found += [each for each in exchanges(record) if each.began >= since]
    said = Counter(line.words for line in own)
    known = {line.words for line in lines}
    heard = Counter(
        " ".join(words.split()) for at, words in record.heard if own and own[0].began <= at < after[0]
    )
    out.said += len(own)
    for words, times in said.items():
        out.lost += max(0, times - heard[words])
        out.doubled += max(0, heard[words] - times)
    out.strange += sum(times for words, times in heard.items() if words not in known)
    out.late_ms = max(out.late_ms, round(record.late_s * 1000))
    if record.lost:
        out.ended.append(record.lost)
