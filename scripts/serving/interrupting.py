"""One client that interrupts one reply after another, and notes what still came of each.

    speaks --> reply sounds --> speaks over it --> the next reply sounds --> ...

As an unmodified client of OpenAI's protocol, or with credit and binary sound.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import struct
import time
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import aiohttp

from scripts.serving.counted_server import RATE_HZ, tone

if TYPE_CHECKING:
    from random import Random

    Json = dict[str, object]

BLOCK_S = 0.02
BLOCK_BYTES = round(BLOCK_S * RATE_HZ) * 2
SPOKEN_S = 0.8
WAIT_S = 60.0
AGAIN_S, TRIES = 10.0, 6
CREDIT_MS = 800
FADES = 1
HEADER = struct.Struct("<IIHH")
QUIET = b"\x02\x00\x00\x00" * (BLOCK_BYTES // 4)
SPEECH = tuple(
    tuple(sound[at : at + BLOCK_BYTES] for at in range(0, len(sound) - BLOCK_BYTES + 1, BLOCK_BYTES))
    for sound in (tone(0, SPOKEN_S), tone(1, SPOKEN_S))
)
ASKS: Json = {"events": True, "audio": "binary", "playout": {"credit_ms": CREDIT_MS}}


@dataclass
class Noted:
    """What one client saw."""

    interruptions: int = 0
    """Replies that sounded, and were told to be interrupted by its speech."""
    late: int = 0
    """Blocks of such a reply that came after that was told, but for ends of a fade."""
    late_fades: int = 0
    leads_ms: list[float] = field(default_factory=list)
    """Of each reply: the most sound that had come ahead of the time since its first block."""
    unheard: int = 0
    """Times that it spoke over a reply and was not told of an interruption, so it spoke again."""
    errors: list[str] = field(default_factory=list)


class Interrupter:
    """The client."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse, chance: Random, *, credit: bool) -> None:
        self.noted = Noted()
        self._socket = socket
        self._chance = chance
        self._credit = credit
        self._microphone: deque[bytes] = deque()
        self._sounds = asyncio.Event()
        self._told = asyncio.Event()
        self._cut: set[object] = set()  # responses and replies that are over
        self._response: object = None
        self._reply = 0
        self._began = self._came_ms = self._lead_ms = 0.0
        self._buffered: deque[tuple[int, int, int]] = deque()
        self._played = 0, 0
        self._held = False

    async def run(self, interruptions: int) -> Noted:
        """Interrupt so many replies. Raises TimeoutError where the server is silent for WAIT_S."""
        asks: Json = ASKS if self._credit else {}
        await self._socket.send_json({"type": "session.update", "session": {"voicecli": asks}})
        tasks = [asyncio.create_task(self._live()), asyncio.create_task(self._read())]
        try:
            number = 0
            self._speak(number)
            while self.noted.interruptions < interruptions and not self.noted.errors:
                await self._until(self._sounds)
                await asyncio.sleep(self._chance.uniform(0.05, 0.8))
                self._sounds.clear()
                self._told.clear()
                number += 1
                for _ in range(TRIES):
                    self._speak(number)
                    with contextlib.suppress(TimeoutError):
                        await asyncio.wait_for(self._told.wait(), AGAIN_S)
                        break
                    self.noted.unheard += 1
                else:
                    self.noted.errors.append("it is not interrupted any more")
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        return self.noted

    async def _until(self, event: asyncio.Event) -> None:
        async with asyncio.timeout(WAIT_S):
            await event.wait()

    def _speak(self, number: int) -> None:
        self._microphone.extend(SPEECH[number % 2])

    # ---- what it sends

    async def _live(self) -> None:
        loop, number = asyncio.get_running_loop(), 0
        due = loop.time()
        while True:
            due += BLOCK_S
            await asyncio.sleep(max(0.0, due - loop.time()))
            block = self._microphone.popleft() if self._microphone else QUIET
            if self._credit:
                await self._socket.send_bytes(HEADER.pack(number * 20, 0, 0, 0) + block)
                await self._play(number)
            else:
                audio = base64.b64encode(block).decode()
                await self._socket.send_json({"type": "input_audio_buffer.append", "audio": audio})
            number += 1

    async def _play(self, number: int) -> None:
        if self._buffered and not self._held:
            reply, start_ms, lasts_ms = self._buffered.popleft()
            self._played = reply, start_ms + lasts_ms
        reply, played_ms = self._played
        if reply and number % 5 == 0:
            buffered_ms = sum(each[2] for each in self._buffered)
            how = {"limit_ms": played_ms + CREDIT_MS, "buffered_ms": buffered_ms, "underruns": 0}
            await self._socket.send_json(
                {"type": "voicecli.playout", "reply": reply, "played_ms": played_ms, **how}
            )

    # ---- what it gets

    async def _read(self) -> None:
        async for message in self._socket:
            if message.type is aiohttp.WSMsgType.BINARY:
                start_ms, reply, flags, _ = HEADER.unpack_from(message.data)
                lasts_ms = (len(message.data) - HEADER.size) // 2 * 1000 // RATE_HZ
                self._sound(reply, start_ms, lasts_ms, fades=bool(flags & FADES))
            else:
                self._take(json.loads(message.data))
        self.noted.errors.append(f"closed with {self._socket.close_code}")
        self._sounds.set()
        self._told.set()

    def _take(self, event: Json) -> None:
        match event:
            case {"type": "response.created", "response": {"id": response}}:
                self._response = response
            case {"type": "response.output_audio.delta", "delta": str(delta), "response_id": response}:
                place = event["voicecli"]
                assert isinstance(place, dict)
                if response in self._cut:
                    self.noted.late += 1
                lasts_ms = len(delta) * 3 // 4 // 2 * 1000 // RATE_HZ
                self._sound(place["reply"], place["start_ms"], lasts_ms, fades=place["fades"])
            case {"type": "input_audio_buffer.speech_started"}:
                self._silenced()
            case {"type": "voicecli.clear", "reply": int(reply)}:
                self._buffered = deque(each for each in self._buffered if each[0] > reply)
                self._held = False
            case {"type": "error", "error": {"message": str(message)}}:
                self.noted.errors.append(message)

    def _silenced(self) -> None:
        """The user has interrupted, if anything had sounded: what had is over."""
        if self._reply and self._reply not in self._cut:
            self.noted.interruptions += 1
            self._end_reply()
            self._cut |= {self._reply, self._response}
            self._told.set()

    def _sound(self, reply: int, start_ms: int, lasts_ms: int, *, fades: bool) -> None:
        if reply in self._cut or reply < self._reply:
            if fades:
                self.noted.late_fades += 1
            else:
                self.noted.late += 1
            return
        self._held = fades
        if fades:
            return
        now = time.monotonic()
        if reply != self._reply:
            self._end_reply()
            self._reply, self._began, self._came_ms, self._lead_ms = reply, now, 0.0, 0.0
            self._sounds.set()
        self._came_ms += lasts_ms
        self._lead_ms = max(self._lead_ms, self._came_ms - (now - self._began) * 1000)
        self._buffered.append((reply, start_ms, lasts_ms))

    def _end_reply(self) -> None:
        if self._came_ms:
            self.noted.leads_ms.append(self._lead_ms)
            self._came_ms = 0.0
