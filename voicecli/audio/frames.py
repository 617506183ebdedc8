"""Samples in blocks of any size -> the same samples in blocks of the size that is wanted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic, TypeVar

import numpy as np

from voicecli.messages import FRAME_SAMPLES, RATE_HZ, Float32Frame

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from voicecli.messages import Float32

S = TypeVar("S", np.int16, np.float32)


class Reframer(Generic[S]):
    """Holds samples, (n,), from `push` until `take`: in order, none lost, none twice. For one thread."""

    def __init__(self, kind: type[S]) -> None:
        self._held: NDArray[S] = np.zeros(0, kind)
        self.position = 0
        """Position of the first sample held; if none is held, of the next sample that is pushed."""

    def __len__(self) -> int:
        """Samples held."""
        return len(self._held)

    def restart(self, position: int) -> None:
        """Drop what is held; what is pushed next lies at `position`."""
        self._held = self._held[:0]
        self.position = position

    def push(self, samples: NDArray[S]) -> None:
        """Append (n,) samples."""
        self._held = np.concatenate((self._held, samples))

    def take(self, count: int) -> NDArray[S]:
        """The oldest `count` samples, or all where there are fewer."""
        taken, self._held = self._held[:count], self._held[count:]
        self.position += len(taken)
        return taken

    def frames(self, size: int) -> Iterator[tuple[int, NDArray[S]]]:
        """Take all whole frames of `size` samples, each with its position. A shorter rest stays."""
        while len(self._held) >= size:
            yield self.position, self.take(size)


def frames_of(samples: Float32, began_at: float = 0.0) -> Iterator[Float32Frame]:
    """Cut a recording, (n,) at 16 kHz, into frames; a rest shorter than a frame is dropped.

    `began_at`: the time of the first sample, s.
    """
    for begin in range(0, samples.size - FRAME_SAMPLES + 1, FRAME_SAMPLES):
        yield Float32Frame(samples[begin : begin + FRAME_SAMPLES], begin, began_at + begin / RATE_HZ)
