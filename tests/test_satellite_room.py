"""`talk --server` as people use it: real models at the server, real devices here, a wire that breaks."""

from __future__ import annotations

import asyncio
import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from rig.made_speech import speak
from rig.program import started, talking
from rig.room import Room, can_run
from tests.matrix import also
from tests.test_talk import alike, holds, likeness, words
from tests.test_talk_over import ASKED, OVER, after, names

pytestmark = [
    pytest.mark.models,
    pytest.mark.room,
    pytest.mark.skipif(not can_run(), reason="needs pulseaudio and its tools: make test installs them"),
]

QUESTION = "What is the capital of France?"


@contextmanager
def serving(**settings: str) -> Iterator[int]:
    """`voicecli serve` with its models loaded, with settings by their variables; gives its port."""
    env = {**os.environ, **settings}
    with started("serve", "--port", "0", "--sessions", "1", env=env, network=True) as server:
        assert server.stderr is not None
        for line in server.stderr:
            if "serving at" in line:
                yield int(line.split("/v1/realtime")[0].rpartition(":")[2])
                break
        server.send_signal(signal.SIGINT)
        server.wait(20)


class Wire:
    """A way to the server that can be cut, and then takes connections again."""

    def __init__(self, port: int) -> None:
        self.port = 0
        self._there = port
        self._writers: list[asyncio.StreamWriter] = []
        self._ready, self._over = threading.Event(), asyncio.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run()), daemon=True)
        self._thread.start()
        assert self._ready.wait(10)

    def cut(self) -> None:
        self._loop.call_soon_threadsafe(self._cut)

    def close(self) -> None:
        self._loop.call_soon_threadsafe(self._over.set)
        self._thread.join(10)

    async def _run(self) -> None:
        self._loop = asyncio.get_running_loop()
        server = await asyncio.start_server(self._carry, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        self._ready.set()
        await self._over.wait()
        self._cut()
        server.close()
        await asyncio.sleep(0.1)

    def _cut(self) -> None:
        for writer in self._writers:
            writer.transport.abort()
        self._writers.clear()

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._there)
        self._writers += [writer, far_writer]
        await asyncio.gather(_pump(reader, far_writer), _pump(far_reader, writer), return_exceptions=True)


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(65536):
        writer.write(data)
        await writer.drain()
    writer.close()


def test_a_question_is_answered_aloud_by_a_server_also_after_the_wire_was_cut() -> None:
    with serving() as port, Room() as room:
        wire = Wire(port)
        with talking("--server", f"ws://127.0.0.1:{wire.port}", env=room.env, network=True) as agent:
            agent.until("listening")
            for cut in (False, True):
                if cut:
                    wire.cut()
                    agent.until("warning")
                begin = room.position()
                room.say(speak(QUESTION))
                heard = agent.until("transcript")
                done = agent.until("turn_done")
                agent.until("listening")
                assert alike(str(heard["text"]), QUESTION) >= 0.85
                assert likeness(str(done["heard"]), room.tape(begin)) >= 0.8
            warnings = [str(event["message"]) for event in agent.seen if event["event"] == "warning"]
            assert sum("is lost" in text for text in warnings) == 1, warnings
            assert sum("is there again" in text for text in warnings) == 1, warnings
            agent.process.send_signal(signal.SIGINT)
            assert agent.wait() == 0
        wire.close()


@pytest.mark.parametrize("level_db", also(-15.0, -6.0))
def test_the_agent_s_echo_is_taken_out_here_and_who_speaks_over_it_is_heard(level_db: float) -> None:
    with serving(VOICECLI_GENERATE__ENGINE="echo") as port, Room() as room:
        room.echo(level_db, 120)
        with talking("--server", f"127.0.0.1:{port}", env=room.env, network=True) as agent:
            agent.until("listening")
            room.say(speak(ASKED))
            first = agent.until("turn_done")
            agent.until("listening")
            assert len(words(str(first["heard"]))) >= len(words(ASKED)), agent.seen
            assert names(agent).count("speech_started") == 1, agent.seen
            room.say(speak(ASKED))
            agent.until("speaking")
            room.say(after(2.0, speak(OVER)))
            agent.until("interrupted")
            agent.until("transcript")
            agent.until("turn_done")
            while names(agent).count("turn_done") < 3:
                agent.until("turn_done")
        heard = [event["text"] for event in agent.seen if event["event"] == "transcript"]
        assert holds(str(heard[-1]), OVER)
        assert names(agent).count("interrupted") == 1
