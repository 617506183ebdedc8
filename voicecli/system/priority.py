"""Which threads run first, where the system gives each a priority of its own: only Linux does."""

from __future__ import annotations

import os
import sys
import threading
from contextlib import suppress


def step_back() -> None:
    """Let this thread, and those it will start, give way to the other threads; does nothing but on Linux.

    Only Linux gives each thread a priority of its own, which the threads that it starts inherit.
    """
    if sys.platform == "linux":
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), STEP_BACK)


STEP_BACK = 10
"""Nice value. Such a thread gets a tenth of the time of one with 0, where both want the same core."""


def step_forward() -> None:
    """Let this thread, and those it will start, run before others; does nothing where that is not allowed.

    Only Linux gives each thread a priority of its own; it allows this to root, and to users whose limit
    (`ulimit -e`, "nice" in limits.conf) says so, as sound servers ask for.
    """
    if sys.platform == "linux":
        with suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), STEP_FORWARD)


STEP_FORWARD = -10
"""Nice value. The thread that listens sleeps most of the time; when it wakes, it should not have to wait."""
