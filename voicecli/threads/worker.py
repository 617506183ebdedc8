"""Threads that keep their exception for the thread that joins them."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from voicecli.threads.channel import ChannelClosed

if TYPE_CHECKING:
    from collections.abc import Callable


class _WorkerThread(threading.Thread):
    """A thread of a `Worker`, recognised by this class."""


class Worker:
    """One thread that runs `body` until it returns; its failure is kept for whoever joins.

    `ChannelClosed` is the ordinary way to end. However it ends, `on_end` runs last: it closes the channel
    downstream, so that the end travels with the data.
    """

    def __init__(self, name: str, body: Callable[[], None], on_end: Callable[[], None]) -> None:
        self.name = name
        self.failure: BaseException | None = None
        self._body = body
        self._on_end = on_end
        # A daemon: a model that hangs must not keep the process alive after Ctrl-C.
        self._thread = _WorkerThread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def _run(self) -> None:
        try:
            self._body()
        except ChannelClosed:
            pass
        except BaseException as failure:  # noqa: BLE001  # told to the thread that joins
            self.failure = failure
        finally:
            self._on_end()

    @property
    def alive(self) -> bool:
        """Whether it still runs."""
        return self._thread.is_alive()

    def join(self, timeout_s: float) -> bool:
        """Wait for the end; say whether it came. One that was never started has ended."""
        if self._thread.ident is not None:
            self._thread.join(timeout_s)
        return not self._thread.is_alive()


def any_alive() -> bool:
    """Whether any worker of this process still runs."""
    return any(isinstance(thread, _WorkerThread) for thread in threading.enumerate())
