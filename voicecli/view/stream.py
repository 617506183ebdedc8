"""Events for programs: one JSON object a line. Documented in docs/events.md."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self, TextIO

from voicecli.events import as_json
from voicecli.view.output import LineOutput

if TYPE_CHECKING:
    from types import TracebackType

    from voicecli.events import Event
    from voicecli.status import Status


class StreamView:
    """`talk --json`."""

    def __init__(self, stdout: TextIO) -> None:
        self._output = LineOutput(stdout)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Nothing to undo."""

    def show(self, event: Event) -> None:
        """Write the event."""
        self._output.write(as_json(event))

    def tick(self, status: Status) -> None:
        """Check only that the reader is still there."""
        self._output.check()
