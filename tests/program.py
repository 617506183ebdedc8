"""The program as a person starts it: a process of its own that may not use the network."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from queue import Queue

from voicecli.models.store import models_root

NO_NETWORK = Path(__file__).parent / "no_network"


def environment(base: dict[str, str] | None = None) -> dict[str, str]:
    """Any use of the network from Python ends the process, unless `base` has a PYTHONPATH of its own."""
    given = dict(os.environ) | {"PYTHONPATH": str(NO_NETWORK)} if base is None else base
    return {"PYTHONPATH": str(NO_NETWORK), "VOICECLI_MODELS": str(models_root()), **given}


def voicecli(
    *arguments: str, env: dict[str, str] | None = None, cwd: Path | None = None
) -> subprocess.CompletedProcess[str]:
    """Run a command to its end."""
    command = [sys.executable, "-m", "voicecli", *arguments]
    return subprocess.run(
        command, env=environment(env), cwd=cwd, capture_output=True, text=True, timeout=120, check=False
    )


class Agent:
    """`voicecli talk --json` under way: its events, as they come."""

    def __init__(self, *arguments: str, env: dict[str, str] | None = None) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "voicecli", "talk", "--json", *arguments],
            env=environment(env),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self._lines: Queue[str] = Queue()
        threading.Thread(target=self._pump, daemon=True).start()
        self.seen: list[dict[str, object]] = []

    def _pump(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self._lines.put(line)
        self._lines.put("")

    def until(self, name: str) -> dict[str, object]:
        """The next event of that name; those before it are in `seen`."""
        while line := self._lines.get(timeout=60):
            event: dict[str, object] = json.loads(line)
            self.seen.append(event)
            if event["event"] == name:
                return event
        raise AssertionError(f"no {name!r} came after {self.seen}; {self.errors()}")

    def errors(self) -> str:
        """All of stderr, once the process has ended."""
        assert self.process.stderr is not None
        return self.process.stderr.read()

    def wait(self) -> int:
        """The exit code."""
        return self.process.wait(timeout=20)


@contextmanager
def talking(*arguments: str, env: dict[str, str] | None = None) -> Iterator[Agent]:
    """A talk that is over when the block is."""
    agent = Agent(*arguments, env=env)
    try:
        yield agent
    finally:
        agent.process.kill()
        agent.process.wait()
        for pipe in (agent.process.stdout, agent.process.stderr):
            assert pipe is not None
            pipe.close()
