"""A line -> standard output, at once; notices when the reader has gone."""

from __future__ import annotations

import errno
import os
from typing import TextIO

from voicecli.errors import VoicecliError
from voicecli.system.posix import hung_up
from voicecli.view import ReaderGone


class LineOutput:
    """Writes whole lines and flushes each one."""

    def __init__(self, stdout: TextIO) -> None:
        self._stdout = stdout

    def write(self, line: str) -> None:
        """Write `line` and its end.

        Raises ReaderGone, once, when the reader has closed its end; VoicecliError on any other failure.
        """
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
        """Check, without writing, whether the reader is still there.

        A talk that has nothing to say would otherwise keep the microphone open for nobody. Raises ReaderGone,
        once.
        """
        if hung_up(self._stdout):
            self._close()
            raise ReaderGone

    def _close(self) -> None:
        """Discard the rest: what is still to come, and what is buffered when Python exits."""
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, self._stdout.fileno())
        os.close(nowhere)
