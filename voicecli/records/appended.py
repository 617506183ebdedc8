"""A file that only grows: each piece is handed to the system whole, and is on the disk when `sync` returns.

Promises: whatever ends the process, the file has each piece that was written, and no half of another: of a
piece that a full disk took in part, the part is cut off again. Readable by its owner alone.
"""

from __future__ import annotations

import os
from contextlib import suppress
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from pathlib import Path


class Growing(Protocol):
    """A file as a recorder uses it. All methods may take as long as the disk does."""

    def add(self, piece: bytes) -> None:
        """Append a piece. Raises OSError; then nothing of it stays."""
        ...

    def put(self, at: int, piece: bytes) -> None:
        """Write over what stands at byte `at`. Raises OSError."""
        ...

    def sync(self) -> None:
        """Return when all is on the disk. Raises OSError."""
        ...

    def close(self) -> None:
        """Give the file back. Idempotent."""
        ...


class Appended:
    """A new file of this computer."""

    def __init__(self, path: Path) -> None:
        """Raises OSError: it exists, or cannot be made."""
        self._fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o600)
        self._end = 0

    def add(self, piece: bytes) -> None:
        """Append a piece. Raises OSError; then nothing of it stays."""
        left = memoryview(piece)
        try:
            while left:
                left = left[os.write(self._fd, left) :]
        except OSError:
            with suppress(OSError):
                os.ftruncate(self._fd, self._end)
                os.lseek(self._fd, self._end, os.SEEK_SET)
            raise
        self._end += len(piece)

    def put(self, at: int, piece: bytes) -> None:
        """Write over what stands at byte `at`. Raises OSError."""
        os.lseek(self._fd, at, os.SEEK_SET)
        os.write(self._fd, piece)
        os.lseek(self._fd, self._end, os.SEEK_SET)

    def sync(self) -> None:
        """Return when all is on the disk. Raises OSError."""
        os.fsync(self._fd)

    def close(self) -> None:
        """Give the file back. Idempotent."""
        fd, self._fd = self._fd, -1
        if fd >= 0:
            os.close(fd)
