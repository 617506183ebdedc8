"""Lines -> a file that is whole after any end of the program, and for its owner alone.

Promises: each line is handed to the system in one piece, and a line that a full disk took in part is cut off
again, so no end of the program leaves half a line. After a failure nothing is written any more.
Relies on: one thread at a time.
"""

from __future__ import annotations

import os
from contextlib import suppress
from typing import TYPE_CHECKING

from voicecli.errors import ConfigError

if TYPE_CHECKING:
    from pathlib import Path


class LineFile:
    """Open from the beginning until `close`."""

    def __init__(self, path: Path, flag: str) -> None:
        """Open it, emptied, for its owner alone if it is new. Raises ConfigError, which names the flag."""
        self._path = path
        try:
            # Private: it may have what was said. O_APPEND: the next line stands where a cut one stood.
            self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND, 0o600)
        except OSError as error:
            found = f"{path} cannot be written ({error.strerror})"
            raise ConfigError(found, f"give {flag} another place") from error
        self.failure = ""
        """What the system said when it took no more; empty while all is well."""

    def write(self, line: str) -> None:
        """Write a line, which has no end of line in it and only ASCII; nothing after a failure."""
        if self.failure:
            return
        data, written = line.encode("ascii") + b"\n", 0
        try:
            while written < len(data):
                written += os.write(self._file, data[written:])
        except OSError as error:
            self.failure = error.strerror or type(error).__name__
            with suppress(OSError):  # not a file but a pipe
                os.ftruncate(self._file, os.fstat(self._file).st_size - written)

    def close(self) -> None:
        """Give the file back."""
        os.close(self._file)
