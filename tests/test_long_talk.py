"""A talk of 600 turns, in virtual time: nothing grows, nothing is left behind."""

from __future__ import annotations

import gc
import os
import threading
from pathlib import Path

import pytest

from tests.stepped import Stepped
from tests.test_talking import silence, tone
from voicecli.events import Interrupted, TurnDone

TURNS, WARM = 600, 120
MOST_GROWTH = 0.03
"""Share of the memory that the process has after WARM turns."""


def memory() -> int:
    """Bytes of this process that are in memory."""
    gc.collect()
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


@pytest.mark.matrix
@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="reads the memory as Linux tells it")
def test_600_turns_leave_nothing_behind() -> None:
    talk = Stepped("what is it", "no, stop that")
    files, threads = len(list(Path("/proc/self/fd").iterdir())), threading.active_count()
    before, done, cut = 0, 0, 0
    for turn in range(TURNS):
        if turn == WARM:
            before = memory()
        talk.answers.replies.append("It is this and that and the rest of it.")
        talk.hears(silence(0.4), tone(0.6), silence(0.3))
        talk.works()
        talk.hears(silence(0.8))
        talk.works()
        if turn % 5 == 0:  # the user interrupts
            talk.hears(tone(0.9, 1), silence(0.3))
            talk.works()
        for _ in range(12):
            talk.hears(silence(0.2))
            talk.works()
        told = talk.told()
        done += sum(isinstance(event, TurnDone) for event in told)
        cut += sum(isinstance(event, Interrupted) for event in told)
        for kept in (
            talk.played,
            talk.answers.told,
            talk.answers.asked,
            talk.answers.done,
            talk.scribe.passes,
        ):
            kept.clear()  # what the fakes remember is no part of the talk
        talk.detector.silence.clear()
    assert done >= TURNS
    assert cut >= TURNS / 10
    assert len(talk.exchange.turns) <= 2
    assert memory() - before < MOST_GROWTH * before
    assert (len(list(Path("/proc/self/fd").iterdir())), threading.active_count()) == (files, threads)
