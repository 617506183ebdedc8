"""What of a sound is encoded at a time: parts that are cut where it is quiet, and lose nothing."""

from __future__ import annotations

import numpy as np
import pytest

from voicecli.listen.whisper.window import cut
from voicecli.messages import RATE_HZ


def test_long_sound_is_cut_in_its_pauses_and_none_of_it_is_lost() -> None:
    sound = np.random.default_rng(0).uniform(-0.5, 0.5, 20 * RATE_HZ).astype(np.float32)
    pauses = [(5.9, 6.2), (11.2, 11.5), (14.0, 14.3)]
    for begin_s, end_s in pauses:
        sound[round(begin_s * RATE_HZ) : round(end_s * RATE_HZ)] *= 0.001
    parts = cut(sound, 9.0)
    np.testing.assert_array_equal(np.concatenate(parts), sound)
    assert all(part.size <= 9 * RATE_HZ for part in parts)
    for at in np.cumsum([part.size for part in parts])[:-1] / RATE_HZ:
        assert any(begin_s < at < end_s for begin_s, end_s in pauses), at


@pytest.mark.parametrize("seconds", [0.5, 9.0])
def test_sound_that_is_short_enough_stays_whole(seconds: float) -> None:
    sound = np.ones(round(seconds * RATE_HZ), np.float32)
    (whole,) = cut(sound, 9.0)
    assert whole is sound
