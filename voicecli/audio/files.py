"""Recordings: any file libav reads -> mono float32 blocks; int16 blocks -> a WAV file.

The only file that imports av. Reading and writing hold one block at a time, whatever the file's length.
"""

from __future__ import annotations

import contextlib
import logging
import os
from itertools import chain
from typing import TYPE_CHECKING, Self

import numpy as np

from voicecli.audio.wav import head
from voicecli.errors import AudioFileError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from types import TracebackType

    import av

    from voicecli.messages import Float32, Int16


def decode(path: Path, rate_hz: int) -> Iterator[Float32]:
    """Blocks of (n,) float32 in [-1, 1] at `rate_hz`, resampled by libav; mono is the mean of the channels.

    A recording that breaks off is given as far as it goes. Raises AudioFileError for a file that is absent,
    unreadable, damaged, not audio or without a sample.
    """
    import av
    from av.error import FFmpegError

    logging.getLogger("libav").setLevel(logging.CRITICAL)  # its complaints come as exceptions too
    any_sound = False
    try:
        # Named as a file, "http://..." is one that does not exist, and a playlist cannot open connections.
        with av.open(f"file:{path}") as container:
            if not container.streams.audio:
                raise AudioFileError(f"{path} has no sound in it", "give a recording")
            # "flt" is packed: with planar samples PyAV 18 crashes from 8 channels on.
            resampler = av.AudioResampler(format="flt", rate=rate_hz)
            for frame in chain(container.decode(audio=0), [None]):
                for block in resampler.resample(frame):
                    any_sound = True
                    yield _mono(block)
    except FileNotFoundError as error:
        raise AudioFileError(f"there is no file {path}", "check the name") from error
    except IsADirectoryError as error:
        raise AudioFileError(f"{path} is a folder", "name the recording in it") from error
    except PermissionError as error:
        raise AudioFileError(f"{path} may not be read", "check its permissions") from error
    except (FFmpegError, ValueError) as error:
        raise AudioFileError(
            f"{path} is not a recording that can be read, or it is cut or damaged",
            "check that it plays elsewhere, or convert it to WAV",
        ) from error
    if not any_sound:
        raise AudioFileError(f"{path} holds no sound", "record it again")


def _mono(block: av.AudioFrame) -> Float32:
    """Mean of the channels: libav's own downmix is louder, clips, and leaves some channels out."""
    # A float recording may hold anything; NaN becomes silence, the rest is clipped as a loudspeaker would.
    samples = block.to_ndarray().reshape(-1, block.layout.nb_channels).astype(np.float32, copy=False)
    samples = np.clip(np.nan_to_num(samples, nan=0.0, posinf=1.0, neginf=-1.0), -1.0, 1.0)
    mono: Float32 = samples.mean(axis=1, dtype=np.float32)
    return mono


class WavWriter:
    """A 16-bit WAV file of any size that appears under its name when complete, and not at all on failure."""

    def __init__(self, path: Path, rate_hz: int, channels: int) -> None:
        self._path = path
        self._form = (rate_hz, channels)

    def __enter__(self) -> Self:
        """Open a file beside the final one. Raises AudioFileError where that cannot be."""
        # A file moved over /dev/null would replace it. Unlike Path's, these do not raise for an odd name.
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
            with contextlib.suppress(OSError):  # what a full disk did not take is still buffered
                self._handle.close()
            self._part.unlink(missing_ok=True)

    def _unwritable(self, error: OSError) -> AudioFileError:
        return AudioFileError(
            f"{self._path} cannot be written ({error.strerror or error})", "choose another place for it"
        )
