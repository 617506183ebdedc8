"""Both sides of a talk -> FLAC files in a folder: one, or pieces of which the oldest are deleted."""

from __future__ import annotations

from collections import deque
from contextlib import suppress
from typing import TYPE_CHECKING

from voicecli.records import notes
from voicecli.records.flac import LENGTH_AT, FlacStream

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from voicecli.messages import Float32
    from voicecli.records.appended import Growing

LONGEST_PIECE_S = 600
PIECES = 6
"""Pieces that the most sound that is kept is divided into; up to one piece less than that may be there."""


class SoundFiles:
    """Stereo, the user left, the agent right. All methods may take as long as the disk does."""

    def __init__(
        self, folder: Path, rate_hz: int, max_minutes: int, opened: Callable[[Path], Growing]
    ) -> None:
        """`max_minutes`: the most sound that is kept; 0: all, in one file."""
        self._folder = folder
        self._rate_hz = rate_hz
        self._opened = opened
        self._most = max_minutes * 60 * rate_hz
        self._piece = min(LONGEST_PIECE_S * rate_hz, self._most // PIECES)
        self._begins_t = 0.0
        self._kept: deque[tuple[Path, int]] = deque()
        self._number = 0
        self._name = ""
        self._file: Growing | None = None
        self._stream: FlacStream | None = None
        self._bytes = b""  # of the piece under way, not written yet
        self._told: list[str] = []
        self.count = 0
        """Samples of each side that were pushed so far."""

    def begins(self, t: float) -> None:
        """Tell that the first sample stands at `t`, s from the start of the talk."""
        self._begins_t = t

    def push(self, left: Float32, right: Float32) -> None:
        """Take (n,) of each side. Raises OSError."""
        while len(left):
            stream = self._stream or self._begin()
            room = self._piece - stream.count if self._piece else len(left)
            self._bytes += stream.push(left[:room], right[:room])
            self.count += min(room, len(left))
            left, right = left[room:], right[room:]
            if self._piece and stream.count == self._piece:
                self.finish()

    def _begin(self) -> FlacStream:
        self._number += 1
        self._name = f"conversation-{self._number:04}.flac" if self._piece else "conversation.flac"
        while self._kept and sum(count for _, count in self._kept) + self._piece > self._most:
            oldest, _ = self._kept.popleft()
            with suppress(FileNotFoundError):
                oldest.unlink()
            self._told.append(notes.line("deleted", self._t, file=oldest.name))
        self._file = self._opened(self._folder / self._name)
        self._told.append(notes.sound(self._t, self._name, self._rate_hz))
        self._stream = FlacStream(self._rate_hz)
        return self._stream

    @property
    def _t(self) -> float:
        return self._begins_t + self.count / self._rate_hz

    def write(self) -> list[str]:
        """Hand what was pushed to the disk; give the lines that tell of new files. Raises OSError."""
        if self._file is not None and self._bytes:
            piece, self._bytes = self._bytes, b""
            self._file.add(piece)
            self._file.sync()
        told, self._told = self._told, []
        return told

    def finish(self) -> None:
        """End the piece under way. Raises OSError."""
        if self._stream is None or self._file is None:
            return
        self._bytes += self._stream.finish()
        self._told += self.write()
        self._file.put(LENGTH_AT, self._stream.length())
        self._kept.append((self._folder / self._name, self._stream.count))
        self._file.sync()
        self.close()
        self._stream = None

    def close(self) -> None:
        """Give the file back. Idempotent."""
        file, self._file = self._file, None
        if file is not None:
            file.close()
