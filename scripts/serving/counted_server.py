"""A server of the program's own with engines that do simple things at once, in a process of its own.

    python -m scripts.serving.counted_server [--sessions 8] [--resume-s 30] [--word-s 0.1]

Speech is a tone; its pitch names the line that is heard. The model answers each line with 30 words, and the
voice takes `--word-s` for each. Prints its port, and serves until it gets SIGTERM or SIGINT. Another program
has one by `CountedServer`.
"""

from __future__ import annotations

import argparse
import asyncio
import signal
import subprocess
import sys
import threading
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Self

import numpy as np

from tests.seats import seated
from tests.test_talking import Answers, Judge, LoudIsSpeech, Scribe
from voicecli.config import Config
from voicecli.serve.access import Access
from voicecli.serve.listening import Address, bound, serve
from voicecli.serve.server import Server, ServerLimits
from voicecli.speak.voice import Piece
from voicecli.system.clock import MonotonicClock
from voicecli.system.freed_memory import keep_all

if TYPE_CHECKING:
    from collections.abc import Iterator

    from voicecli.engines import Session

RATE_HZ = 24_000
PITCH_HZ = 200
LINES = ["What is it?", "No, tell me about that."]
WORDS = "one two three four five six seven eight nine ten".split()
REPLY = " ".join(f"It counts {word}, and goes on from there." for word in WORDS[:4]) + " That was all of it."
MOST_REPLIES = 2000
FALLS_S = 0.02
END_S = 60.0


def tone(line: int, seconds: float) -> bytes:
    """Speech that is heard as that line: int16 at RATE_HZ."""
    at = np.arange(round(seconds * RATE_HZ)) / RATE_HZ
    return (np.sin(2 * np.pi * PITCH_HZ * (line + 2) * at) * 0.3 * 32767).astype("<i2").tobytes()


class CountingVoice:
    """A voice whose words take equally long, with a dip in the sound behind each: they can be counted."""

    rate_hz = RATE_HZ
    language = "en"
    languages: frozenset[str] | None = frozenset({"en"})

    def __init__(self, word_s: float) -> None:
        at = np.arange(round(word_s * RATE_HZ)) / RATE_HZ
        word = np.sin(2 * np.pi * 440 * at) * 9000
        word[-round(FALLS_S * RATE_HZ) :] = 0
        self._word = word.astype(np.int16)

    def say(self, text: str) -> Iterator[Piece]:
        """Word by word. Never fails."""
        count = len(text.split())
        for number in range(count):
            yield Piece(self._word, (count - 1 - number) * len(self._word))


class CountedEngines:
    """As `Engines`, with a session of simple engines for each client."""

    def __init__(self, word_s: float) -> None:
        self.clock = MonotonicClock()
        self._word_s = word_s

    def session(self) -> Session:
        """One client's."""
        model = Answers([REPLY] * MOST_REPLIES)
        voice = CountingVoice(self._word_s)
        return seated(LoudIsSpeech(), Judge(), Scribe(list(LINES)), model, voice, self.clock)


class CountedServer:
    """The server, while the block lasts."""

    def __init__(self, *flags: str) -> None:
        self._command = [sys.executable, "-m", "scripts.serving.counted_server", *flags]

    def __enter__(self) -> Self:
        root = Path(__file__).parent.parent.parent
        self.process = subprocess.Popen(
            self._command, cwd=root, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        self.lines: list[str] = []
        """What it told at its terminal."""
        self._listening = threading.Thread(target=self._listen, daemon=True)
        self._listening.start()
        assert self.process.stdout is not None
        self.port = int(self.process.stdout.readline())
        self.url = f"ws://127.0.0.1:{self.port}/v1/realtime"
        return self

    def _listen(self) -> None:
        assert self.process.stderr is not None
        with self.process.stderr as told:
            self.lines.extend(told)

    def __exit__(self, *_: object) -> None:
        self.process.send_signal(signal.SIGINT)
        try:
            self.process.wait(END_S)
        finally:
            self.process.kill()
            self.process.wait()
            self._listening.join(END_S)
            assert self.process.stdout is not None
            self.process.stdout.close()

    @property
    def pid(self) -> int:
        """Of its process."""
        return self.process.pid


def main() -> int:
    """Serve."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--sessions", type=int, default=8)
    parser.add_argument("--resume-s", type=float, default=30.0)
    parser.add_argument("--word-s", type=float, default=0.1)
    asked = parser.parse_args()
    limits = ServerLimits(asked.sessions, asked.sessions, asked.resume_s)
    engines = CountedEngines(asked.word_s)
    keep_all()
    address = Address("127.0.0.1", 0)

    def make(port: int) -> Server:
        print(port, flush=True)
        tell = partial(print, file=sys.stderr, flush=True)
        return Server(engines, Config(), Access(port), limits, tell)  # type: ignore[arg-type]  # duck-typed

    with bound(address) as listening:
        listening.listen()
        asyncio.run(serve(make, address, listening, lambda _: None))
    return 0


if __name__ == "__main__":
    sys.exit(main())
