"""The page of `voicecli serve` as a program that talks: a browser with the default devices.

    python -m scripts.pages.page_talk [ARGUMENTS OF voicecli serve]

Starts the server and Chromium without a window, presses Start, and prints `listening`; ends with SIGTERM. So
what measures an agent from its sound, such as a room of virtual wires, measures the page as well. Chromium
takes the echo out by itself.
"""

from __future__ import annotations

import asyncio
import re
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

from rig.pages.browser import opened


async def talk(url: str, folder: Path) -> None:
    """Hold the talk until somebody ends this program."""
    end = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, end.set)
    async with opened(f"{url}/", folder / "profile") as page:
        await page.ask("document.getElementById('start').click()")
        state = "document.getElementById('state').textContent"
        await page.until(f"{state} === 'Listening.'", timeout_s=90)
        print("listening", flush=True)
        shown = ""
        while not end.is_set():
            problem = "document.getElementById('problem').textContent"
            latency = "document.getElementById('latency').textContent"
            now = " | ".join([str(await page.ask(what)) for what in (state, problem, latency)])
            if now != shown:
                print(now, flush=True)
                shown = now
            try:
                async with asyncio.timeout(0.2):
                    await end.wait()
            except TimeoutError:
                continue
        print(f"underruns {await page.ask('document.body.dataset.underruns')}", page.complaints, flush=True)


def main() -> None:
    """Start the server, then the talk."""
    server = subprocess.Popen(
        [sys.executable, "-m", "voicecli", "serve", "--port", "0", *sys.argv[1:]],
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert server.stderr is not None
        for line in server.stderr:
            if (found := re.search(r"ws(://\S+?)/v1/realtime", line)) is not None:
                with tempfile.TemporaryDirectory() as folder:
                    asyncio.run(talk(f"http{found[1]}", Path(folder)))
                return
        raise SystemExit("voicecli serve did not begin")
    finally:
        server.terminate()
        server.wait()


if __name__ == "__main__":
    main()
