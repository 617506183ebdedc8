"""The page of `voicecli serve` in a real browser, which hears a recording for a microphone."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable
from pathlib import Path

import numpy as np
import pytest
from aiohttp import ClientSession
from aiohttp.test_utils import TestServer

from rig.pages.browser import CHROMIUM, Page, opened
from tests.test_serve import Hall, tone
from voicecli.audio.recordings.files import WavWriter
from voicecli.config import Config
from voicecli.engines import Engines
from voicecli.serve.access import Access
from voicecli.serve.browser_page import KINDS
from voicecli.serve.server import Server, ServerLimits

LARGEST = 40_000
"""Bytes of the whole page."""

browser = pytest.mark.skipif(CHROMIUM is None, reason="needs chromium: make test installs it")


ELSEWHERE = "page.test"
"""A name that means another computer to a browser."""


def show(
    folder: Path,
    body: Callable[[Page], Awaitable[None]],
    microphone: np.ndarray | None,
    token: str = "",
    name: str = "127.0.0.1",
) -> None:
    """Serve to the page under a name of ours; it hears (n,) int16 at 24 kHz, or has no microphone."""
    flags = ["--use-fake-device-for-media-stream"]
    if microphone is not None:
        recording = folder / "said.wav"
        with WavWriter(recording, 24_000, channels=1) as wav:
            wav.write(microphone)
        flags.append(f"--use-file-for-fake-audio-capture={recording}%noloop")
    else:
        flags = ["--deny-permission-prompts"]
    flags.append(f"--host-resolver-rules=MAP {ELSEWHERE} 127.0.0.1")

    async def run() -> None:
        hall = Hall(["What is it?"], ["It is this and that."] * 3)
        access = Access(0, token, names={name})
        server = Server(hall, Config(), access, ServerLimits(), lambda _: None)  # type: ignore[arg-type]
        async with (
            TestServer(server.application()) as at,
            opened(f"http://{name}:{at.port}/", folder / "profile", *flags) as page,
        ):
            await body(page)
            await server.end()

    asyncio.run(run())


def text_of(name: str) -> str:
    return f"document.getElementById('{name}').textContent"


async def click(page: Page, name: str) -> None:
    await page.ask(f"document.getElementById('{name}').click()")


@browser
def test_a_person_asks_and_is_answered(tmp_path: Path) -> None:
    async def body(page: Page) -> None:
        await click(page, "start")
        await page.until("document.querySelector('#log .agent')?.textContent === 'It is this and that.'")
        assert await page.ask("document.querySelector('#log .user').textContent") == "What is it?"
        await page.until(text_of("latency"))
        await page.until("document.body.dataset.underruns !== undefined")  # the reply has sounded to its end
        assert not page.complaints

    silence = np.zeros(24_000, np.int16)
    show(tmp_path, body, np.concatenate((silence, silence, tone(0.8).astype(np.int16), silence, silence)))


@browser
def test_without_a_microphone_one_can_type(tmp_path: Path) -> None:
    async def body(page: Page) -> None:
        await page.ask("document.getElementById('line').value = 'Hello <b>there</b>'")
        await page.ask("document.getElementById('typed').requestSubmit()")
        await page.until("document.querySelector('#log .agent')?.textContent === 'It is this and that.'")
        assert (
            await page.ask("document.querySelector('#log .user').innerHTML")
            == "Hello &lt;b&gt;there&lt;/b&gt;"
        )
        assert await page.ask("document.querySelectorAll('#log li').length") == 2
        assert "microphone" in str(await page.ask(text_of("problem")))

    show(tmp_path, body, None)


@browser
def test_over_plain_http_from_another_computer_one_can_type_and_read(tmp_path: Path) -> None:
    """Browsers give such a page neither a microphone nor a way to play sound."""

    async def body(page: Page) -> None:
        assert await page.ask("isSecureContext") is False
        await click(page, "start")
        await page.until(f"{text_of('state')} === 'Listening.'")
        assert "--tls-cert" in str(await page.ask(text_of("problem")))
        await page.ask("document.getElementById('line').value = 'Hello'")
        await page.ask("document.getElementById('typed').requestSubmit()")
        await page.until("document.querySelector('#log .agent')?.textContent === 'It is this and that.'")
        await page.until(f"{text_of('state')} === 'Listening.'")
        assert not page.complaints

    show(tmp_path, body, None, name=ELSEWHERE)


@browser
def test_a_server_with_a_token_asks_for_it(tmp_path: Path) -> None:
    token = "correct-horse-battery-staple"

    async def body(page: Page) -> None:
        await click(page, "start")
        await page.until("!document.getElementById('login').hidden")
        await page.ask(f"document.getElementById('token').value = '{token}'")
        await page.ask("document.getElementById('login').requestSubmit()")
        await page.until(f"{text_of('state')} === 'Listening.'")

    show(tmp_path, body, np.zeros(24_000, np.int16), token)


def test_the_page_is_small_and_loads_nothing_from_elsewhere() -> None:
    folder = Path(__file__).parent.parent / "voicecli" / "serve" / "browser"
    assert {path.name for path in folder.iterdir()} == set(KINDS)
    whole = {path.name: path.read_text(encoding="utf-8") for path in folder.iterdir()}
    assert sum(len(text.encode()) for text in whole.values()) < LARGEST
    for name, text in whole.items():
        assert not re.findall(r"""(?:src|href|from|import)\s*[=(]?\s*["']https?:""", text), name
        assert "innerHTML" not in text  # words of models and users are text, never markup
    assert not re.search(r"<[^>]+ (?:style|on\w+)=", whole["index.html"])  # what the policy forbids


def test_it_is_served_under_a_strict_policy() -> None:
    async def run() -> None:
        hall: Engines = Hall([], [])  # type: ignore[assignment]  # duck-typed
        access = Access(0, "a token of some length")
        server = Server(hall, Config(), access, ServerLimits(), lambda _: None)
        async with TestServer(server.application()) as at, ClientSession() as session:
            for path, status in (("/", 200), ("/page.js", 200), ("/v1/models", 401), ("/../talker.py", 401)):
                async with session.get(at.make_url(path)) as answer:
                    assert answer.status == status
                    policy = answer.headers.get("Content-Security-Policy", "")
                    assert ("default-src 'self'" in policy) == (status == 200)
                    assert "unsafe" not in policy

    asyncio.run(run())
