"""The page of `voicecli serve` in a browser, when its connection breaks: nothing is lost or comes twice."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import numpy as np
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from rig.pages.browser import CHROMIUM, Page, opened
from tests.breaking_wire import BreakingWire
from tests.test_serve import RATE_HZ, Hall, tone
from tests.test_serve_page import click, text_of
from voicecli.audio.recordings.files import WavWriter
from voicecli.config import Config
from voicecli.serve.access import Access
from voicecli.serve.server import Server, ServerLimits

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="needs chromium: make test installs it")

LINES = ["One", "two", "three", "four", "five", "six."]
REPLY = "It is this and that and all the rest of what there is to be said of it."
WORD_S = 0.1
"""A word of the agent's, as the simple voice says it."""

TAPED = """
window.heard_s = window.silent_s = 0
const connect = AudioNode.prototype.connect
AudioNode.prototype.connect = function (to, ...rest) {
  if (to === this.context.destination) this.context.audioWorklet.addModule("tape.js").then(() => {
    const tape = new AudioWorkletNode(this.context, "tape")
    tape.port.onmessage = ({ data }) => Object.assign(window, data)
    connect.call(this, tape)
  })
  return connect.call(this, to, ...rest)
}
"""
"""Has the page count how long its loudspeaker has sounded, and for how long it has been silent, s."""

TAPE = """
registerProcessor("tape", class extends AudioWorkletProcessor {
  heard = 0
  silent = 0
  process([[samples]]) {
    if (!samples) return true
    const sounds = samples.some((one) => Math.abs(one) > 0.01)
    if (sounds) this.heard += samples.length
    this.silent = sounds ? 0 : this.silent + samples.length
    this.port.postMessage({ heard_s: this.heard / sampleRate, silent_s: this.silent / sampleRate })
    return true
  }
})
"""


ASKED = """
(() => {
  const now = performance.now()
  if (document.getElementById("level").value > -30) window.loud_at = now
  return window.loud_at && now - window.loud_at > 800
})()
"""
"""Whether the page's microphone has heard a question to its end: a busy browser leaves holes in it."""


class Talk:
    """What a test has of a talk by the page."""

    def __init__(self, page: Page, wire: BreakingWire, server: Server, hall: Hall) -> None:
        self.page, self.wire, self.server, self.hall = page, wire, server, hall

    async def state(self, *states: str, timeout_s: float = 30.0) -> None:
        """Wait until the page shows one of these."""
        await self.page.until(f"{list(states)}.includes({text_of('state')})", timeout_s)

    async def link(self, state: str, timeout_s: float = 30.0) -> None:
        """Wait until the page's connection is so."""
        await self.page.until(f"document.body.dataset.link === '{state}'", timeout_s)

    async def said(self) -> list[str]:
        """What the log shows, line by line."""
        lines = await self.page.ask("[...document.querySelectorAll('#log li')].map((one) => one.textContent)")
        assert isinstance(lines, list)
        return [str(line) for line in lines]

    async def type(self, text: str) -> None:
        await self.page.ask(f"document.getElementById('line').value = '{text}'")
        await self.page.ask("document.getElementById('typed').requestSubmit()")

    async def has(self, count: int) -> None:
        """Wait until the log has so many lines, and the last reply has sounded."""
        await self.page.until(f"document.querySelectorAll('#log li').length === {count}")
        await self.state("Listening.")


async def give_tape(_: web.Request) -> web.Response:
    return web.Response(text=TAPE, content_type="text/javascript")


def talk(
    folder: Path,
    body: Callable[[Talk], Awaitable[None]],
    microphone: np.ndarray,
    replies: list[str] | None = None,
    resume_s: float = 30.0,
) -> None:
    """Serve to the page over a wire that breaks; it hears (n,) int16 at 24 kHz."""
    recording = folder / "said.wav"
    with WavWriter(recording, RATE_HZ, channels=1) as wav:
        wav.write(microphone.astype(np.int16))
    flags = (
        "--use-fake-device-for-media-stream",
        f"--use-file-for-fake-audio-capture={recording}%noloop",
    )

    async def run() -> None:
        hall = Hall(LINES, [REPLY] * 3 if replies is None else replies)
        limits = ServerLimits(sessions=1, resume_s=resume_s)
        server = Server(hall, Config(), Access(0, ""), limits, lambda _: None)  # type: ignore[arg-type]
        application = server.application()
        application.router.add_get("/tape.js", give_tape)
        async with (
            TestServer(application) as at,
            BreakingWire(at.port or 0) as wire,
            opened(f"http://127.0.0.1:{wire.port}/", folder / "profile", *flags) as page,
        ):
            await page.ask(TAPED)
            await click(page, "start")
            await body(Talk(page, wire, server, hall))
            await server.end()

    asyncio.run(run())


def pause(seconds: float) -> np.ndarray:
    return np.zeros(round(seconds * RATE_HZ))


def question(each_s: float = 0.25) -> np.ndarray:
    """All lines, one after another."""
    return np.concatenate([tone(each_s, line) for line in range(len(LINES))])


@pytest.mark.matrix  # a busy browser leaves holes in a question
def test_in_the_middle_of_a_question(tmp_path: Path) -> None:
    async def body(on: Talk) -> None:
        await on.state("You speak.")
        await on.wire.cut(refuse=True)
        await on.link("lost")
        assert "lost" in str(await on.page.ask(text_of("state")))
        on.wire.mend()
        await on.link("resumed")
        await on.has(2)
        assert await on.said() == [" ".join(LINES), REPLY]
        assert len(on.hall.models) == 1
        assert not await on.page.ask(text_of("problem"))

    talk(tmp_path, body, np.concatenate((pause(3), question(), pause(3))))


@pytest.mark.matrix  # a busy browser leaves holes in a question
def test_a_question_that_nobody_was_connected_to_hear(tmp_path: Path) -> None:
    async def body(on: Talk) -> None:
        await on.state("Listening.")
        await on.wire.cut(refuse=True)
        await on.link("lost")
        await on.page.until(ASKED)
        on.wire.mend()
        await on.has(2)
        assert await on.said() == [" ".join(LINES), REPLY]
        assert len(on.hall.models) == 1

    talk(tmp_path, body, np.concatenate((pause(5), question(), pause(5))))


def test_in_the_middle_of_a_reply(tmp_path: Path) -> None:
    async def body(on: Talk) -> None:
        await on.type("Say it.")
        await on.page.until("window.heard_s > 0.3")
        await on.wire.cut(refuse=True)
        await on.link("lost")
        on.wire.mend()
        await on.link("resumed")
        await on.has(2)
        assert await on.said() == ["Say it.", REPLY]
        heard_s = await on.page.ask("window.heard_s")
        assert heard_s == pytest.approx(WORD_S * len(REPLY.split()), abs=0.06)
        await on.type("And then?")
        await on.has(4)
        told = [message.content for message in on.hall.models[0].asked[-1]]
        assert told[-3:] == ["Say it.", REPLY, "And then?"]  # all of it counts as heard

    talk(tmp_path, body, pause(1))


@pytest.mark.matrix
def test_a_line_that_is_typed_meanwhile_is_answered_once(tmp_path: Path) -> None:
    async def body(on: Talk) -> None:
        await on.state("Listening.")
        await on.wire.cut(refuse=True)
        await on.link("lost")
        await on.type("Say it.")
        on.wire.mend()
        await on.has(2)
        await on.wire.cut()
        await on.link("lost")
        await on.state("Listening.")
        await on.type("And then?")
        await on.has(4)
        assert await on.said() == ["Say it.", REPLY, "And then?", REPLY]
        assert [messages[-1].content for messages in on.hall.models[0].asked] == ["Say it.", "And then?"]

    talk(tmp_path, body, pause(1))


@pytest.mark.matrix
def test_a_talk_that_is_forgotten_is_told_to_the_next(tmp_path: Path) -> None:
    async def body(on: Talk) -> None:
        await on.type("Say it.")
        await on.state("The agent speaks.")
        await on.has(2)
        await on.wire.cut(refuse=True)
        await on.link("lost")
        async with asyncio.timeout(20):
            while on.server.talking:
                await asyncio.sleep(0.01)
        on.wire.mend()
        await on.link("begun")
        await on.type("And then?")
        await on.has(4)
        assert await on.said() == ["Say it.", REPLY, "And then?", REPLY]
        told = [message.content for message in on.hall.models[1].asked[-1]]
        assert told[-3:] == ["Say it.", REPLY, "And then?"]

    talk(tmp_path, body, pause(1), resume_s=0.2)


def test_a_connection_that_dies_without_a_word_is_noticed(tmp_path: Path) -> None:
    async def body(on: Talk) -> None:
        await on.state("Listening.")
        on.wire.freeze()
        await on.link("resumed")
        await on.type("Say it.")
        await on.has(2)
        assert len(on.hall.models) == 1

    talk(tmp_path, body, pause(1))


def test_a_talk_that_is_ended_is_not_kept(tmp_path: Path) -> None:
    async def body(on: Talk) -> None:
        await on.state("Listening.")
        await click(on.page, "start")
        async with asyncio.timeout(20):
            while on.server.talking:
                await asyncio.sleep(0.01)

    talk(tmp_path, body, pause(1), resume_s=1e6)


@pytest.mark.matrix
def test_who_stops_the_agent_while_the_connection_is_lost_does_not_hear_it_again(tmp_path: Path) -> None:
    long = " ".join([REPLY] * 5)

    async def body(on: Talk) -> None:
        await on.type("Say it.")
        await on.state("The agent speaks.")
        await on.page.until("window.heard_s > 0.2")
        await on.wire.cut(refuse=True)
        await on.link("lost")
        await click(on.page, "stop")
        await on.page.until("window.silent_s > 0.1")
        heard_s = await on.page.ask("window.heard_s")
        on.wire.mend()
        await on.link("resumed")
        await on.has(2)
        assert await on.page.ask("window.heard_s") == heard_s
        await on.type("And then?")
        await on.has(4)
        told = [message.content for message in on.hall.models[0].asked[-1]]
        assert told[-1] == "And then?"
        assert long not in told  # what was not heard, the agent did not say

    talk(tmp_path, body, pause(1), [long, REPLY])
