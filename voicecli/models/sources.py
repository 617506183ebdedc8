"""Protocols: a source of model files, and a reporter of how far a pull has come.

The program does not trust a source: `intake` compares its bytes with the published hashes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

from voicecli.errors import ModelError

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator, Sequence
    from pathlib import Path

    from voicecli.models.manifest import Model, ModelFile


class SourceError(ModelError):
    """A source cannot give a file, or stopped in the middle; another one, or a later try, may go on there."""


class WrongBytesError(SourceError):
    """A source gave bytes that are not the published ones."""


class Reporter(Protocol):
    """Shows how far a pull has come. Called by one thread."""

    def say(self, line: str) -> None:
        """Show a line."""
        ...

    def begin(self, what: str, total: int, done: int) -> None:
        """A model of `total` bytes is about to be fetched; `done` of them are on the disk."""
        ...

    def at(self, done: int) -> None:
        """`done` bytes of the total have come."""
        ...


class Wanted(NamedTuple):
    """A file to fetch, without its first `start` bytes."""

    file: ModelFile
    start: int


class Source(Protocol):
    """Gives the files of a model."""

    @property
    def name(self) -> str:
        """The name of the source, as messages use it."""
        ...

    def fetch(
        self, model: Model, wanted: Sequence[Wanted], scratch: Path, ahead: Callable[[int], None]
    ) -> Generator[tuple[ModelFile, Iterator[bytes]]]:
        """Give each wanted file with its bytes from `start` on.

        `scratch` is a folder for temporary files; the source may use those that an earlier fetch left there.
        It calls `ahead` with the number of bytes that have arrived and that it has not given yet.

        Raises SourceError: at any step.
        """
        ...


def without(skip: int, chunks: Iterator[bytes]) -> Iterator[bytes]:
    """Leave out the first `skip` bytes."""
    for chunk in chunks:
        if skip < len(chunk):
            yield chunk[skip:] if skip else chunk
        skip = max(0, skip - len(chunk))
