"""Memory that was freed, given back to the system: of objects in circles, and of what glibc keeps.

A talk's objects know one another, so what it had is free only when the collector comes; and glibc keeps freed
pieces in an arena for each of many threads. So a server grows for long without a leak.
"""

from __future__ import annotations

import ctypes
import gc
import threading
from contextlib import suppress

_one_at_a_time = threading.Lock()


def keep_all() -> None:
    """What there is now stays to the end: the collector looks through it no more, and so takes no time."""
    gc.collect()
    gc.freeze()


def give_back() -> None:
    """Give back what is free, after `keep_all`: the collector stops all threads while it looks.

    Source: malloc_trim(3). Elsewhere than in glibc, only the collector comes.
    """
    if not gc.get_freeze_count() or not _one_at_a_time.acquire(blocking=False):
        return  # or somebody does it already
    try:
        gc.collect()
        with suppress(AttributeError, OSError, TypeError):  # another C library, or Windows
            ctypes.CDLL(None).malloc_trim(0)
    finally:
        _one_at_a_time.release()
