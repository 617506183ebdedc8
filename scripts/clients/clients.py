"""Runs clients that other people wrote against `voicecli serve`, each in an environment of its own.

    python -m scripts.clients.clients FOLDER [CLIENT...]

FOLDER keeps the environments (1.5 GB for all). Prints a line of JSON for each client: version, questions
answered of three, whether the interruption was told, errors. The exit code is 1 if one is not as it should
be.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import venv
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import soxr

from rig.made_speech import speak
from voicecli.audio.recordings.files import WavWriter

if TYPE_CHECKING:
    from collections.abc import Iterator

HERE = Path(__file__).parent

CLIENTS = {
    "openai": ("openai_sdk.py", ["openai[realtime]==3.57.0"]),
    "openai-agents": ("openai_agents.py", ["openai-agents==0.24.*"]),
    "livekit": ("livekit_plugin.py", ["livekit-agents==1.8.*", "livekit-plugins-openai==1.8.*"]),
    "pipecat": ("pipecat_service.py", ["pipecat-ai[openai]==1.14.*"]),
    "agents-js": ("agents_js.mjs", ["@openai/agents-realtime@0.20", "ws"]),
}
"""Client -> its program here, and what it needs."""

SAID = {
    "question": "What is the capital of France?",
    "long": "Please tell me a long story about a dragon.",
    "stop": "No, please tell me about the moon.",
}
RATE_HZ = 24_000
ASKED = 3


def say_all(folder: Path) -> None:
    """Have what is said spoken into WAVs of 24 kHz."""
    for name, words in SAID.items():
        samples = np.clip(soxr.resample(speak(words), 16_000, RATE_HZ), -1, 1)
        with WavWriter(folder / f"{name}.wav", RATE_HZ, channels=1) as wav:
            wav.write((samples * 32767).astype(np.int16))


def command(client: str, folder: Path) -> tuple[list[str], Path]:
    """Install the client if it is not there; give the command that runs it, and where."""
    program, needs = CLIENTS[client]
    place = folder / client
    if program.endswith(".mjs"):
        if not (place / "node_modules").exists():
            place.mkdir(parents=True, exist_ok=True)
            (place / "package.json").write_text("{}")
            subprocess.run(["npm", "install", "--silent", *needs], cwd=place, check=True)  # noqa: S607
        (place / program).write_bytes((HERE / program).read_bytes())
        return ["node", program], place
    python = place / "bin" / "python"
    if not python.exists():
        venv.create(place, with_pip=True)
        subprocess.run([python, "-m", "pip", "install", "-q", *needs], check=True)
    return [str(python), str(HERE / program)], HERE


@contextmanager
def serving() -> Iterator[str]:
    """Run `voicecli serve`; give its address."""
    server = subprocess.Popen(
        [sys.executable, "-m", "voicecli", "serve", "--light", "--port", "0"],
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert server.stderr is not None
        for line in server.stderr:
            if (found := re.search(r"ws(://\S+?)/v1/realtime", line)) is not None:
                yield f"http{found[1]}"
                return
        raise SystemExit("voicecli serve did not begin")
    finally:
        server.terminate()
        server.communicate()


def main() -> int:
    """Give the exit code."""
    folder, *names = sys.argv[1:]
    base = Path(folder).resolve()
    recordings = base / "recordings"
    recordings.mkdir(parents=True, exist_ok=True)
    say_all(recordings)
    failed = False
    with serving() as url:
        for client in names or CLIENTS:
            arguments, place = command(client, base)
            done = subprocess.run(
                [*arguments, url, str(recordings)], cwd=place, capture_output=True, text=True, check=False
            )
            lines = done.stdout.strip().splitlines()
            seen = json.loads(lines[-1]) if lines else {"errors": [done.stderr[-500:]], "client": client}
            print(json.dumps(seen), flush=True)
            failed |= bool(seen["errors"]) or seen["answered"] != ASKED or not seen["interrupted"]
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
