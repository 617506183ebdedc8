"""What `talk --server` says was heard of an interrupted reply, against what its loudspeaker played.

    python -m scripts.serving.heard_words [--interruptions 100] [--talks 4]

Talks on simulated devices, which are recorded, with a server that has simple engines: each word of its voice
takes 0.3 s. The user speaks over each reply after 0.5 to 4 s of it. Prints a line of JSON: of how many
interruptions `heard` is within one word of the recording, the largest differences, and what was lost. The
exit code is 1 where that are fewer than 95 of 100.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from random import Random
from typing import TYPE_CHECKING

import numpy as np

from scripts.serving.counted_server import RATE_HZ, CountedServer, tone
from voicecli import events
from voicecli.config import AudioConfig, Config
from voicecli.devices.simulated import RecordedUser, SimulatedStreams
from voicecli.satellite import RemoteTalk
from voicecli.satellite.protocol.requests import Wishes
from voicecli.satellite.server_url import server_at
from voicecli.system.clock import MonotonicClock

if TYPE_CHECKING:
    from voicecli.messages import Int16

WORD_S = 0.3
SPOKEN_S = 0.8
OVER_S = 0.15
"""So long after the interruption was told, and before the next reply, a reply is over."""
WAIT_S = 120.0
NEAR = 1.0
ENOUGH = 0.95


class Taped:
    """When the loudspeaker played, in pieces of 10 ms."""

    def __init__(self, clock: MonotonicClock) -> None:
        self._clock = clock
        self._loud: list[tuple[float, float]] = []

    def keep(self, _: Int16, played: Int16) -> None:
        """Devices thread: take a block."""
        pieces = played[: len(played) // 240 * 240].reshape(-1, 240).astype(float)
        loud = np.sqrt((pieces**2).mean(axis=1)) > 1000
        if loud.any():
            self._loud.append((self._clock.now(), float(loud.sum()) * 240 / RATE_HZ))

    @property
    def played_s(self) -> float:
        """Seconds of sound so far."""
        return sum(each for _, each in list(self._loud))

    def words(self, since: float, until: float) -> float:
        """Words that were played between these times."""
        sound_s = sum(each for at, each in list(self._loud) if since <= at < until)
        return sound_s / (WORD_S - 0.02)


def differences(port: int, interruptions: int, seed: int) -> tuple[list[float], dict[str, int]]:
    """Words of `heard` less those that were played, of each interruption of one talk; and its losses."""
    clock, chance, user = MonotonicClock(), Random(seed), RecordedUser()  # noqa: S311  # no secret
    tape, never = Taped(clock), threading.Event()
    streams = SimulatedStreams(user, RATE_HZ, 20, clock, tape.keep)
    config = Config(audio=AudioConfig(headphones=True))
    talk = RemoteTalk(
        server_at(f"127.0.0.1:{port}"), Wishes(), streams, config, clock, clock.now(), lambda: 0.1
    )
    reader, found, since = talk.events.reader("script"), list[float](), 0.0

    def say(number: int) -> None:
        user.say(iter([np.frombuffer(tone(number % 2, SPOKEN_S), "<i2")]))

    def until(kind: type[events.Event]) -> events.Event:
        while not isinstance(event := reader.get(WAIT_S), kind):
            pass
        return event

    talk.start()
    try:
        until(events.Listening)
        say(0)
        for number in range(1, interruptions + 1):
            until(events.Speaking)
            wanted_s = tape.played_s + chance.uniform(0.5, 4.0)
            while tape.played_s < wanted_s:
                talk.check()
                clock.wait(never, 0.02)
            say(number)
            cut = until(events.Interrupted)
            ended = clock.now() + OVER_S
            assert isinstance(cut, events.Interrupted)
            until(events.Heard)
            found.append(len(cut.heard.split()) - tape.words(since, ended))
            since = ended
        losses = {name: count for name, count in talk.status().losses.items() if count}
    finally:
        talk.close(5.0)
    return found, losses


def main() -> int:
    """Measure once."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--interruptions", type=int, default=100)
    parser.add_argument("--talks", type=int, default=4)
    asked = parser.parse_args()
    each = -(-asked.interruptions // asked.talks)
    with (
        CountedServer("--sessions", str(asked.talks), "--word-s", str(WORD_S)) as server,
        ThreadPoolExecutor(asked.talks) as pool,
    ):
        runs = list(pool.map(lambda seed: differences(server.port, each, seed), range(asked.talks)))
    found = sorted((difference for run, _ in runs for difference in run), key=abs)
    near = sum(abs(difference) <= NEAR for difference in found)
    print(
        json.dumps(
            {
                "interruptions": len(found),
                "within one word": near,
                "median": round(float(np.median(found)), 2),
                "largest": [round(difference, 2) for difference in found[-5:]],
                "losses": [losses for _, losses in runs if losses],
                "load": round(os.getloadavg()[0], 1),
            }
        )
    )
    return int(near < ENOUGH * len(found))


if __name__ == "__main__":
    sys.exit(main())
