"""A loudspeaker that has just been opened gets silence until it does not run dry any more."""

from __future__ import annotations

import numpy as np
import pytest

from voicecli.devices.single.settling import CALM_S, LONGEST_S, Settling
from voicecli.system.clock import FakeClock

BLOCK_S = 0.02


class Speaker:
    """A loudspeaker that asks for block after block, at times that the test says."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.settling = Settling(self._fill, self.clock)
        self.told: list[tuple[float, bool]] = []

    def _fill(self, block: np.ndarray, at: float, dry: bool) -> None:
        self.told.append((at, dry))
        block[:] = 1

    def asks(self, *, dry: bool = False, after_s: float = BLOCK_S) -> bool:
        """Ask for a block; say whether there is sound in it."""
        self.clock.advance(after_s)
        block = np.full(441, -1, np.int16)
        self.settling(block, self.clock.now() + 0.04, dry)
        assert (block == block[0]).all()
        assert block[0] in (0, 1)
        return bool(block[0])

    def silent_s(self) -> float:
        """How long it stays silent from now on, while it does not run dry."""
        begin = self.clock.now()
        while not self.asks():
            assert self.clock.now() < begin + 60
        return self.clock.now() - begin


@pytest.mark.parametrize("storm_s", [0.0, 0.3, 1.5])
def test_sound_begins_a_moment_after_it_ran_dry_for_the_last_time(storm_s: float) -> None:
    speaker = Speaker()
    assert not speaker.asks()
    for _ in range(round(storm_s / 0.01)):  # it throws away block after block
        assert not speaker.asks(dry=True, after_s=0.001)
        assert not speaker.asks(after_s=0.009)
    assert speaker.silent_s() == pytest.approx(CALM_S, abs=2 * BLOCK_S)
    assert len(speaker.told) == 1


def test_once_it_has_settled_it_is_not_silenced_again() -> None:
    speaker = Speaker()
    speaker.silent_s()
    assert speaker.asks(dry=True)
    assert speaker.told[-1] == (speaker.clock.now() + 0.04, True)


def test_one_that_always_says_that_it_ran_dry_gets_its_sound_late() -> None:
    speaker, begin = Speaker(), 0
    while not speaker.asks(dry=True):
        begin += 1
    assert begin * BLOCK_S == pytest.approx(LONGEST_S, abs=2 * BLOCK_S)
