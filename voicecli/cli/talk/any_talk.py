"""What the command line needs of a talk, wherever its engines are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from voicecli.audio.probe import Probe
    from voicecli.events import Event
    from voicecli.floor.facts import Fact
    from voicecli.floor.orders import Order
    from voicecli.status import Status
    from voicecli.talk.controls import Controls
    from voicecli.threads.log import Log
    from voicecli.waiting.buffers import BufferFill


class AnyTalk(Protocol):
    """A running talk, from `start` until `close`: `talk.Talk`, or `satellite.RemoteTalk`."""

    events: Log[Event]
    facts: Log[tuple[float, Fact, list[Order]]]
    controls: Controls

    def start(self) -> None:
        """Open the devices and begin. Raises DeviceError."""
        ...

    def close(self) -> bool:
        """End it; say whether all of it ended in time."""
        ...

    def check(self) -> None:
        """Raise what ends the talk, if anything has."""
        ...

    def tell_losses(self) -> None:
        """Warn of each loss, once."""
        ...

    def warn(self, found: str, remedy: str) -> None:
        """Tell all readers what is wrong, and what to do. Raises ChannelClosed after the end."""
        ...

    def status(self) -> Status:
        """How it is at this moment."""
        ...

    def buffers(self) -> list[BufferFill]:
        """Every place where something waits."""
        ...

    def look_at(self, probe: Probe) -> None:
        """Show whoever looks at the boundaries what crosses them."""
        ...

    @property
    def idle(self) -> bool:
        """Whether nobody speaks and nothing is under way."""
        ...

    @property
    def failed(self) -> bool:
        """Whether an error ends it."""
        ...
