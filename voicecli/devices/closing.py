"""Gives devices back without waiting for ever, as closing a stream does when its sound server hangs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from voicecli.threads.worker import Worker

if TYPE_CHECKING:
    from collections.abc import Iterable

CLOSE_S = 1.0
"""Devices are waited for no longer than this; one that works is closed in a few ms."""


class Closes(Protocol):
    """What is given back, as `DeviceStream` is."""

    def close(self) -> None:
        """Give it back, however long that takes."""
        ...


def close_in_time(streams: Iterable[Closes]) -> bool:
    """Close all, on a thread of their own; whether that was done within `CLOSE_S`.

    Where not, the thread is left behind: `voicecli.cli.main` then ends the process without waiting for it.
    """

    def close() -> None:
        for stream in streams:
            stream.close()

    closing = Worker("close devices", close, lambda: None)
    closing.start()
    return closing.join(CLOSE_S)
