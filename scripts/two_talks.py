"""Two talks at once in one process, on simulated devices and real models: what each hears, and what it costs.

    python scripts/two_talks.py --minutes 10

One talk is alone for two turns; then a second begins beside it, with other questions, and both go on. The
script prints the memory of one and of two, words that were heard otherwise than asked, losses, the time from
voice to voice, and how long each kind of work waited for its turn.
"""

from __future__ import annotations

import argparse
import itertools
import json
import statistics
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from voicecli import events
from voicecli.cli.talk.scripted import Script
from voicecli.config import Config
from voicecli.devices.simulated import SimulatedStreams
from voicecli.listen.recognise.partial import words_of
from voicecli.loading import load
from voicecli.models.store import ModelStore, models_root
from voicecli.speak.voice import sound_of
from voicecli.system.clock import MonotonicClock
from voicecli.talk import Talk
from voicecli.threads.channel import ChannelClosed

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from voicecli.engines import Session
    from voicecli.messages import Int16


QUESTIONS = (
    ("What is the capital of France?", "How far away is the moon?", "Which animal is the fastest?"),
    ("Who wrote Romeo and Juliet?", "Where do penguins live?", "Can you tell me a short joke?"),
)
"""Of the first user, and of the second."""


def words_of_all(texts: Sequence[str]) -> set[str]:
    """Every word in them."""
    return {word for text in texts for word in words_of(text)}


OWN = [words_of_all(one) - words_of_all(other) for one, other in (QUESTIONS, QUESTIONS[::-1])]
"""Words that only one of them says."""


class OneTalk:
    """One user and one agent."""

    def __init__(self, session: Session, config: Config, questions: Sequence[tuple[str, Int16]]) -> None:
        clock = MonotonicClock()
        self.asked: list[str] = []
        self._questions = itertools.cycle(questions)
        self._stopped = self._over = False
        self._script = Script(self._lines(), clock)
        streams = SimulatedStreams(self._script.user, session.voice.it.rate_hz, 20, clock)
        self.talk = Talk(streams, session, config, clock, clock.now())
        self._reader = self.talk.events.reader("room")
        self.heard: list[str] = []
        self.v2v_ms: list[float] = []
        self.misheard: list[str] = []
        self.failed: list[str] = []
        self.talk.start()

    def _lines(self) -> Iterator[Iterator[Int16]]:
        while not self._stopped:
            text, sound = next(self._questions)
            self.asked.append(text)
            yield iter([sound])

    def stop(self) -> None:
        """Ask nothing more."""
        self._stopped = True

    def goes_on(self) -> bool:
        """Let the user go on, and read the events; say whether there is more to come."""
        self.talk.check()
        try:
            while self._reader.stats().fill:
                self._note(self._reader.get(0))
        except (TimeoutError, ChannelClosed):
            pass
        self._over = self._over or self._script.finished(self.talk)
        return not self._over

    def _note(self, event: events.Event) -> None:
        match event:
            case events.Heard(text=text):
                self.heard.append(text)
                if words_of(text) != words_of(self.asked[-1]):
                    self.misheard.append(f"{self.asked[-1]} -> {text}")
            case events.TurnDone(latency_ms=latency):
                if "total" in latency:
                    self.v2v_ms.append(latency["total"])
            case events.Failed(message=message) | events.Interrupted(heard=message):
                self.failed.append(f"{event.name}: {message}")
            case _:
                pass

    def told(self) -> dict[str, object]:
        """What was asked, heard, wrong and lost, and the latencies, as JSON."""
        return {
            "asked": len(self.asked),
            "heard": len(self.heard),
            "misheard": self.misheard,
            "failed": self.failed,
            "v2v_ms": {
                "median": round(statistics.median(self.v2v_ms)) if self.v2v_ms else None,
                "p95": round(float(np.percentile(self.v2v_ms, 95))) if self.v2v_ms else None,
            },
            "losses": {name: count for name, count in self.talk.status().losses.items() if count},
        }


def resident_mb() -> float:
    """RAM that this process takes now, MB of 10^6 bytes."""
    pages = int(Path("/proc/self/statm").read_text("ascii").split()[1])
    return pages * 4096 / 1e6


def spoken(session: Session, texts: Sequence[str]) -> list[tuple[str, Int16]]:
    """Each text, and how the agent's own voice says it."""
    return [(text, sound_of(session.voice.it, text)) for text in texts]


def main() -> int:
    """Run it, and tell all as JSON; exit code 1 where words of one came to the other, or were lost."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--model", default="auto", help="language model, as generate.model in the settings")
    args = parser.parse_args()
    config = Config.model_validate({"generate": {"model": args.model}, "transcribe": {"language": "en"}})
    engines = load(config, ModelStore(models_root()), lambda _: None, talks=2)
    clock = MonotonicClock()
    first = engines.session()
    rooms = [OneTalk(first, config, spoken(first, QUESTIONS[0]))]

    def run(until: float) -> None:
        while clock.now() < until:
            for room in rooms:
                room.goes_on()
            time.sleep(0.02)  # the pace of this loop, not a wait for something

    while len(rooms[0].v2v_ms) < 2:
        run(clock.now() + 0.5)
    one_mb, alone_ms = resident_mb(), list(rooms[0].v2v_ms)
    second = engines.session()
    rooms.append(OneTalk(second, config, spoken(second, QUESTIONS[1])))
    run(clock.now() + 60 * args.minutes)
    two_mb = resident_mb()
    for room in rooms:
        room.stop()
    while sum(room.goes_on() for room in rooms):  # `sum` asks each of them; `any` would stop at the first
        time.sleep(0.02)
    told = {
        "one_mb": round(one_mb),
        "two_mb": round(two_mb),
        "ratio": round(two_mb / one_mb, 3),
        "alone_ms": [round(each) for each in alone_ms],
        "loads": {
            name: getattr(engines, name).loads
            for name in ("detector", "turn_model", "recogniser", "generator", "voice")
        },
        "rooms": [room.told() for room in rooms],
        "mixed": [
            text
            for room, others in zip(rooms, OWN[::-1], strict=True)
            for text in room.heard
            if others & set(words_of(text))
        ],
        "waited_s": {work.name: round(waited, 2) for work, waited in engines.lane.waited_s.items()},
    }
    for room in rooms:
        room.talk.close()
    print(json.dumps(told, indent=1))
    return int(bool(told["mixed"]) or any(room.failed or room.told()["losses"] for room in rooms))


if __name__ == "__main__":
    sys.exit(main())
