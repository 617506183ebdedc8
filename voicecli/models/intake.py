"""Writes one file as it arrives: bytes of a source -> a whole file, compared with its published hash.

Bytes that have arrived are kept after an interruption: they are in a file of their own, and the next intake
goes on at its end. So that no wrong byte stays, the intake compares each part whose hash is known when it is
full, and the whole file at the end.
"""

from __future__ import annotations

import hashlib
import os
from typing import TYPE_CHECKING

from voicecli.models.sources import WrongBytesError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from voicecli.models.manifest import ModelFile
    from voicecli.models.sources import Reporter

_CHUNK_BYTES = 1 << 20


class Tally:
    """Counts the bytes of one model's files; the progress it reports never goes back."""

    def __init__(self, reporter: Reporter, total: int, done: int) -> None:
        """`total`: bytes of all files; `done`: how many of these are on the disk already."""
        self._reporter = reporter
        self._total = total
        self._written = self._told = done
        self._ahead = 0

    def written(self, count: int) -> None:
        """Count bytes that were written to their file."""
        self._written += count
        self._tell()

    def ahead(self, count: int) -> None:
        """Set how many bytes have arrived and are not written to their file yet."""
        self._ahead = count
        self._tell()

    def lost(self, count: int) -> None:
        """Subtract bytes that were wrong and must be fetched again."""
        self._written -= count

    def _tell(self) -> None:
        # Bytes ahead are still in compressed packages, so their number is only about right.
        self._told = max(self._told, min(self._total, self._written + self._ahead))
        self._reporter.at(self._told)


class Intake:
    """One file that is being fetched."""

    def __init__(self, file: ModelFile, path: Path) -> None:
        """Check what an earlier intake left at `path`, and remove what is wrong.

        Raises OSError: it cannot be read or written.
        """
        self.file = file
        self.path = path
        self._source = "an earlier pull"
        self.done = 0
        """Bytes in the file."""
        self._compared = 0
        """Bytes at the beginning of the file whose parts were compared and are right."""
        self._whole, self._part = file.hasher(), hashlib.sha256()
        if path.exists():
            try:
                self._look()
            except WrongBytesError:
                self._cut()

    @property
    def doubtful(self) -> bool:
        """Whether some bytes of the file were not compared yet."""
        return self.done > self._compared

    @property
    def complete(self) -> bool:
        """Whether all bytes have arrived, right or wrong."""
        return self.done == self.file.bytes

    def take(self, chunks: Iterator[bytes], source: str, tally: Tally) -> None:
        """Append all chunks to the file, then compare the whole.

        Raises WrongBytesError: they are not the published ones. What is wrong is removed.
        Raises OSError: the file cannot be written.
        """
        self._source = source
        try:
            with self.path.open("ab") as out:
                for chunk in chunks:
                    self._count(chunk)
                    out.write(chunk)
                    tally.written(len(chunk))
                out.flush()
                os.fsync(out.fileno())  # else, after a power cut, the named file could be empty
            if self.done < self.file.bytes:
                raise self._wrong(f"has only {self.done:,} of {self.file.bytes:,} bytes")
            if self._whole.hexdigest() != self.file.digest:
                self._compared = 0
                raise self._wrong("does not have the published hash")
        except WrongBytesError:
            tally.lost(self._cut())
            raise
        finally:
            if not self.done:
                self.path.unlink(missing_ok=True)

    def _look(self) -> None:
        with self.path.open("rb") as stream:
            while chunk := stream.read(_CHUNK_BYTES):
                self._count(chunk)

    def _count(self, chunk: bytes) -> None:
        """Hash a chunk. Raises WrongBytesError: there are too many bytes, or a part that is full is wrong."""
        if self.done + len(chunk) > self.file.bytes:
            raise self._wrong(f"has more than {self.file.bytes:,} bytes")
        self._whole.update(chunk)
        rest = memoryview(chunk)
        while rest and self.file.part_sha256:
            number, begun = divmod(self.done, self.file.part_bytes)
            piece = rest[: self.file.part_bytes - begun]
            self._part.update(piece)
            self.done += len(piece)
            rest = rest[len(piece) :]
            if self.done in (self.file.bytes, (number + 1) * self.file.part_bytes):
                if self._part.hexdigest() != self.file.part_sha256[number]:
                    which = f"part {number + 1} ({self.file.parts[number]}) of "
                    raise self._wrong("does not have the published hash", which)
                self._part = hashlib.sha256()
                self._compared = self.done
        self.done += len(rest)

    def _wrong(self, found: str, which: str = "") -> WrongBytesError:
        return WrongBytesError(f"{which}{self.file.name} from {self._source} {found} and was removed")

    def _cut(self) -> int:
        """Keep only the parts that were compared; give the number of bytes removed."""
        size, kept = self.path.stat().st_size, self._compared
        self.done, self._whole, self._part = 0, self.file.hasher(), hashlib.sha256()
        os.truncate(self.path, kept)
        self._look()
        return size - kept
