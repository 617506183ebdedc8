"""A client that reads at half the pace, one that sends a mebibyte at a time: what the server holds for them.

    python -m scripts.serving.greedy_clients [--messages 100]

The server has simple engines and a process of its own. The first client reads a reply of 18 s from a socket
with a small window, at half the bytes a second of its sound; the second sends `--messages` messages of just
1 MiB of sound as fast as they are taken, then one that is larger. Prints a line of JSON: by how much the
server's memory grew (MB), how much of the reply came, how often the server told of the client, and with which
code it closed the other.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import json
import os
import sys
import time
from typing import TYPE_CHECKING

import aiohttp

from scripts.clients.stuck_client import small_window
from scripts.serving.come_and_go import Remains, carrier
from scripts.serving.counted_server import RATE_HZ, REPLY, CountedServer
from voicecli.serve.wire.incoming import MOST_BYTES

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

WORD_S = 0.5
WINDOW = 4096
HEAD_BYTES = 12
PACE = 0.5
WAIT_S = 120.0
GREET = {"type": "response.create", "response": {"instructions": "Greet me."}}


async def connected(url: str) -> AsyncIterator[aiohttp.ClientWebSocketResponse]:
    """A client with a small window and binary sound."""
    connector = aiohttp.TCPConnector(socket_factory=small_window(WINDOW))
    async with aiohttp.ClientSession(connector=connector) as session, session.ws_connect(url) as socket:
        await socket.send_json({"type": "session.update", "session": {"voicecli": {"audio": "binary"}}})
        yield socket


async def half_read(server: CountedServer) -> dict[str, object]:
    """Read one reply slowly."""
    sound_s, most_kb = 0.0, 0
    async for socket in connected(server.url):
        await socket.send_json(GREET)
        began, before = 0.0, Remains.by(server.pid)
        while True:
            try:
                message = await socket.receive(timeout=WAIT_S)
            except ConnectionError:  # the server has closed it
                break
            if message.type is aiohttp.WSMsgType.BINARY:
                began = began or time.monotonic()
                lasts_s = (len(message.data) - HEAD_BYTES) / 2 / RATE_HZ
                sound_s += lasts_s
                carrier(socket).pause_reading()  # else aiohttp reads ahead of us
                await asyncio.sleep(max(0.0, began + sound_s / PACE - time.monotonic()))
                carrier(socket).resume_reading()
                most_kb = max(most_kb, Remains.by(server.pid).memory_kb)
            elif message.type is not aiohttp.WSMsgType.TEXT or '"response.done"' in message.data:
                break
    return {
        "grew_mb": round((most_kb - before.memory_kb) / 1024, 2),
        "sound_s": round(sound_s, 2),
        "of_s": len(REPLY.split()) * WORD_S,
        "told": sum("too slowly" in line for line in server.lines),
        "took_s": round(time.monotonic() - began),
    }


async def sent(server: CountedServer, count: int) -> dict[str, object]:
    """Send much sound, then too much."""
    frame = {"type": "input_audio_buffer.append", "audio": ""}
    room = (MOST_BYTES - len(json.dumps(frame))) // 4 * 3
    whole = json.dumps({**frame, "audio": base64.b64encode(bytes(room)).decode()})
    memory_kb = []
    async with aiohttp.ClientSession() as session, session.ws_connect(server.url) as socket:
        await socket.receive()
        for _ in range(count):
            await socket.send_str(whole)
            memory_kb.append(Remains.by(server.pid).memory_kb)
        await socket.send_str(whole + " " * MOST_BYTES)
        while (await socket.receive(timeout=WAIT_S)).type is aiohttp.WSMsgType.TEXT:
            pass
        half = memory_kb[len(memory_kb) // 2 :]
        return {
            "bytes": len(whole),
            "grew_mb": round((max(memory_kb) - memory_kb[0]) / 1024, 2),
            "in_its_second_half_mb": round((half[-1] - half[0]) / 1024, 2),
            "closed_with": socket.close_code,
        }


def main() -> int:
    """Measure once."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--messages", type=int, default=100)
    asked = parser.parse_args()
    with CountedServer("--word-s", str(WORD_S)) as server:
        slow = asyncio.run(half_read(server))
        large = asyncio.run(sent(server, asked.messages))
    print(json.dumps({"half the pace": slow, "1 MiB": large, "load": round(os.getloadavg()[0], 1)}))
    return int(slow["told"] != 1 or large["closed_with"] != aiohttp.WSCloseCode.MESSAGE_TOO_BIG)


if __name__ == "__main__":
    sys.exit(main())
