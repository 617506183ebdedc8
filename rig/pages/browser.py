"""Chromium without a window, driven over its DevTools protocol: opens a page, asks it, takes its picture."""

from __future__ import annotations

import asyncio
import base64
import shutil
import subprocess
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from aiohttp import ClientSession, ClientWebSocketResponse

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")

PORT_FILE = "DevToolsActivePort"
"""Chromium writes into its profile's folder on which port it listens."""

START_S = 60
LOOK_S = 0.05

FLAGS = (
    "--headless=new",
    "--no-sandbox",
    "--remote-debugging-port=0",
    "--use-fake-ui-for-media-stream",
    "--autoplay-policy=no-user-gesture-required",
    "--window-size=390,844",
)


class Page:
    """One page."""

    def __init__(self, socket: ClientWebSocketResponse) -> None:
        self._socket = socket
        self._calls = 0
        self.complaints: list[str] = []
        """What the page threw, or wrote to its console as an error."""

    async def call(self, method: str, **parameters: object) -> dict[str, dict[str, object]]:
        """Call a method of the DevTools protocol."""
        self._calls += 1
        await self._socket.send_json({"id": self._calls, "method": method, "params": parameters})
        while True:
            answer = await self._socket.receive_json()
            if answer.get("id") == self._calls:
                result: dict[str, dict[str, object]] = answer["result"]
                return result
            if answer.get("method") == "Runtime.exceptionThrown":
                self.complaints.append(str(answer["params"]["exceptionDetails"]))
            if answer.get("method") == "Log.entryAdded" and answer["params"]["entry"]["level"] == "error":
                self.complaints.append(str(answer["params"]["entry"]["text"]))

    async def ask(self, expression: str) -> object:
        """Give the value of a JavaScript expression, as if a person had just touched the page."""
        answer = await self.call(
            "Runtime.evaluate", expression=expression, userGesture=True, returnByValue=True
        )
        return answer["result"].get("value")

    async def until(self, expression: str, timeout_s: float = 30.0) -> object:
        """Ask again and again until the value is something. Raises TimeoutError with what is shown."""
        try:
            async with asyncio.timeout(timeout_s):
                while not (value := await self.ask(expression)):
                    await asyncio.sleep(LOOK_S)
        except TimeoutError:
            shown = await self.ask("document.body.innerText")
            raise TimeoutError(f"{expression}: {shown!r} {self.complaints}") from None
        return value

    async def picture(self) -> bytes:
        """Give a PNG of what is shown."""
        answer = await self.call("Page.captureScreenshot", format="png")
        return base64.b64decode(str(answer["data"]))


@asynccontextmanager
async def opened(
    url: str, folder: Path, *flags: str, env: Mapping[str, str] | None = None
) -> AsyncIterator[Page]:
    """Open a page in a Chromium of its own, with its profile in `folder`, and these variables or ours."""
    if CHROMIUM is None:
        raise FileNotFoundError("chromium")
    process = subprocess.Popen(
        [CHROMIUM, *FLAGS, f"--user-data-dir={folder}", *flags, url],
        env=env,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        async with ClientSession() as session:
            address = await _address(session, folder, url)
            async with session.ws_connect(address, max_msg_size=0) as socket:
                page = Page(socket)
                await page.call("Runtime.enable")
                await page.call("Log.enable")
                # A new tab is an empty page for a moment, and that one is complete at once.
                await page.until("location.href !== 'about:blank' && document.readyState === 'complete'")
                yield page
    finally:
        process.kill()
        process.wait()


async def _address(session: ClientSession, folder: Path, url: str) -> str:
    """Where the page's DevTools are, once it is there."""
    async with asyncio.timeout(START_S):
        while not (folder / PORT_FILE).exists():
            await asyncio.sleep(LOOK_S)
        port = (folder / PORT_FILE).read_text(encoding="ascii").split()[0]
        while True:
            async with session.get(f"http://127.0.0.1:{port}/json") as answer:
                for tab in await answer.json():
                    if tab["type"] == "page" and tab["url"].startswith(url):
                        return str(tab["webSocketDebuggerUrl"])
            await asyncio.sleep(LOOK_S)
