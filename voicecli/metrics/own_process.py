"""What this process takes of the computer -> samples, by the standard library alone."""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING

from voicecli.metrics import families as f
from voicecli.metrics.families import Sample
from voicecli.system.posix import memory_bytes, peak_memory_bytes

if TYPE_CHECKING:
    from collections.abc import Iterator


def of_process() -> Iterator[Sample]:
    """Processor time, memory and threads at this moment; what the system does not tell is absent."""
    times = os.times()
    yield Sample(f.CPU, (), times.user + times.system)
    if (memory := memory_bytes()) is not None:
        yield Sample(f.MEMORY, (), memory)
    if (peak := peak_memory_bytes()) is not None:
        yield Sample(f.MEMORY_PEAK, (), peak)
    yield Sample(f.THREADS, (), threading.active_count())
