"""Interrupts a call before each of its steps, to see or do what another thread might: without threads.

A step is an instruction of the interpreter in the project's code, the finest at which threads take turns.
"""

from __future__ import annotations

import itertools
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import voicecli

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import FrameType

_OURS = str(Path(voicecli.__file__).parent)


def at_each_step(act: Callable[[], object], look: Callable[[], object]) -> int:
    """Run `act`, and before each of its steps `look`, which takes no lock; give how many there were."""
    steps = 0

    def local(frame: FrameType, event: str, _argument: object) -> object:
        nonlocal steps
        if event == "opcode":
            steps += 1
            look()
        return local

    def begins(frame: FrameType, _event: str, _argument: object) -> object:
        if not frame.f_code.co_filename.startswith(_OURS):
            return None
        frame.f_trace_opcodes = True
        return local

    before = sys.gettrace()
    sys.settrace(begins)  # type: ignore[arg-type]  # the stub knows no trace function that gives None
    try:
        act()
    finally:
        sys.settrace(before)
    return steps


def interleaved(make: Callable[[], tuple[Callable[[], object], Callable[[], object]]]) -> Iterator[int]:
    """Have `other` come in once, before each step of `act` and after the last; `make` gives both anew.

    `other` takes no lock that `act` may hold. Gives the number of the step after each run.
    """
    for at in itertools.count():
        act, other = make()
        came = itertools.count()

        def once(at: int = at, other: Callable[[], object] = other, came: Iterator[int] = came) -> None:
            if next(came) == at:
                other()

        if at_each_step(act, once) <= at:
            other()
            yield at
            return
        yield at
