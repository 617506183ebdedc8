"""A program that records simulated devices into a folder until it is killed; prints when it began, s."""

from __future__ import annotations

import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from voicecli import events
from voicecli.config import Config
from voicecli.devices.simulated import SimulatedStreams
from voicecli.events import WEIGHTS, weight
from voicecli.records.recorder import Followed, Recorder
from voicecli.system.clock import MonotonicClock
from voicecli.talk.inboxes import EVENTS, FACTS
from voicecli.threads.log import Log

if TYPE_CHECKING:
    from voicecli.events import Event
    from voicecli.floor.facts import Fact
    from voicecli.floor.orders import Order
    from voicecli.messages import Int16

WORDS_EVERY_S = 0.1


class Noisy:
    """A user who hisses without a pause."""

    def __init__(self) -> None:
        self._noise = np.random.default_rng(0)

    def speak(self, count: int) -> Int16:
        return self._noise.integers(-3000, 3000, count, np.int16)


def main(folder: Path) -> None:
    clock = MonotonicClock()
    began = clock.now()
    log: Log[Event] = Log(EVENTS, WEIGHTS, weight)
    facts: Log[tuple[float, Fact, list[Order]]] = Log(FACTS)
    recorder = Recorder(folder, Config(), clock, began)
    streams = recorder.over(SimulatedStreams(Noisy(), 22_050, 20, clock))
    recorder.follow(
        Followed(log.reader("r"), facts.reader("r"), lambda _: False, dict, lambda found, _: print(found))
    )
    streams.start(lambda *_: None, lambda *_: None)
    recorder.start()
    print(began, flush=True)
    never, number = threading.Event(), 0
    while not clock.wait(never, WORDS_EVERY_S):
        number += 1
        log.put(events.Heard(clock.now() - began, number, "words that were said", "en", 0.9))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
