"""What the wire of `talk --server` costs: a question to a talk here, and to one behind a socket, in turns.

    python -m scripts.wire_cost --turns 12 --rounds 2
    python -m scripts.wire_cost --turns 6 --models    # real models; may be followed by a language model

Both ends of the socket are in this process, at 127.0.0.1, so one clock times both. Without `--models` the
engines are simple and answer at once: what is left is the way. The devices are simulated, and keep the pace
of hardware. Each turn is timed from the end of the question, at the microphone, to the first sound of the
answer, at the loudspeaker (`whole`), and in parts: until the detector has the last loud frame (`in`), until
the view is told that the turn is over (`thinks`), and until the answer sounds (`out`).
"""

from __future__ import annotations

import argparse
import asyncio
import dataclasses
import json
import queue
import statistics
import sys
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol, Self

import numpy as np
from aiohttp import web

from voicecli import events
from voicecli.audio.convert import Resampler
from voicecli.audio.level import level_dbfs, to_float, to_int16
from voicecli.audio.streams import StreamFormat
from voicecli.config import Config
from voicecli.devices.simulated import RecordedUser
from voicecli.engines import Seat, Session
from voicecli.loading import load
from voicecli.messages import RATE_HZ, GenerationStats, ScoredFrame, Transcript
from voicecli.models.store import ModelStore, models_root
from voicecli.satellite import RemoteTalk
from voicecli.satellite.protocol.requests import Wishes
from voicecli.satellite.server_url import server_at
from voicecli.serve.access import Access
from voicecli.serve.server import Server, ServerLimits
from voicecli.speak.voice import Piece, sound_of
from voicecli.system.clock import MonotonicClock
from voicecli.talk import Talk
from voicecli.threads.channel import ChannelClosed
from voicecli.threads.lane import Lane, Place

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from voicecli.audio.streams import Notice, OnInput, OnOutput
    from voicecli.listen.detector import Detector
    from voicecli.messages import ChatMessage, Float32, Float32Frame, Int16

LATENCY_S = 0.02
"""Of the simulated loudspeaker, s."""

LOUD = 300
"""Sound begins and ends with a sample beyond this, of 32767."""

QUIET_S = 1.0
"""So long nobody speaks before the next question, s."""

PATIENT_S = 60.0
VOICE_HZ = 22_050
"""Of the simple voice: most of Piper's have it."""

QUESTION = "What is the capital of France?"


@dataclass
class Times:
    """When things happened in one turn, s on the one clock; 0.0: not yet."""

    spoken_at: float = 0.0
    scored_at: float = 0.0
    heard_at: float = 0.0
    sounds_at: float = 0.0

    def parts_ms(self) -> dict[str, float]:
        """The whole, and its parts."""
        parts = {
            "in": self.scored_at - self.spoken_at,
            "thinks": self.heard_at - self.scored_at,
            "out": self.sounds_at - self.heard_at,
        }
        return {name: round(each * 1000, 1) for name, each in {**parts, "whole": sum(parts.values())}.items()}


class NotedDetector:
    """A detector, and when it was given the last loud frame."""

    def __init__(self, detector: Detector | None, times: Callable[[], Times]) -> None:
        self._detector = detector
        self._times = times

    def score(self, frame: Float32Frame, quiet_dbfs: float) -> ScoredFrame:
        """As the detector does; without one, what is loud is speech."""
        if np.abs(frame.samples).max() > LOUD / 32768:
            self._times().scored_at = MonotonicClock().now()
        if self._detector is not None:
            return self._detector.score(frame, quiet_dbfs)
        level = level_dbfs(frame.samples)
        return ScoredFrame(frame, 1.0 if level > -40 else 0.0, level)


class Sure:
    """A turn model that takes every pause for the end."""

    def complete(self, samples: Float32) -> float:
        """Nearly certain."""
        return 0.98


class WireTold:
    """A recogniser that hears one question in whatever is loud."""

    languages: frozenset[str] | None = None
    finds_language = False
    looks_ahead = True
    window_s = 28.0

    def narrow(self, *, on: bool) -> None:
        """It has but one way."""

    def transcribe(self, samples: Float32, **_: object) -> Transcript:
        """The question, or nothing."""
        heard = QUESTION if samples.size and np.abs(samples).max() > LOUD / 32768 else ""
        return Transcript(heard, "en" if heard else "", 0.9 if heard else 0.0)


class Ready:
    """A language model that has its answer ready."""

    name, is_local, is_small, reads_ahead = "simple", True, False, False

    def warm(self, messages: Sequence[ChatMessage], cancelled: Callable[[], bool]) -> None:
        """Nothing to read."""

    def ending(self, messages: Sequence[ChatMessage]) -> None:
        """No opinion."""

    def close(self) -> None:
        """Nothing to end."""

    def generate(
        self, messages: Sequence[ChatMessage], emit: Callable[[str], None], cancelled: Callable[[], bool]
    ) -> GenerationStats:
        """Give a sentence."""
        for word in ("It ", "is ", "this ", "and ", "that."):
            emit(word)
        return GenerationStats(40, 5, 5)


class Beeps:
    """A voice that says each word in a tenth of a second."""

    rate_hz, language, languages = VOICE_HZ, "en", frozenset({"en"})

    def say(self, text: str) -> Iterator[Piece]:
        """In two parts, as a voice does."""
        samples = tone(0.1 * len(text.split()), VOICE_HZ)
        half = len(samples) // 2
        yield Piece(samples[:half], len(samples) - half)
        yield Piece(samples[half:])


def tone(seconds: float, rate_hz: int) -> Int16:
    """(n,) int16."""
    at = np.arange(round(seconds * rate_hz)) / rate_hz
    return (np.sin(2 * np.pi * 400 * at) * 0.3 * 32767).astype(np.int16)


class WireDevices:
    """A simulated microphone and loudspeaker, each of its own rate, in blocks of 20 ms; both are timed."""

    def __init__(self, hears_hz: int, speaks_hz: int, times: Callable[[], Times]) -> None:
        self.microphone = StreamFormat("simulated microphone", hears_hz, 1, LATENCY_S)
        self.loudspeaker = StreamFormat("simulated loudspeaker", speaks_hz, 1, LATENCY_S)
        self.user = RecordedUser()
        self._times = times
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self, on_input: OnInput, on_output: OnOutput) -> None:
        """Begin to call both."""
        self._thread = threading.Thread(target=self._run, args=(on_input, on_output), name="devices")
        self._thread.start()

    def _run(self, on_input: OnInput, on_output: OnOutput) -> None:
        hears_hz, speaks_hz = self.microphone.rate_hz, self.loudspeaker.rate_hz
        clock = MonotonicClock()
        due = clock.now()
        while not self._stop.wait(max(0.0, due - clock.now())):
            spoken, times = self.user.speak(hears_hz // 50), self._times()
            if len(loud := np.flatnonzero(np.abs(spoken) > LOUD)):
                times.spoken_at = due - 0.02 + (loud[-1] + 1) / hears_hz
            on_input(spoken[:, np.newaxis], due - 0.02, False)
            played = np.zeros(speaks_hz // 50, np.int16)
            on_output(played, due + LATENCY_S, False)
            if not times.sounds_at and len(loud := np.flatnonzero(np.abs(played) > LOUD)):
                times.sounds_at = due + LATENCY_S + loud[0] / speaks_hz
            due += 0.02

    def poll(self, *, idle: bool = False) -> list[Notice]:
        """Tell nothing."""
        return []

    def close(self) -> bool:
        """End."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join()
        return True


class Makes(Protocol):
    """What gives a talk its engines, as `Engines` does."""

    clock: MonotonicClock

    def session(self) -> Session:
        """For one more talk."""
        ...


@dataclass
class Simple:
    """Simple engines."""

    clock: MonotonicClock = field(default_factory=MonotonicClock)

    def session(self) -> Session:
        """Each of its own."""
        engines = (NotedDetector(None, Times), Sure(), WireTold(), Ready(), Beeps())
        place = Place(Lane(2, self.clock), self.clock)
        return Session(*(Seat(lambda engine=engine: engine) for engine in engines), place)  # type: ignore[misc, arg-type]


@dataclass
class WireNoted:
    """Engines whose detector notes when it heard the end of the question."""

    engines: Makes
    times: Callable[[], Times]
    clock: MonotonicClock = field(default_factory=MonotonicClock)

    def session(self) -> Session:
        """With a detector that notes."""
        session = self.engines.session()
        detector = session.detector.it
        asked = None if isinstance(detector, NotedDetector) else detector
        return dataclasses.replace(session, detector=Seat(lambda: NotedDetector(asked, self.times)))


class WireServed:
    """A server at 127.0.0.1, on a thread of its own."""

    def __init__(self, engines: WireNoted, config: Config) -> None:
        self._engines, self._config = engines, config
        self._port: queue.Queue[int] = queue.Queue()
        self._over = lambda: None
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run()), name="server")
        self.port = 0

    def __enter__(self) -> Self:
        self._thread.start()
        self.port = self._port.get(timeout=PATIENT_S)
        return self

    def __exit__(self, *_: object) -> None:
        self._over()
        self._thread.join()

    async def _run(self) -> None:
        loop, over = asyncio.get_running_loop(), asyncio.Event()
        self._over = lambda: loop.call_soon_threadsafe(over.set)  # type: ignore[assignment, return-value]
        server = Server(self._engines, self._config, Access(0, ""), ServerLimits(1), lambda _: None)  # type: ignore[arg-type]
        runner = web.AppRunner(server.application(), shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        self._port.put(runner.addresses[0][1])
        await over.wait()
        await server.end()
        await runner.cleanup()


class WireAsking:
    """One user who asks the same question again and again."""

    def __init__(self, question: Int16, rate_hz: int) -> None:
        self.times = Times()
        samples = Resampler(rate_hz, RATE_HZ).push(to_float(question), last=True)
        self._question = to_int16(samples)

    def ask(self, talk: Talk | RemoteTalk, devices: WireDevices, turns: int) -> list[dict[str, float]]:
        """The parts of each turn, ms. The first does not count: much is done in it for the first time."""
        reader, found, clock = talk.events.reader("cost"), list[dict[str, float]](), MonotonicClock()
        talk.start()
        try:
            self._until(talk, reader.get, events.Listening)
            for turn in range(turns + 1):
                # Another place among the blocks each time.
                clock.wait(threading.Event(), QUIET_S + turn * 0.0073)
                self.times = times = Times()
                question = Resampler(RATE_HZ, devices.microphone.rate_hz).push(
                    to_float(self._question), last=True
                )
                devices.user.say(iter([to_int16(question)]))
                self._until(talk, reader.get, events.Heard)
                times.heard_at = clock.now()
                self._until(talk, reader.get, events.Listening)
                if turn:
                    found.append(times.parts_ms())
        finally:
            talk.close()
        return found

    @staticmethod
    def _until(
        talk: Talk | RemoteTalk, get: Callable[[float], events.Event], kind: type[events.Event]
    ) -> None:
        while True:
            talk.check()
            try:
                event = get(PATIENT_S)
            except (ChannelClosed, TimeoutError):
                raise SystemExit(f"the talk ended, or told no {kind.name}") from None
            if isinstance(event, kind):
                return


def engines_of(models: str | None) -> tuple[Makes, Int16, int]:
    """The engines, the question as sound, and its rate."""
    if models is None:
        return Simple(), tone(0.6, RATE_HZ), RATE_HZ
    config = settings(models)
    engines = load(config, ModelStore(models_root()), lambda _: None, talks=2)
    session = engines.session()
    voice = session.voice.it
    sound, rate_hz = sound_of(voice, QUESTION), voice.rate_hz
    session.close()
    return engines, sound, rate_hz  # type: ignore[return-value]  # its clock is one of them


def settings(models: str | None) -> Config:
    """Of the talks: no echo, because nothing that sounds reaches the microphone."""
    wanted: dict[str, object] = {"audio": {"headphones": True}}
    if models is not None:
        wanted |= {"generate": {"model": models}, "transcribe": {"language": "en"}}
    return Config.model_validate(wanted)


def in_sum(turns: list[dict[str, float]]) -> dict[str, dict[str, float]]:
    """Of each part the least, the median, the 95th percentile and the worst, ms."""
    return {
        name: {
            "least": min(values),
            "median": round(statistics.median(values), 1),
            "p95": round(float(np.percentile(values, 95)), 1),
            "worst": max(values),
        }
        for name in ("in", "thinks", "out", "whole")
        for values in [[turn[name] for turn in turns]]
    }


def main() -> int:
    """Ask here and there in turns; print the figures as JSON."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--turns", type=int, default=12, help="questions of a talk, beside the first")
    parser.add_argument("--rounds", type=int, default=2, help="talks here, and as many there")
    parser.add_argument("--models", nargs="?", const="auto", help="real models; the language model's name")
    parser.add_argument("--hears-hz", type=int, default=RATE_HZ, help="rate of the microphone")
    parser.add_argument("--speaks-hz", type=int, default=24_000, help="rate of the loudspeaker")
    args = parser.parse_args()
    config, clock = settings(args.models), MonotonicClock()
    found: dict[str, list[dict[str, float]]] = {"here": [], "there": []}
    engines, sound, rate_hz = engines_of(args.models)
    asking = WireAsking(sound, rate_hz)
    noted = WireNoted(engines, lambda: asking.times)
    for _ in range(args.rounds):
        began = clock.now()
        devices = WireDevices(args.hears_hz, args.speaks_hz, lambda: asking.times)
        here = Talk(devices, noted.session(), config, clock, began)
        found["here"] += asking.ask(here, devices, args.turns)
        with WireServed(noted, config) as server:
            began = clock.now()
            devices = WireDevices(args.hears_hz, args.speaks_hz, lambda: asking.times)
            at = server_at(f"127.0.0.1:{server.port}")
            there = RemoteTalk(at, Wishes(), devices, config, clock, began, lambda: 0.0)
            found["there"] += asking.ask(there, devices, args.turns)
    told = {where: in_sum(turns) for where, turns in found.items()}
    costs = {
        name: round(told["there"][name]["median"] - told["here"][name]["median"], 1) for name in told["here"]
    }
    print(json.dumps({"ms": told, "wire_ms": costs, "turns": args.rounds * args.turns}, indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
