"""How long one client too many waits for its refusal, while the talks inside are idle, and busy.

    python -m scripts.serving.refused_in [--tries 50]

Starts a server of its own with the small language model and room for two, and fills it. Prints a line of
JSON: ms until the refusal, median and worst, with both talks idle, and with both asking for one long answer
after the other; the same for `/health`, which is no talk; and how late the server's loop was meanwhile.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import re
import statistics
import sys
import time

import aiohttp

from scripts.clients.stuck_client import ASKED, Served, read_on
from voicecli.bench.crowd.caller_socket import refusal_s
from voicecli.system.clock import MonotonicClock

EVERY_S = 0.2
ROOM = 2


async def tried(url: str, count: int) -> dict[str, object]:
    """Try to get in, again and again."""
    refusals_ms, pages_ms, clock = [], [], MonotonicClock()
    http = re.sub(r"^ws(.*)/v1/realtime$", r"http\1", url)
    async with aiohttp.ClientSession() as session:
        before = await lateness(session, http)
        for _ in range(count):
            await asyncio.sleep(EVERY_S)
            waited_s = await refusal_s(url, "", clock)
            assert waited_s is not None, "it was let in"
            refusals_ms.append(waited_s * 1000)
            asked_at = time.monotonic()
            async with session.get(f"{http}/health") as health:
                assert health.status == 503
            pages_ms.append((time.monotonic() - asked_at) * 1000)
        after = await lateness(session, http)
    late = {bound: after[bound] - before[bound] for bound in after}
    return {
        "refused_ms": [round(statistics.median(refusals_ms), 1), round(max(refusals_ms), 1)],
        "over 50 ms": sum(each > 50 for each in refusals_ms),
        "health_ms": [round(statistics.median(pages_ms), 1), round(max(pages_ms), 1)],
        "beats of the loop, late by at most s": late,
    }


async def lateness(session: aiohttp.ClientSession, http: str) -> dict[str, int]:
    """Beats of the loop so far, by the bounds of their histogram."""
    async with session.get(f"{http}/metrics") as answer:
        text = await answer.text()
    found = re.findall(r'voicecli_loop_lag_seconds_bucket\{le="([^"]+)"\} (\S+)', text)
    return {bound: round(float(count)) for bound, count in found}


async def busy(client: aiohttp.ClientWebSocketResponse) -> None:
    """Ask for something long, again and again."""
    while not client.closed:
        await client.send_json({"type": "voicecli.control", "control": "say", "text": ASKED})
        while '"response.done"' not in str((await client.receive(timeout=300)).data):
            pass


async def measured(server: Served, tries: int) -> dict[str, object]:
    """Idle, then busy."""
    found: dict[str, object] = {}
    async with aiohttp.ClientSession() as session:
        clients = [await session.ws_connect(server.url) for _ in range(ROOM)]
        for client in clients:
            await client.receive()
        reading = [asyncio.create_task(read_on(client)) for client in clients]
        found["idle"] = await tried(server.url, tries)
        for task in reading:
            task.cancel()
        await asyncio.gather(*reading, return_exceptions=True)
        asking = [asyncio.create_task(busy(client)) for client in clients]
        found["busy"] = await tried(server.url, tries)
        for task in asking:
            task.cancel()
        await asyncio.gather(*asking, return_exceptions=True)
    return found


def main() -> int:
    """Measure once."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--tries", type=int, default=50)
    asked = parser.parse_args()
    server = Served()
    try:
        found = asyncio.run(measured(server, asked.tries))
    finally:
        server.process.terminate()
        server.process.wait()
    print(json.dumps({**found, "load": round(os.getloadavg()[0], 1)}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
