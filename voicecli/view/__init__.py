"""Events and status of a running talk -> standard output, for a person or a program."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, Self

if TYPE_CHECKING:
    from types import TracebackType

    from voicecli.events import Event
    from voicecli.status import Status


class ReaderGone(Exception):  # noqa: N818  # like StopIteration: the end, not a fault
    """The reader of the output has gone; talk ends as it does on Ctrl-C, and exits 0.

    Raised once by `show` or `tick`; after that the view accepts everything and writes nothing.
    """


class View(Protocol):
    """All calls come from one thread.

    `show` and `tick` raise `ReaderGone`, or `VoicecliError` where the output cannot be written (a full disk).
    """

    def __enter__(self) -> Self:
        """Begin to show."""
        ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Leave the terminal as it was, whatever happened."""
        ...

    def show(self, event: Event) -> None:
        """Show an event; called with every event, in order."""
        ...

    def tick(self, status: Status) -> None:
        """Show the status; called about ten times a second."""
        ...
