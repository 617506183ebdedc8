"""A talk -> a file of what crossed its boundaries, for `talk --debug`.

Promises: the talk never waits for it. It reads on a thread of its own; what it cannot read in time is lost,
counted, and told of in the file. Nothing that was said is in it, unless `words`.
Relies on: `follow` comes before the talk starts; sound is told of by threads that may take microseconds.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, TypeAlias

from voicecli.audio.probe import Crossing, Probe
from voicecli.system.linefile import LineFile
from voicecli.threads.channel import Channel, ChannelClosed
from voicecli.threads.worker import Worker
from voicecli.tracing.boundaries import Boundaries
from voicecli.waiting.buffers import Buffer

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from voicecli.floor.facts import Fact
    from voicecli.floor.orders import Order
    from voicecli.threads.log import Log, Reader

    Logged: TypeAlias = tuple[float, Fact, list[Order]]

FACTS = 4096
"""Facts that may wait for the disk: about two minutes of talk."""

SOUNDS = 256
"""Sounds that may wait for the disk: about a minute of talk."""

LAST_LINES_S = 0.5
"""s that the end of a talk waits for the disk at most."""

DEBUGGED = Buffer(
    "sound to debug",
    "blocks",
    SOUNDS,
    "drop_oldest",
    "what crosses a boundary of sound waits for the file of --debug; nobody may wait for a disk, and losses "
    "are written there",
)


class DebugFile:
    """Open from the beginning until `close`."""

    def __init__(
        self, path: Path, began: float, *, words: bool, facts: int = FACTS, sounds: int = SOUNDS
    ) -> None:
        """Open it, emptied, for its owner alone if it is new; `facts`, `sounds`: how many may wait.

        `began` is the time on the talk's clock from which `t` counts, s. Raises ConfigError.
        """
        self._path = path
        self._file = LineFile(path, "--debug")
        self._lines = Boundaries(began, words=words)
        self._facts = facts
        self._sounds: Channel[Crossing] = Channel(DEBUGGED.holding(sounds))
        self._sounds_told = 0
        self._worker: Worker | None = None
        self._told = False
        self.probe = Probe(self._heard)
        """What tells the file of sound."""

    def follow(self, log: Log[Logged], warn: Callable[[str, str], None]) -> None:
        """Write what happens from now on, on a thread of its own, until the log closes.

        `warn` is told once, with a remedy, when the file takes no more; it may raise ChannelClosed.
        """
        reader = log.reader("debug", self._facts)

        def write() -> None:
            while not self._file.failure:
                self.write_next(reader)
            warn(self._problem(), "the talk goes on without it; make room, or give another --debug")
            self._told = True

        self._worker = Worker("debug file", write, reader.leave)
        self._worker.start()

    def write_next(self, reader: Reader[Logged], timeout_s: float | None = None) -> None:
        """Wait for a fact, and write it and the sound that came before. Raises as `Reader.get` does."""
        at, fact, orders = reader.get(timeout_s)
        self._write_sounds()
        dropped = self._sounds.stats().drops
        if lost := reader.newly_lost() + dropped - self._sounds_told:
            self._sounds_told = dropped
            self._file.write(self._lines.lost(at, lost))
        for line in self._lines.fact(at, fact, orders):
            self._file.write(line)

    def _write_sounds(self) -> None:
        while self._sounds.stats().fill:
            self._file.write(self._lines.sound(self._sounds.get(0)))

    def _heard(self, crossing: Crossing) -> None:
        with suppress(ChannelClosed):  # the talk has ended
            self._sounds.put(crossing)

    def _problem(self) -> str:
        return f"{self._path} takes no more lines ({self._file.failure})" if self._file.failure else ""

    def close(self) -> str:
        """After the log has closed, write what is left; give a problem that was not told yet."""
        self._sounds.close()
        if self._worker is not None:
            if not self._worker.join(LAST_LINES_S):
                # The file stays open for the rest.
                return f"{self._path} may lack the last lines: the disk is too slow"
            if self._worker.failure is not None:
                raise self._worker.failure
        self._write_sounds()
        self._file.close()
        return "" if self._told else self._problem()
