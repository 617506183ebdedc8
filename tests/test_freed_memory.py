"""Memory that threads have freed goes back to the system."""

from __future__ import annotations

import ctypes
import gc
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from voicecli.system.freed_memory import give_back

THREADS = 8
PIECES = 2000
PIECE = 10_000


@pytest.fixture(autouse=True)
def kept() -> Iterator[None]:
    """As in a server that has loaded its models."""
    gc.freeze()
    yield
    gc.unfreeze()


def memory_kb() -> int:
    return int(Path("/proc/self/statm").read_text("ascii").split()[1]) * 4


def test_what_is_free_is_given_back() -> None:
    if sys.platform != "linux" or not hasattr(ctypes.CDLL(None), "malloc_trim"):
        pytest.skip("needs glibc")
    used, over = threading.Barrier(THREADS + 1), threading.Barrier(THREADS + 1)

    def use() -> None:
        pieces = [bytearray(PIECE) for _ in range(PIECES)]
        kept = pieces[::200]  # so that what is between cannot be given back by itself
        del pieces
        used.wait()
        over.wait()
        assert kept

    threads = [threading.Thread(target=use) for _ in range(THREADS)]
    for thread in threads:
        thread.start()
    used.wait()
    before = memory_kb()
    give_back()
    after = memory_kb()
    over.wait()
    for thread in threads:
        thread.join()
    assert before - after > THREADS * PIECES * PIECE / 1024 / 2


def test_it_may_be_asked_by_many_at_once() -> None:
    threads = [threading.Thread(target=give_back) for _ in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
