"""int16 blocks -> a WAV file, one block at a time, whatever its length."""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING, Self

from voicecli.audio.recordings.wav import head
from voicecli.errors import AudioFileError

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType

    from voicecli.messages import Int16


class WavWriter:
    """A 16-bit WAV file of any size that appears under its name when complete, and not at all on failure."""

    def __init__(self, path: Path, rate_hz: int, channels: int) -> None:
        self._path = path
        self._form = (rate_hz, channels)

    def __enter__(self) -> Self:
        """Open a hidden file beside the final one. Raises AudioFileError if that is not possible."""
        # Moving a file over /dev/null would replace it. os.path raises nothing for an odd name; Path does.
        if os.path.exists(self._path) and not os.path.isfile(self._path):  # noqa: PTH110, PTH113
            raise AudioFileError(f"{self._path} is a folder or a device", "give the name of a file")
        self._part = self._path.with_name(f".{self._path.name}.{os.getpid()}.part")
        try:
            self._handle = self._part.open("wb")
        except OSError as error:
            raise self._unwritable(error) from error
        self._bytes = 0
        self._append(head(*self._form, 0))
        return self

    def write(self, samples: Int16) -> None:
        """Append (n,) or (n, channels) int16. Raises AudioFileError when the disk refuses."""
        data = samples.astype("<i2").tobytes()
        self._append(data)
        self._bytes += len(data)

    def _append(self, data: bytes) -> None:
        try:
            self._handle.write(data)
        except OSError as error:
            raise self._unwritable(error) from error

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Give the file its name; after an error, remove it."""
        try:
            if kind is None:
                self._handle.seek(0)
                self._handle.write(head(*self._form, self._bytes))
            self._handle.close()
            if kind is None:
                self._part.replace(self._path)
        except OSError as failure:
            raise self._unwritable(failure) from failure
        finally:
            with contextlib.suppress(OSError):  # closing writes the buffer, and a full disk refuses it again
                self._handle.close()
            self._part.unlink(missing_ok=True)

    def _unwritable(self, error: OSError) -> AudioFileError:
        return AudioFileError(
            f"{self._path} cannot be written ({error.strerror or error})", "choose another place for it"
        )
