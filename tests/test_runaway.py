"""Threads of a C library that loop for ever, and the call that waits for them."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from voicecli.devices import runaway
from voicecli.devices.runaway import runaways_ended

LOOP = """
import ctypes, os
from voicecli.devices.runaway import runaways_ended

libc = ctypes.CDLL(None)
stderr = ctypes.c_void_p.in_dll(libc, "stderr")
own = stderr.value


@ctypes.CFUNCTYPE(ctypes.c_void_p, ctypes.c_void_p)
def complain(_):
    while True:
        libc.fputs(b"failed\\n", ctypes.c_void_p(stderr.value))


for _ in range(3):
    thread, result = ctypes.c_ulong(), ctypes.c_void_p(1)
    assert libc.pthread_create(ctypes.byref(thread), None, complain, None) == 0
    with runaways_ended():
        assert libc.pthread_join(thread, ctypes.byref(result)) == 0
    assert result.value is None
    assert stderr.value == own
libc.fputs(b"the last word\\n", stderr)
os._exit(0)  # Python does not know that the threads are gone
"""


@pytest.mark.skipif(sys.platform != "linux", reason="only ALSA's threads are known to loop")
def test_a_thread_that_complains_without_end_is_ended_and_stderr_is_as_it_was() -> None:
    done = subprocess.run([sys.executable, "-c", LOOP], capture_output=True, timeout=60, check=False)
    *complaints, last = done.stderr.splitlines()
    assert (done.returncode, last) == (0, b"the last word")
    assert set(complaints) == {b"failed"}


class Trap:
    """Stands for stderr's: notes how often it was set."""

    def __init__(self) -> None:
        self.met = threading.Event()
        self.sets = 0
        self.is_set = False

    @contextmanager
    def __call__(self) -> Iterator[None]:
        self.sets, self.is_set = self.sets + 1, True
        self.met.set()
        yield
        self.is_set = False


@pytest.fixture
def trap(monkeypatch: pytest.MonkeyPatch) -> Trap:
    trap = Trap()
    monkeypatch.setattr(runaway, "stderr_ends_its_writer", trap)
    return trap


def test_a_call_that_returns_meets_no_trap(trap: Trap) -> None:
    threads = threading.active_count()
    with runaways_ended():
        pass
    assert (trap.sets, threading.active_count()) == (0, threads)


def test_the_trap_is_gone_when_the_call_has_returned(trap: Trap, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runaway, "STUCK_S", 0.0)
    monkeypatch.setattr(runaway, "TRAP_S", 60.0)  # not even then is it waited for
    with runaways_ended():
        assert trap.met.wait(60)
    assert (trap.sets, trap.is_set) == (1, False)


def test_one_that_waits_for_something_else_meets_it_now_and_then(
    trap: Trap, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runaway, "STUCK_S", 0.0)
    monkeypatch.setattr(runaway, "TRAP_S", 0.0)
    with runaways_ended():
        for _ in range(3):
            assert trap.met.wait(60)
            trap.met.clear()
    assert trap.sets >= 3
    assert not trap.is_set
