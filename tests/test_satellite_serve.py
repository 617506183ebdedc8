"""`talk --server` and `voicecli serve` together, with simple engines: both ends of one wire."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Self

import numpy as np
from aiohttp import web

from tests.test_satellite_talk import Held, loud
from tests.test_serve import Hall
from voicecli import events
from voicecli.cli.talk.scripted import Script
from voicecli.config import AudioConfig, Config
from voicecli.devices.simulated import SimulatedStreams
from voicecli.satellite import RemoteTalk
from voicecli.satellite.protocol.requests import Wishes
from voicecli.satellite.server_url import server_at
from voicecli.serve.access import Access
from voicecli.serve.server import Server, ServerLimits
from voicecli.system.clock import MonotonicClock

if TYPE_CHECKING:
    from voicecli.messages import Int16

RATE_HZ = 24_000
LINE_HZ = 200
WAIT_S = 20.0
TOKEN = "a-token-of-the-server"


class Running:
    """A server of the program's own, on a thread of its own."""

    def __init__(self, hall: Hall) -> None:
        self.port = 0
        self.hall = hall
        self._ready = threading.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop: asyncio.Event | None = None
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run()), daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        assert self._ready.wait(WAIT_S)
        return self

    def __exit__(self, *_: object) -> None:
        assert self._loop is not None
        assert self._stop is not None
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(WAIT_S)
        assert not self._thread.is_alive()

    def cut(self) -> None:
        """Every connection breaks, without a word."""
        assert self._loop is not None
        self._loop.call_soon_threadsafe(self._abort)

    def _abort(self) -> None:
        for transport in self._transports:
            transport.abort()

    async def _run(self) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        self._transports: list[asyncio.Transport] = []
        server = Server(self.hall, Config(), Access(0, TOKEN), ServerLimits(2), lambda _: None)  # type: ignore[arg-type]  # duck-typed

        @web.middleware
        async def noted(request: web.Request, handler):  # type: ignore[no-untyped-def]
            if isinstance(request.transport, asyncio.Transport):
                self._transports.append(request.transport)
            return await handler(request)

        app = server.application()
        app.middlewares.append(noted)
        runner = web.AppRunner(app, shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        self.port = runner.addresses[0][1]
        self._ready.set()
        await self._stop.wait()
        await server.end()
        await runner.cleanup()


def tone(seconds: float, line: int = 0) -> Int16:
    """Speech, as the engines of these tests hear it, and a little silence behind it."""
    at = np.arange(round(seconds * RATE_HZ)) / RATE_HZ
    sound = (np.sin(2 * np.pi * LINE_HZ * (line + 2) * at) * 0.3 * 32767).astype(np.int16)
    return np.concatenate((sound, np.zeros(RATE_HZ // 5, np.int16)))


@contextmanager
def talking(server: Running, *lines: Int16, wishes: Wishes | None = None) -> Iterator[tuple[Held, Script]]:
    """A talk whose user says these lines, each when the one before is answered."""
    clock, played = MonotonicClock(), list[np.ndarray]()
    script = Script(iter([iter([line]) for line in lines]), clock)
    streams = SimulatedStreams(script.user, RATE_HZ, 20, clock, lambda _, sound: played.append(sound.copy()))
    at = server_at(f"127.0.0.1:{server.port}", TOKEN)
    config = Config(audio=AudioConfig(headphones=True))
    talk = RemoteTalk(at, wishes or Wishes(), streams, config, clock, clock.now(), lambda: 0.1)
    held = Held(talk, script.user, played)
    talk.start()
    try:
        yield held, script
    finally:
        assert talk.close(5.0)


def through(held: Held, script: Script) -> None:
    """Until the script is finished."""
    clock, stop = MonotonicClock(), threading.Event()
    ends = clock.now() + WAIT_S
    while not script.finished(held.talk):
        held.talk.check()
        far, player = held.talk._far_end, held.talk._player
        assert clock.now() < ends, (
            held.told,
            far.doing,
            far.link,
            player.over,
            held.talk._outgoing.waiting_s,
        )
        clock.wait(stop, 0.05)


def test_a_spoken_line_is_answered_in_sound_with_all_that_a_local_talk_tells() -> None:
    with (
        Running(Hall(["What is it?"], ["It is this and that."] * 8)) as server,
        talking(server, tone(0.6)) as (
            held,
            script,
        ),
    ):
        through(held, script)
        done = held.until(events.TurnDone)
        kinds = {type(event) for event in held.told}
        assert kinds >= {
            events.Listening,
            events.SpeechBegan,
            events.Heard,
            events.ReplyClause,
            events.Speaking,
        }
        assert done.heard == "It is this and that."
        assert done.latency_ms["total"] > 0
        assert loud(held.sound()) > 0.3
        losses = held.talk.status().losses
        assert losses["microphone samples lost"] == losses["samples for the server lost"] == 0


def test_an_interruption_over_the_wire_silences_and_counts_what_was_heard() -> None:
    long = "It is this and that and all the rest of it. " * 4
    hall = Hall(["What is it?", "No, tell me about that."], [long] * 8)
    with Running(hall) as server, talking(server, tone(0.6)) as (held, script):
        while not loud(held.sound()) > 0.3:
            script.finished(held.talk)
            threading.Event().wait(0.02)
        held.user.say(iter([tone(1.2, line=1)]))
        cut = held.until(events.Interrupted)
        assert len(cut.heard) < len(long)
        assert held.until(events.Heard).text == "No, tell me about that."


def test_a_cut_wire_is_taken_up_again_in_the_middle_of_an_answer() -> None:
    long = "It is this and that and all the rest of it. " * 3
    with Running(Hall(["What is it?"], [long] * 8)) as server, talking(server, tone(0.6)) as (held, script):
        held.until(events.Listening)
        while not script.finished(held.talk) and not loud(held.sound()) > 0.3:
            threading.Event().wait(0.02)
        server.cut()
        held.warned("is lost")
        held.warned("is there again")
        done = held.until(events.TurnDone)
        assert done.heard == long.strip()
        assert len(server.hall.models) == 1, "the talk went on"


def test_typed_lines_and_the_talk_key_work_over_the_wire() -> None:
    hall = Hall(["What is it?"], ["It is this.", *["And that."] * 8])
    with Running(hall) as server, talking(server, wishes=Wishes(push_to_talk=True)) as (held, _):
        held.until(events.Listening)
        held.talk.controls.say("Say it.")
        assert held.until(events.Heard).text == "Say it."
        assert held.until(events.TurnDone).heard == "It is this."
        held.until(events.Listening)
        held.talk.controls.talk(begins=True)
        held.user.say(iter([tone(0.6)]))
        while not held.user.finished:
            threading.Event().wait(0.02)
        held.talk.controls.talk(begins=False)
        assert held.until(events.Heard).text == "What is it?"
        assert held.until(events.TurnDone).heard == "And that."
