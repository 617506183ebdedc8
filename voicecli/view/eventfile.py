"""Events -> a file of JSON lines, beside any view: `talk --json-file`. Documented in docs/events.md.

Promises: the file has whole lines after any end of the program (`LineFile`). A slow or full disk delays this
thread alone: the talk goes on.
Relies on: `show` is called by one thread at a time: that of `follow`, or the caller's before and after it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from voicecli.events import as_json
from voicecli.system.linefile import LineFile
from voicecli.threads.worker import Worker
from voicecli.view.reading import show_next

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from voicecli.events import Event
    from voicecli.threads.log import Reader

LAST_LINES_S = 0.5
"""s that the end of a talk waits for the disk at most."""


class EventFile:
    """Open from the beginning until `close`."""

    def __init__(self, path: Path) -> None:
        """Open it, emptied, for its owner alone if it is new. Raises ConfigError."""
        self._path = path
        self._file = LineFile(path, "--json-file")
        self._worker: Worker | None = None
        self._told = False

    def follow(self, reader: Reader[Event], warn: Callable[[str, str], None]) -> None:
        """Write all events, on a thread of its own, until the log closes.

        `warn` is told once, with a remedy, when the file takes no more; it may raise ChannelClosed.
        """

        def write() -> None:
            while not self._file.failure:
                show_next(reader, self.show)
            warn(
                self._failure(),
                "the talk goes on without it; make room, or give the next talk another --json-file",
            )
            self._told = True

        self._worker = Worker("event file", write, reader.leave)
        self._worker.start()

    def show(self, event: Event) -> None:
        """Write the event; after a failure nothing is written any more."""
        self._file.write(as_json(event))

    def _failure(self) -> str:
        return f"{self._path} takes no more events ({self._file.failure})" if self._file.failure else ""

    def close(self, last: Event | None = None) -> str:
        """After the log has closed, write what is left, then `last`; give a problem that was not told yet."""
        if self._worker is not None:
            if not self._worker.join(LAST_LINES_S):
                # The file stays open for the rest.
                return f"{self._path} may lack the last events: the disk or the reader is too slow"
            if self._worker.failure is not None:
                raise self._worker.failure
        if last is not None:
            self.show(last)
        self._file.close()
        return "" if self._told else self._failure()
