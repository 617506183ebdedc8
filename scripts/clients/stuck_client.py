"""A client of `voicecli serve` that stops reading for 30 s: what the server holds for it, and who notices.

    python -m scripts.clients.stuck_client [--seconds 30] [--window 4096]

Starts a server of its own with the small language model, and two clients. One asks for something long, then
takes nothing any more from a socket with a small window, and goes on sending its microphone. The other types
line after line meanwhile. Prints a line of JSON: how much the server's memory grew (MB), how often it told of
the client and after how long, with which code it closed it, bytes that had waited for it, and how long the
other client waited for its answers before and meanwhile.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import re
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

import aiohttp

if TYPE_CHECKING:
    from collections.abc import Callable

    from aiohappyeyeballs import AddrInfoType

ASKED = "Please tell me a long story about a dragon who lives in the hills, with all that happens to him."
GREETED = "Say hello."
SILENCE = bytes(12 + 960)
"""20 ms of a microphone that hears nothing, as a binary frame."""


def small_window(most: int) -> Callable[[AddrInfoType], socket.socket]:
    """Makes sockets that take at most about so many bytes before they are read."""

    def make(address: AddrInfoType) -> socket.socket:
        made = socket.socket(*address[:3])
        made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, most)
        return made

    return make


class Served:
    """A server in a process of its own."""

    def __init__(self) -> None:
        command = [sys.executable, "-m", "voicecli", "serve", "--light", "--port", "0"]
        self.process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
        self.lines: list[str] = []
        self.url = ""
        assert self.process.stderr is not None
        for line in self.process.stderr:
            self.lines.append(line)
            if (found := re.search(r"ws://\S+", line)) is not None:
                self.url = found[0].rstrip(",")
                break
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        assert self.process.stderr is not None
        self.lines.extend(self.process.stderr)

    @property
    def memory_mb(self) -> float:
        """What of it is in memory now."""
        status = Path(f"/proc/{self.process.pid}/status").read_text(encoding="ascii")
        found = re.search(r"VmRSS:\s+(\d+) kB", status)
        return int(found[1]) / 1024 if found else 0.0

    @property
    def alarms(self) -> int:
        """How often it told of a client that does not read."""
        return sum("does not read" in line for line in self.lines)


async def answered(client: aiohttp.ClientWebSocketResponse, text: str) -> float:
    """Type a line; give how long its answer took to begin to sound, s; read it to its end."""
    asked_at, began_at = time.monotonic(), 0.0
    await client.send_json({"type": "voicecli.control", "control": "say", "text": text})
    while True:
        event = json.loads((await client.receive(timeout=120)).data)
        if event["type"] == "response.output_audio.delta" and not began_at:
            began_at = time.monotonic()
        if event["type"] == "response.done":
            return began_at - asked_at


async def microphone(client: aiohttp.ClientWebSocketResponse) -> None:
    """Send silence, as a microphone does."""
    while not client.closed:
        await client.send_bytes(SILENCE)
        await asyncio.sleep(0.02)


async def read_on(client: aiohttp.ClientWebSocketResponse) -> None:
    """Take what comes."""
    while not client.closed:
        await client.receive()


async def measured(server: Served, seconds: float, window: int) -> dict[str, object]:
    """Both clients, and what is to be told of them."""
    connector = aiohttp.TCPConnector(socket_factory=small_window(window))
    async with aiohttp.ClientSession() as session, aiohttp.ClientSession(connector=connector) as other:
        patient = await session.ws_connect(server.url)
        await patient.receive()
        usually_s = [await answered(patient, GREETED) for _ in range(3)]
        deaf = await other.ws_connect(server.url)
        await deaf.receive()
        await deaf.send_json({"type": "session.update", "session": {"voicecli": {"audio": "binary"}}})
        sending = asyncio.create_task(microphone(deaf))
        for _ in range(25 * 50):
            await deaf.send_bytes(SILENCE)  # so that all of the server's ring has been written to once
        reading = asyncio.create_task(read_on(deaf))
        await deaf.send_json({"type": "voicecli.control", "control": "say", "text": ASKED})
        beside_s = [await answered(patient, GREETED) for _ in range(4)]
        reading.cancel()
        await asyncio.gather(reading, return_exceptions=True)
        await deaf.send_json({"type": "voicecli.control", "control": "say", "text": ASKED})
        while (await deaf.receive(timeout=120)).type is not aiohttp.WSMsgType.BINARY:
            pass
        before_mb, stopped_at = server.memory_mb, time.monotonic()
        connection = deaf._conn  # noqa: SLF001  # a client of aiohttp has no other way to it
        assert connection is not None
        assert connection.transport is not None
        connection.transport.pause_reading()  # type: ignore[attr-defined]  # typed as any transport
        most_mb, alarmed_s, meanwhile_s = before_mb, None, []
        while time.monotonic() - stopped_at < seconds:
            meanwhile_s.append(await answered(patient, GREETED))
            most_mb = max(most_mb, server.memory_mb)
            if server.alarms and alarmed_s is None:
                alarmed_s = round(time.monotonic() - stopped_at, 1)
        connection.transport.resume_reading()  # type: ignore[attr-defined]  # the same
        waited = 0
        while (message := await deaf.receive(timeout=30)).type in (
            aiohttp.WSMsgType.TEXT,
            aiohttp.WSMsgType.BINARY,
        ):
            waited += len(message.data)
        sending.cancel()
        await patient.close()
        return {
            "grew_mb": round(most_mb - before_mb, 2),
            "alarms": server.alarms,
            "told_within_s": alarmed_s,
            "closed_with": deaf.close_code,
            "waited_bytes": waited,
            "others_usually_s": [round(each, 2) for each in usually_s],
            "others_beside_one_that_reads_s": [round(each, 2) for each in beside_s],
            "others_meanwhile_s": [round(each, 2) for each in meanwhile_s],
        }


def main() -> int:
    """Measure once; 1 if something is not as it should be."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--window", type=int, default=4096, help="SO_RCVBUF of the client, bytes")
    asked = parser.parse_args()
    server = Served()
    try:
        found = asyncio.run(measured(server, asked.seconds, asked.window))
    finally:
        server.process.terminate()
        server.process.wait()
    print(json.dumps(found))
    return int(found["alarms"] != 1 or found["closed_with"] != 1013)


if __name__ == "__main__":
    sys.exit(main())
