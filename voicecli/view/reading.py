"""The next event of a log's reader -> a view; where the reader has lost events, a warning says so."""

from __future__ import annotations

from typing import TYPE_CHECKING

from voicecli.events import Warned

if TYPE_CHECKING:
    from collections.abc import Callable

    from voicecli.events import Event
    from voicecli.threads.log import Reader


def show_next(reader: Reader[Event], show: Callable[[Event], None], timeout_s: float | None = None) -> None:
    """Wait for an event and show it. Raises ChannelClosed, TimeoutError and what `show` raises."""
    event = reader.get(timeout_s)
    if lost := reader.newly_lost():
        counted = "1 event is missing here" if lost == 1 else f"{lost} events are missing here"
        remedy = "read faster, or close what keeps the processor or the disk busy"
        show(Warned(event.t, f"{counted}: the reader of this output was too slow", remedy))
    show(event)
