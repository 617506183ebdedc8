"""Events -> a file of JSON lines, beside any view: `talk --json-file`. Documented in docs/events.md.

Promises: each line is handed to the system whole, and a line that a full disk took in part is cut off again,
so no end of the program leaves half a line. A slow or full disk delays this thread alone: the talk goes on.
Relies on: `show` is called by one thread at a time: that of `follow`, or the caller's before and after it.
"""

from __future__ import annotations

import os
from contextlib import suppress
from typing import TYPE_CHECKING

from voicecli.errors import ConfigError
from voicecli.events import as_json
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
        try:
            # Private, because it has what was said. O_APPEND: the next line stands where a cut line stood.
            self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND, 0o600)
        except OSError as error:
            found = f"{path} cannot be written ({error.strerror})"
            raise ConfigError(found, "give --json-file another place") from error
        self._worker: Worker | None = None
        self._failure = ""
        self._told = False

    def follow(self, reader: Reader[Event], warn: Callable[[str, str], None]) -> None:
        """Write all events, on a thread of its own, until the log closes.

        `warn` is told once, with a remedy, when the file takes no more; it may raise Closed.
        """

        def write() -> None:
            while not self._failure:
                show_next(reader, self.show)
            warn(
                self._failure,
                "the talk goes on without it; make room, or give the next talk another --json-file",
            )
            self._told = True

        self._worker = Worker("event file", write, reader.leave)
        self._worker.start()

    def show(self, event: Event) -> None:
        """Write the event; after a failure nothing is written any more."""
        if self._failure:
            return
        line, written = as_json(event).encode("ascii") + b"\n", 0
        try:
            while written < len(line):
                written += os.write(self._file, line[written:])
        except OSError as error:
            self._failure = f"{self._path} takes no more events ({error.strerror})"
            with suppress(OSError):  # not a file but a pipe
                os.ftruncate(self._file, os.fstat(self._file).st_size - written)

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
        os.close(self._file)
        return "" if self._told else self._failure
