"""What each client of OpenAI's protocol does in turn here, whatever its library: asks, interrupts, types.

Runs in that client's own environment, so it imports nothing of voicecli.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
import wave
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

RATE_HZ = 24_000
BLOCK = 480
"""Samples that a microphone gives at a time: 20 ms."""

WAIT_S = 60.0
"""Longest wait for anything: the computer may be busy."""

QUIET_S = 4.0
"""Silence after a question that is to be answered to its end."""

TYPED = "How many legs does a spider have?"


@dataclass
class ClientReport:
    """What came of it."""

    client: str
    version: str
    answered: int = 0
    interrupted: bool = False
    errors: list[str] = field(default_factory=list)
    events: int = 0


@dataclass
class Doing:
    """What the client under test can do."""

    send: Callable[[bytes], Awaitable[None]]
    """16-bit PCM, 24 kHz."""
    type_line: Callable[[str], Awaitable[None]]
    sounds: asyncio.Event
    """Set when sound of the agent comes."""
    over: asyncio.Event
    """Set when a reply is over."""
    stopped: asyncio.Event
    """Set when the client was told to stop playing."""


def arguments() -> tuple[str, Path]:
    """The server's address, and the folder of the recordings."""
    return sys.argv[1], Path(sys.argv[2])


def recording(folder: Path, name: str) -> bytes:
    """The samples of a recording of 24 kHz."""
    with wave.open(str(folder / f"{name}.wav")) as file:
        return file.readframes(file.getnframes())


async def go_through(doing: Doing, folder: Path, seen: ClientReport) -> None:
    """Ask, ask for something long and interrupt it, type a line; count what is answered."""
    quiet: asyncio.Event = asyncio.Event()
    microphone = SpeakingMicrophone(doing.send)
    listening = asyncio.create_task(microphone.run(quiet))
    try:
        for name in ("question", "long"):
            doing.sounds.clear()
            doing.over.clear()
            microphone.say(recording(folder, name))
            await asyncio.wait_for(doing.sounds.wait(), WAIT_S)
            if name == "question":
                await asyncio.wait_for(doing.over.wait(), WAIT_S)
            seen.answered += 1
        doing.stopped.clear()
        microphone.say(recording(folder, "stop"))
        await asyncio.wait_for(doing.stopped.wait(), WAIT_S)
        seen.interrupted = True
        await asyncio.sleep(QUIET_S)
        doing.sounds.clear()
        await doing.type_line(TYPED)
        await asyncio.wait_for(doing.sounds.wait(), WAIT_S)
        seen.answered += 1
    except TimeoutError:
        seen.errors.append("nothing came in time")
    finally:
        quiet.set()
        await listening


class SpeakingMicrophone:
    """Gives what is said, and silence otherwise, in real time."""

    def __init__(self, send: Callable[[bytes], Awaitable[None]]) -> None:
        self._send = send
        self._to_say = bytearray()

    def say(self, samples: bytes) -> None:
        """Say this next."""
        self._to_say += samples

    async def run(self, end: asyncio.Event) -> None:
        """Until `end` is set."""
        due = time.monotonic()
        while not end.is_set():
            block = bytes(self._to_say[: 2 * BLOCK]).ljust(2 * BLOCK, b"\0")
            del self._to_say[: 2 * BLOCK]
            await self._send(block)
            due += BLOCK / RATE_HZ
            await asyncio.sleep(max(0.0, due - time.monotonic()))


def tell(seen: ClientReport) -> None:
    """Print the result, a line of JSON."""
    print(json.dumps(asdict(seen)), flush=True)
