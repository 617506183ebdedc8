"""`voicecli serve` with engines that do simple things at once, so that only the network makes anybody wait.

    python -m scripts.links.simple_server HOST PORT

The engines are those of the tests: a tone is a line, by its pitch; every pause ends a turn; each answer is
`REPLY`, a tone of 0.1 s for each word.
"""

from __future__ import annotations

import asyncio
import sys

import numpy as np

from tests.test_serve import Hall, tone
from voicecli.bench.crowd.asked_lines import RATE_HZ, AskedLine
from voicecli.config import Config
from voicecli.serve.access import Access
from voicecli.serve.listening import Address, bound, serve
from voicecli.serve.server import Server, ServerLimits

WORDS = ("first question one", "second question two", "third question three", "fourth question four")
REPLY = f"It is this and that {'and this and that ' * 8}and so on."
TALKS = 8


def asked(number: int, seconds: float = 1.5) -> AskedLine:
    """A line that these engines hear as WORDS[number]."""
    quiet = np.zeros(RATE_HZ // 10, np.int16)
    sound = tone(seconds, number).astype(np.int16)
    samples = np.concatenate((quiet, sound, quiet))
    return AskedLine(WORDS[number], samples, len(quiet), len(quiet) + len(sound))


async def run(host: str, port: int) -> None:
    """Serve until SIGINT or SIGTERM."""
    hall = Hall([*WORDS, *[""] * 60], [REPLY] * 1000)
    access, address = Access(port, any_address=True), Address(host, port)
    limits = ServerLimits(TALKS, TALKS)

    def tell(line: str) -> None:
        print(line, file=sys.stderr, flush=True)

    with bound(address) as listening:
        await serve(
            lambda _: Server(hall, Config(), access, limits, tell),  # type: ignore[arg-type]  # as in the tests
            address,
            listening,
            lambda url: print(url, flush=True),
        )


if __name__ == "__main__":
    asyncio.run(run(sys.argv[1], int(sys.argv[2])))
