"""What a client's loudspeaker must know of the agent's voice: `speak.playback.Playback` has it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable


class PlayedSound(Protocol):
    """What is about to sound."""

    drops: int
    """How often what was to sound was dropped."""

    @property
    def sounding(self) -> bool:
        """Whether the last block held sound."""
        ...

    @property
    def waiting_s(self) -> float:
        """Sound that could be taken now, s."""
        ...

    @property
    def pulled(self) -> int:
        """Position of the first sample that was not taken."""
        ...

    @property
    def complete(self) -> bool:
        """Whether all of the newest reply waits or was taken."""
        ...

    @property
    def on_hold(self) -> bool:
        """Whether it is to be silent, and to go on later."""
        ...

    def follow(self, reported: Callable[[float], int] | None) -> None:
        """Believe this about what has sounded; None: the times of the blocks."""
        ...

    def sounds_at(self, position: int, at: float) -> None:
        """Of what was taken, the sample at `position` sounds at time `at`."""
        ...
