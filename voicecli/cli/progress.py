"""Progress of a pull on stderr: a bar on a terminal, a line now and then in a log."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from voicecli.view.safe import safe

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self

    from rich.progress import Progress, TaskID

    from voicecli.system.clock import Clock

_STEPS = 10
"""Most lines in a log for one model."""

_WORTH_BYTES = 20_000_000
"""Files below this size get no progress: they come too quickly."""


class Lines:
    """Plain lines, for logs."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._total = self._first = self._next = 0
        self._began = 0.0

    def say(self, line: str) -> None:
        """Write it."""
        typer.echo(safe(line), err=True)

    def begin(self, what: str, total: int, done: int) -> None:
        """Begin to count for a model. The caller has already said its name in a line."""
        self._total, self._first, self._began = total, done, self._clock.now()
        self._next = done + total // _STEPS

    def at(self, done: int) -> None:
        """Write a line at each tenth of the way."""
        if self._total < _WORTH_BYTES or done < self._next or done >= self._total:
            return
        self._next = done + self._total // _STEPS
        passed_s = self._clock.now() - self._began
        left = (
            f", {time_left(passed_s * (self._total - done) / (done - self._first))}" if passed_s > 1 else ""
        )
        share = f"{done / self._total:.0%}"
        typer.echo(f"  {share}, {done / 1e6:.0f} of {self._total / 1e6:.0f} MB{left}", err=True)


def time_left(seconds: float) -> str:
    """Seconds, or minutes where it takes longer."""
    if seconds < 90:
        return f"about {max(1, round(seconds))} s left"
    return f"about {round(seconds / 60)} min left"


class Bars:
    """A bar for the model that is under way."""

    def __init__(self) -> None:
        self._task: TaskID | None = None

    def __enter__(self) -> Self:
        from rich.console import Console
        from rich.progress import (
            BarColumn,
            DownloadColumn,
            Progress,
            TextColumn,
            TimeRemainingColumn,
            TransferSpeedColumn,
        )

        self._progress: Progress = Progress(
            TextColumn("  {task.description}", markup=False),
            BarColumn(bar_width=24),
            DownloadColumn(),
            TransferSpeedColumn(),
            TimeRemainingColumn(),
            TextColumn("left"),
            console=Console(stderr=True),
        )
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._progress.stop()

    def say(self, line: str) -> None:
        """Write it above the bar."""
        self._progress.console.print(safe(line), markup=False, highlight=False, soft_wrap=True)

    def begin(self, what: str, total: int, done: int) -> None:
        """Draw another bar in the place of the last."""
        if self._task is not None:
            self._progress.remove_task(self._task)
        self._task = self._progress.add_task(what, total=total, completed=done)

    def at(self, done: int) -> None:
        """Move it."""
        if self._task is not None:
            self._progress.update(self._task, completed=done)
