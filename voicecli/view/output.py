"""A line -> standard output, at once; notices when nobody reads it."""

from __future__ import annotations

import errno
import os
from typing import TextIO

from voicecli.errors import VoicecliError
from voicecli.posix import hung_up
from voicecli.view import ReaderGone


class LineOutput:
    """Writes whole lines and flushes each one."""

    def __init__(self, stdout: TextIO) -> None:
        self._stdout = stdout
        self._closed = False

    def write(self, line: str) -> None:
        """Write `line` and its end.

        Raises ReaderGone, once, when the reader has closed its end; VoicecliError on any other failure.
        """
        if self._closed:
            return
        try:
            self._stdout.write(line + "\n")
            self._stdout.flush()
        except OSError as error:
            self._close()
            # Windows says EINVAL for a pipe nobody reads.
            if error.errno in (errno.EPIPE, errno.EINVAL):
                raise ReaderGone from None
            raise VoicecliError(f"cannot write to standard output: {error.strerror}") from error

    def check(self) -> None:
        """Look whether somebody still reads, without writing.

        A talk that has nothing to say would otherwise keep the microphone open for nobody. Raises ReaderGone,
        once.
        """
        if not self._closed and hung_up(self._stdout):
            self._close()
            raise ReaderGone

    def _close(self) -> None:
        """Send what is still buffered to nowhere, or Python would complain about it when it exits."""
        self._closed = True
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, self._stdout.fileno())
        os.close(nowhere)
