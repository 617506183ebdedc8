"""Many interruptions over the socket: what still comes of a reply, and how far ahead its sound comes.

    python -m scripts.serving.many_replies [--interruptions 1000] [--clients 8]

Half of the clients are as any client of OpenAI's protocol, half have credit and binary sound; the server has
simple engines and a process of its own. Prints a line of JSON: of each half its interruptions, the blocks of
an interrupted reply that came after `speech_started` (there must be none), and of how many replies sound came
further ahead of the time since their first block than LEAD_S + 20 ms (which holds for clients without credit
alone). The exit code is 1 where there is one.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import statistics
import sys
import time
from random import Random

import aiohttp

from scripts.serving.come_and_go import carrier
from scripts.serving.counted_server import CountedServer
from scripts.serving.interrupting import Interrupter, Noted
from voicecli.serve.client.remote import LEAD_S

MOST_LEAD_MS = LEAD_S * 1000 + 20


async def measured(url: str, interruptions: int, clients: int) -> tuple[list[Noted], list[Noted]]:
    """What clients without credit saw, and those with it: at least so many interruptions together."""
    each = -(-interruptions // clients)
    async with aiohttp.ClientSession() as session:

        async def one(number: int) -> Noted:
            async with session.ws_connect(url, max_msg_size=1 << 23) as socket:
                await socket.receive()
                client = Interrupter(socket, Random(number), credit=number % 2 == 1)  # noqa: S311  # no secret
                noted = await client.run(each)
                carrier(socket).abort()  # what it has yet to send is of no use
                return noted

        noted = await asyncio.gather(*(one(number) for number in range(clients)))
    return noted[::2], noted[1::2]


def summed(noted: list[Noted]) -> dict[str, object]:
    """Of one half."""
    leads_ms = sorted(lead for each in noted for lead in each.leads_ms)
    return {
        "interruptions": sum(each.interruptions for each in noted),
        "blocks after speech_started": sum(each.late for each in noted),
        "ends of a fade after it": sum(each.late_fades for each in noted),
        "spoke in vain": sum(each.unheard for each in noted),
        "replies": len(leads_ms),
        "lead_ms, median and most": [round(statistics.median(leads_ms)), round(leads_ms[-1])],
        f"replies with a lead over {MOST_LEAD_MS:.0f} ms": sum(lead > MOST_LEAD_MS for lead in leads_ms),
        "errors": [error for each in noted for error in each.errors],
    }


def main() -> int:
    """Measure once."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--interruptions", type=int, default=1000)
    parser.add_argument("--clients", type=int, default=8)
    asked = parser.parse_args()
    began = time.monotonic()
    with CountedServer("--sessions", str(asked.clients)) as server:
        plain, credit = asyncio.run(measured(server.url, asked.interruptions, asked.clients))
    found = {
        "without credit": summed(plain),
        "with credit": summed(credit),
        "took_s": round(time.monotonic() - began),
        "load": round(os.getloadavg()[0], 1),
    }
    print(json.dumps(found))
    ahead = sum(lead > MOST_LEAD_MS for each in plain for lead in each.leads_ms)
    return int(bool(ahead) or any(each.late or each.errors for each in plain + credit))


if __name__ == "__main__":
    sys.exit(main())
