"""docs/page.png: the page of `voicecli serve` in a browser, after a question that it heard.

    python -m scripts.pages.page_picture

Needs chromium and the models. The browser hears a made voice for a microphone.
"""

from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path

import numpy as np

from rig.made_speech import speak
from rig.pages.browser import opened
from scripts.clients.clients import serving
from voicecli.audio.recordings.files import WavWriter

QUESTION = "How many legs does a spider have?"
LEAD_S = 8.0
"""s before the question: the page opens, and the talk begins."""

PICTURE = Path(__file__).parent.parent.parent / "docs" / "page.png"


async def take(folder: Path, url: str) -> bytes:
    """Give the picture, once the question was answered aloud."""
    rate_hz = 16_000
    said = np.concatenate((np.zeros(round(LEAD_S * rate_hz)), speak(QUESTION), np.zeros(20 * rate_hz)))
    with WavWriter(folder / "said.wav", rate_hz, channels=1) as wav:
        wav.write((np.clip(said, -1, 1) * 32767).astype(np.int16))
    flags = (
        "--use-fake-device-for-media-stream",
        f"--use-file-for-fake-audio-capture={folder / 'said.wav'}%noloop",
    )
    async with opened(f"{url}/", folder / "profile", *flags) as page:
        size = {"width": 390, "height": 450, "deviceScaleFactor": 2, "mobile": True}
        await page.call("Emulation.setDeviceMetricsOverride", **size)
        await page.ask("document.getElementById('start').click()")
        await page.until("document.getElementById('latency').textContent", timeout_s=90)
        await page.until("document.getElementById('state').textContent === 'Listening.'")
        return await page.picture()


def main() -> None:
    """Write the picture."""
    with tempfile.TemporaryDirectory() as folder, serving() as url:
        PICTURE.write_bytes(asyncio.run(take(Path(folder), url)))


if __name__ == "__main__":
    main()
