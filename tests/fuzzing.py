"""`python -m tests.fuzzing PARSER FIRST COUNT`: damaged inputs through one parser, in a process of its own.

It prints one JSON object: each input that ended otherwise than it may, and the memory all of them took. A
library that crashes takes only this process with it; the seed it was at is the last line of the output.
"""

from __future__ import annotations

import faulthandler
import json
import resource
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tests.mutations import mutated

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType

INPUT_S = 20.0
"""Longest time for one input; the slowest take a second on a busy computer."""

MOST_BYTES = 1 << 29
"""Most memory that the inputs may take beside what the program has when it is loaded."""


@dataclass(frozen=True, slots=True)
class Parser:
    """Something that reads what others wrote."""

    good: Callable[[], Sequence[bytes]]
    """Inputs that it understands."""
    read: Callable[[bytes, Path], object]
    """Reads one input; the folder is for its files."""
    refuses: tuple[type[Exception], ...]
    """What it may raise."""
    words: tuple[bytes, ...] = ()
    """Pieces of inputs that mean something to it."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a number of inputs."""

    refused: int
    """How many inputs the parser refused, as it may."""
    faults: list[tuple[int, str]]
    """The seed of each input that ended otherwise, and how."""
    took_bytes: int
    """How much the process grew."""


class _TooSlow(BaseException):
    """No `except Exception` of a parser catches it."""


def tried(parser: Parser, first: int, count: int) -> Outcome:
    """Give the parser `count` inputs."""
    good = parser.good()
    faults: list[tuple[int, str]] = []
    refused = 0
    with tempfile.TemporaryDirectory() as folder, _limits():
        parser_ready(parser, good, Path(folder))
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        for seed in range(first, first + count):
            sys.stderr.write(f"\n{seed}")
            sys.stderr.flush()
            data = mutated(seed, good, parser.words)
            try:
                with _in_time():
                    parser.read(data, Path(folder))
            except parser.refuses:
                refused += 1
            except (Exception, _TooSlow) as error:  # noqa: BLE001  # it is what this looks for
                faults.append((seed, _told(error)))
        after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return Outcome(refused, faults, (after - before) * 1024)


def parser_ready(parser: Parser, good: Sequence[bytes], folder: Path) -> None:
    """Every good input is understood; this also loads what is loaded late."""
    for data in good:
        parser.read(data, folder)


def _told(error: BaseException) -> str:
    """The error, and the innermost line of this project that it came through."""
    frames = traceback.extract_tb(error.__traceback__)
    ours = [f"{Path(at.filename).name}:{at.lineno}" for at in frames if "voicecli" in at.filename]
    return f"{type(error).__name__}: {str(error)[:200]!r} at {', '.join(ours[-3:])}"


@contextmanager
def _limits() -> Iterator[None]:
    """Let no more memory be taken than is allowed, however few pages of it are used."""
    status = Path("/proc/self/status").read_text(encoding="utf-8")
    has = next(int(line.split()[1]) * 1024 for line in status.splitlines() if line.startswith("VmData"))
    # What is loaded late counts as well, some of it with stacks of threads: room for that, too.
    resource.setrlimit(resource.RLIMIT_DATA, (has + 3 * MOST_BYTES, resource.RLIM_INFINITY))
    old = signal.signal(signal.SIGALRM, _late)
    try:
        yield
    finally:
        signal.signal(signal.SIGALRM, old)
        resource.setrlimit(resource.RLIMIT_DATA, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))


def _late(_number: int, frame: FrameType | None) -> None:
    where = f"{Path(frame.f_code.co_filename).name}:{frame.f_lineno}" if frame else "?"
    raise _TooSlow(f"no end after {INPUT_S:g} s, in {where}")


@contextmanager
def _in_time() -> Iterator[None]:
    faulthandler.dump_traceback_later(3 * INPUT_S, exit=True)  # for what hangs in a library
    signal.setitimer(signal.ITIMER_REAL, INPUT_S)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        faulthandler.cancel_dump_traceback_later()


def main() -> None:
    """Try one parser, and print what came of it."""
    from tests.fuzz_table import PARSERS

    name, first, count = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    began = time.monotonic()
    outcome = tried(PARSERS[name], first, count)
    found = {"refused": outcome.refused, "faults": outcome.faults, "took_bytes": outcome.took_bytes}
    print(json.dumps({**found, "took_s": round(time.monotonic() - began, 1)}))


if __name__ == "__main__":
    main()
