"""A server at the far end of a bad link: started, watched for its memory and for what it says, ended."""

from __future__ import annotations

import queue
import re
import subprocess
import sys
import threading
from pathlib import Path
from typing import Self

from rig.links.bad_link import ADDRESSES, THERE, BadLink

PORT = 8765
START_S = 180.0
LOOK_S = 0.5
TOKEN = "for-this-run"  # noqa: S105  # no secret


class ServedThere:
    """`voicecli serve` at the far end, until the end of the block."""

    def __init__(self, link: BadLink, token_file: Path, *, real: bool) -> None:
        """`real`: with the small language model; else with engines that do simple things at once."""
        host = ADDRESSES[THERE]
        words = ["-m", "scripts.links.simple_server", host, str(PORT)]
        if real:
            token_file.write_text(TOKEN)
            token_file.chmod(0o600)
            given = ["--host", host, "--port", str(PORT), "--token-file", str(token_file)]
            words = ["-m", "voicecli", "serve", "--light", "--sessions", "4", *given]
        self.token = TOKEN if real else ""
        self.url = f"http://{host}:{PORT}"
        self.said: list[str] = []
        """What it told the person at its terminal since it was ready."""
        self.most_mb = 0.0
        """The most memory that it had since `begin`."""
        self.began_mb = 0.0
        self._stop = threading.Event()
        self._process = subprocess.Popen(
            [*link.inside(THERE), sys.executable, *words],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def __enter__(self) -> Self:
        assert self._process.stdout is not None
        lines: queue.Queue[str] = queue.Queue()

        def listen(pipe: object) -> None:
            for line in pipe:  # type: ignore[attr-defined]
                lines.put(line)
                self.said.append(line.rstrip())

        threading.Thread(target=listen, args=(self._process.stdout,), daemon=True).start()
        try:
            while re.search(r"(http|ws)://", lines.get(timeout=START_S)) is None:
                continue
        except queue.Empty:
            self.__exit__()
            raise RuntimeError(f"the server did not start: {self.said}") from None
        self.said.clear()
        threading.Thread(target=self._watch, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._process.kill()
        self._process.wait()

    def begin(self) -> None:
        """Count memory from now on."""
        self.began_mb = self.most_mb = self._memory_mb()

    @property
    def grew_mb(self) -> float:
        """The most memory since `begin`, less what there was then, MB of 10^6 bytes."""
        return round(max(self.most_mb, self._memory_mb()) - self.began_mb, 2)

    def _watch(self) -> None:
        while not self._stop.wait(LOOK_S):
            self.most_mb = max(self.most_mb, self._memory_mb())

    def _memory_mb(self) -> float:
        status = Path(f"/proc/{self._process.pid}/status").read_text(encoding="ascii")
        found = re.search(r"VmRSS:\s+(\d+) kB", status)
        return int(found[1]) * 1024 / 1e6 if found else 0.0
