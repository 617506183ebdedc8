"""One caller: says lines in real time through a socket, listens, thinks, interrupts; notes all of it.

microphone   a frame every 20 ms on a schedule of its own, silence between two lines
ear          notes what comes, and knows when the reply is over on the caller's loudspeaker
mind         which line is next, and when
"""

from __future__ import annotations

import asyncio
import base64
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np

from voicecli.audio.level import frame_levels_dbfs, to_float
from voicecli.bench.crowd.asked_lines import RATE_HZ
from voicecli.bench.crowd.call_record import CallRecord, SoundBlock, SpokenLine
from voicecli.measure.wires import AUDIBLE_DBFS

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from random import Random

    from voicecli.bench.crowd.asked_lines import AskedLine
    from voicecli.messages import Int16
    from voicecli.system.clock import Clock

FRAME_S = 0.02
FRAME = round(FRAME_S * RATE_HZ)

NOISE = 2
"""Largest sample of the silence between two lines: no room is more silent than -90 dBFS."""


@dataclass(frozen=True, slots=True)
class Manner:
    """How a caller behaves. Times are in seconds; of two, any time between them."""

    thinks_s: tuple[float, float] = (1.0, 4.0)
    """From the end of an answer to the next line; before the first line it is at most the longer one."""
    interrupts: float = 0.2
    """Share of answers that the caller interrupts with the next line."""
    interrupts_after_s: tuple[float, float] = (0.5, 1.5)
    """So long after the first sound of the answer."""
    waits_s: float = 20.0
    """For an answer, and then for its end; afterwards the next line is said."""


class CallRefused(Exception):  # noqa: N818  # an answer
    """The server has no room for another caller."""


class CallLost(Exception):  # noqa: N818  # it happens
    """The connection ended; the text says how."""


class CallerWire(Protocol):
    """What a caller needs of a connection: `CallerSocket` is one."""

    async def send(self, text: str) -> None:
        """Hand a message to the socket; where that is closed, `receive` tells of it."""
        ...

    async def receive(self) -> str:
        """Wait for the next message. Raises CallRefused, CallLost."""
        ...


class Caller:
    """A call, from the first line until it is told to stop."""

    def __init__(
        self, wire: CallerWire, lines: Sequence[AskedLine], manner: Manner, clock: Clock, random: Random
    ) -> None:
        """Says `lines` in a random order, again and again."""
        self._wire = wire
        self._lines = lines
        self._manner = manner
        self._clock = clock
        self._random = random
        self._noise = np.random.default_rng(random.getrandbits(32))
        self.record = CallRecord()
        self._line: AskedLine | None = None  # what is being said
        self._position = 0  # in its samples
        self._began = 0.0
        self._said = asyncio.Event()
        self._replies: dict[str, int] = {}  # the server's name of a reply -> its position in the record
        self._asked_at = 0  # position of the first reply to the line
        self._sounds = asyncio.Event()  # a reply to the line is audible
        self._over = asyncio.Event()  # or all of it has come
        self._silent_at = clock.now()  # when all sound that has come will be over

    async def run(self, stop: asyncio.Event, finished: Callable[[int], None]) -> CallRecord:
        """Call until `stop`; after each line call `finished` with how many there were.

        Raises CallRefused where there is no room. A connection that ends later is noted.
        """
        began = self._clock.now()
        tasks = [
            asyncio.create_task(self._listen(), name="ear"),
            asyncio.create_task(self._sound(), name="microphone"),
            asyncio.create_task(self._converse(finished), name="mind"),
            asyncio.create_task(stop.wait(), name="stop"),
        ]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        except CallLost as lost:
            self.record.lost = str(lost)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        self.record.lasted_s = self._clock.now() - began
        return self.record

    # ---- the microphone

    async def _sound(self) -> None:
        began, number = self._clock.now(), 0
        while True:
            number += 1
            due = began + number * FRAME_S  # a frame is there when all of it was heard
            await asyncio.sleep(max(0.0, due - self._clock.now()))
            self.record.late_s = max(self.record.late_s, self._clock.now() - due)
            audio = base64.b64encode(self._frame().astype("<i2").tobytes()).decode("ascii")
            await self._wire.send(json.dumps({"type": "input_audio_buffer.append", "audio": audio}))

    def _frame(self) -> Int16:
        """The next 20 ms of the line, or of silence."""
        frame = self._noise.integers(-NOISE, NOISE, FRAME, np.int16, endpoint=True)
        line = self._line
        if line is None:
            return frame
        part = line.samples[self._position : self._position + FRAME]
        frame[: len(part)] = part
        now, end = self._clock.now(), self._position + len(part)
        if self._position <= line.first < end:
            self._began = now
        if self._position < line.end <= end:
            self.record.lines.append(SpokenLine(line.words, self._began, now))
            self._line = None  # what is left of it is silent
            self._said.set()
        self._position = end
        return frame

    # ---- the mind

    async def _converse(self, finished: Callable[[int], None]) -> None:
        manner, random = self._manner, self._random
        await asyncio.sleep(random.uniform(0.0, manner.thinks_s[1]))
        while True:
            for line in random.sample(self._lines, len(self._lines)):
                await self._say(line)
                interrupted = await self._attend()
                self.record.finished += 1
                finished(self.record.finished)
                if not interrupted:
                    await asyncio.sleep(random.uniform(*manner.thinks_s))

    async def _say(self, line: AskedLine) -> None:
        self._asked_at = len(self.record.replies)
        for event in (self._said, self._sounds, self._over):
            event.clear()
        self._position, self._line = 0, line
        await self._said.wait()

    async def _attend(self) -> bool:
        """Listen to the answer; say whether the caller wants to interrupt it now."""
        manner = self._manner
        wants = self._random.random() < manner.interrupts
        after_s = self._random.uniform(*manner.interrupts_after_s)
        if not await self._in_time(self._sounds):
            return False
        if wants:
            await asyncio.sleep(after_s)
            if self._clock.now() < self._silent_at:
                return True
        await self._in_time(self._over)
        while (left_s := self._silent_at - self._clock.now()) > 0:
            await asyncio.sleep(left_s)
        return False

    async def _in_time(self, event: asyncio.Event) -> bool:
        try:
            async with asyncio.timeout(self._manner.waits_s):
                await event.wait()
        except TimeoutError:
            return False
        return True

    # ---- the ear

    async def _listen(self) -> None:
        while True:
            text = await self._wire.receive()
            try:
                self._take(json.loads(text), self._clock.now())
            except ValueError as error:  # no JSON, no base64, half a sample
                raise CallLost("the server sent what cannot be read") from error

    def _take(self, message: dict[str, object], now: float) -> None:
        match message:
            case {"type": "response.created", "response": {"id": str(name)}}:
                self._replies[name] = len(self.record.replies)
                self.record.replies.append(now)
            case {"type": "response.output_audio.delta", "response_id": str(name), "delta": str(delta)}:
                self._hear(self._replies.get(name), delta, now)
            case {"type": "input_audio_buffer.speech_started" | "output_audio_buffer.cleared"}:
                self.record.stops.append(now)
                self._silent_at = min(self._silent_at, now)
            case {"type": "response.done", "response": {"id": str(name), "status": status}}:
                if status != "cancelled" and self._replies.get(name, -1) >= self._asked_at:
                    self._over.set()
                    self._sounds.set()  # if it has none, nobody waits for it
            case {
                "type": "conversation.item.input_audio_transcription.completed",
                "transcript": str(transcript),
            }:
                self.record.heard.append((now, transcript))
            case {"type": "conversation.item.input_audio_transcription.delta"}:
                self.record.looks.append(now)
            case _:
                pass

    def _hear(self, reply: int | None, delta: str, now: float) -> None:
        if reply is None:
            return
        samples = np.frombuffer(base64.b64decode(delta), "<i2")
        block = SoundBlock(now, reply, len(samples) / RATE_HZ, *_audible(samples))
        self.record.blocks.append(block)
        self._silent_at = max(now, self._silent_at) + block.seconds
        if block.first_s is not None and reply >= self._asked_at:
            self._sounds.set()


def _audible(samples: Int16) -> tuple[float | None, float | None]:
    """From the beginning to the first audible 10 ms, and to the end of the last, s; None: all is silent."""
    frame = RATE_HZ // 100
    loud = np.flatnonzero(frame_levels_dbfs(to_float(samples), frame) > AUDIBLE_DBFS)
    if not loud.size:
        return None, None
    return float(loud[0]) * frame / RATE_HZ, float(loud[-1] + 1) * frame / RATE_HZ
