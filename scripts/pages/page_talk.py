"""The page of `voicecli serve` as a program that talks: a browser with the default devices.

    python -m scripts.pages.page_talk [ARGUMENTS OF voicecli serve]

Starts the server and Chromium without a window, presses Start, prints `listening`, and then what the page
shows whenever that changes; ends with SIGTERM. So what measures an agent from its sound, such as a room of
virtual wires, measures the page as well. Chromium takes the echo out by itself.
"""

from __future__ import annotations

import asyncio
import re
import signal
import subprocess
import sys
import tempfile
import threading
from pathlib import Path
from typing import TYPE_CHECKING

from rig.pages.browser import opened

if TYPE_CHECKING:
    from typing import IO

BEGINS_S = 180
"""The talk has so long to begin: the language model reads its instructions first."""

ENDS_S = 5
LOOK_S = 0.2

SHOWN = """
["#state", "#problem", "#latency", "#log li:last-child"]
  .map((what) => document.querySelector(what)?.textContent).filter(Boolean).join(" | ")
"""


async def talk(url: str, folder: Path) -> None:
    """Hold the talk until somebody ends this program."""
    end = asyncio.Event()
    async with opened(f"{url}/", folder / "profile") as page:
        start = "document.getElementById('start').click()"
        await page.ask(start)
        await page.until("document.getElementById('state').textContent === 'Listening.'", BEGINS_S)
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, end.set)
        print("listening", flush=True)
        shown = ""
        while not end.is_set():
            if (now := str(await page.ask(SHOWN))) != shown:
                print(now, flush=True)
                shown = now
            try:
                async with asyncio.timeout(LOOK_S):
                    await end.wait()
            except TimeoutError:
                continue
        print(f"underruns {await page.ask('document.body.dataset.underruns')}", page.complaints, flush=True)
        await page.ask(start)  # it ends the talk, so that the server does not keep it


def copy(lines: IO[str]) -> None:
    """Print what the server tells."""
    for line in lines:
        print(line, end="", flush=True)


def leave(*_: object) -> None:
    """End, by way of each `finally`."""
    raise SystemExit(1)


def main() -> None:
    """Start the server, then the talk."""
    signal.signal(signal.SIGTERM, leave)
    server = subprocess.Popen(
        [sys.executable, "-m", "voicecli", "serve", "--port", "0", *sys.argv[1:]],
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert server.stderr is not None
        for line in server.stderr:
            print(line, end="", flush=True)
            if (found := re.search(r"ws(://\S+?)/v1/realtime", line)) is not None:
                threading.Thread(target=copy, args=(server.stderr,), daemon=True).start()
                with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
                    asyncio.run(talk(f"http{found[1]}", Path(folder)))
                return
        raise SystemExit("voicecli serve did not begin")
    finally:
        server.send_signal(signal.SIGINT)
        try:
            server.wait(ENDS_S)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()


if __name__ == "__main__":
    main()
