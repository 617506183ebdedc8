"""Runs one device by itself: opens it, lets it call a callback until the caller says stop, and closes it."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Protocol

from voicecli.devices.closing import close_in_time
from voicecli.errors import DeviceError

if TYPE_CHECKING:
    from collections.abc import Callable

    from voicecli.audio.streams import OnInput, OnOutput, StreamFormat
    from voicecli.system.clock import Clock


class Stream(Protocol):
    """One device, as `DeviceStream` is."""

    form: StreamFormat

    def start(self, callback: OnInput | OnOutput) -> None:
        """Open and begin. Raises DeviceError."""
        ...

    def dead(self, now: float) -> bool:
        """Whether it has ended by itself, or does not call any more."""
        ...

    def close(self) -> None:
        """Give the device back."""
        ...


def run_until(
    over: Callable[[], bool], stream: Stream, callback: OnInput | OnOutput, clock: Clock, every_s: float
) -> None:
    """Let the device call `callback` until `over()`, asked every `every_s` seconds, is true; then close it.

    Raises DeviceError where the device does not open, or stops.
    """
    never = threading.Event()
    try:
        stream.start(callback)
        while not over():
            clock.wait(never, every_s)
            if stream.dead(clock.now()) and not over():
                raise DeviceError(
                    f"the device {stream.form.name!r} stopped",
                    "plug it in again, or choose another: voicecli devices",
                )
    finally:
        close_in_time([stream])
