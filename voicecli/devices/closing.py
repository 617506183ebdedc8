"""Gives devices back, and limits the wait: closing a stream takes for ever when its sound server hangs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from voicecli.threads.worker import Worker

if TYPE_CHECKING:
    from collections.abc import Iterable

CLOSE_S = 1.0
"""Longest wait for devices to close; one that works takes a few ms."""


class Closes(Protocol):
    """Anything that can be given back, such as a `DeviceStream`."""

    def close(self) -> None:
        """Give it back, however long that takes."""
        ...


def close_in_time(streams: Iterable[Closes]) -> bool:
    """Close all streams, on a thread made for it; say whether that was done within `CLOSE_S`.

    Where it was not, the thread is left behind: `voicecli.cli.main` then ends the process without waiting.
    """

    def close() -> None:
        for stream in streams:
            stream.close()

    closing = Worker("close devices", close, lambda: None)
    closing.start()
    return closing.join(CLOSE_S)
