"""Ends a PortAudio callback thread that loops for ever, so that the call which waits for it returns.

To stop a stream is to wait for its thread. On ALSA that thread may never end: when a device fails while
PortAudio's count of available frames is not 0, `PaAlsaStream_WaitForFrames` (pa_linux_alsa.c, 19.6)
complains on stderr, jumps back a few lines, and complains again. It uses a whole core, and PortAudio forbids
cancelling the thread there. But the loop writes to stderr, and this file can make such a write end the
thread (docs/decisions/0009).
"""

from __future__ import annotations

import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

from voicecli.system.posix import stderr_ends_its_writer

if TYPE_CHECKING:
    from collections.abc import Iterator

STUCK_S = 0.5
"""Seconds. To stop a stream takes a few ms; if it takes this long, a callback loops or a sound server
hangs."""

TRAP_S = 0.02
"""Seconds for which the trap in stderr is set. The loop writes every few microseconds, and no other thread
should meet the trap."""


@contextmanager
def runaways_ended() -> Iterator[None]:
    """Wrap a call that stops a stream: end the loop that it waits for, and nothing else it may wait for."""
    done = threading.Event()

    def watch() -> None:
        while not done.wait(STUCK_S):
            with stderr_ends_its_writer():
                done.wait(TRAP_S)

    watcher = threading.Thread(target=watch, name="runaways", daemon=True)
    watcher.start()
    try:
        yield
    finally:
        done.set()
        watcher.join()  # the trap must be gone: what comes next may write to stderr, too
