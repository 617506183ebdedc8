"""A faint voice is turned up for the detector; the room, and a voice that is loud enough, are not."""

from __future__ import annotations

import math

import pytest

from voicecli.listen.gate.gain import FALL_DB_S, HEARD_DBFS, HELD_S, MOST_DB, Gain
from voicecli.listen.gate.noise_floor import DIGITAL_DBFS, START_DBFS, NoiseFloor
from voicecli.messages import FRAME_S


def gains_db(*levels: float, gain: Gain | None = None, speech: bool = False) -> list[float]:
    gain = gain or Gain()
    return [20 * math.log10(gain.update(level, speech=speech)) for level in levels]


def frames(seconds: float) -> int:
    return round(seconds / FRAME_S)


@pytest.mark.parametrize("room_dbfs", [-80.0, -65.0, -50.0, -30.0])
def test_the_room_is_not_turned_up(room_dbfs: float) -> None:
    assert gains_db(*[room_dbfs] * frames(15))[frames(12) :] == [0.0] * (frames(15) - frames(12))


def test_a_faint_voice_is_as_loud_as_one_that_is_heard_from_its_first_frame() -> None:
    gains = gains_db(*[-80.0] * frames(2), -60.0, -58.0)
    assert gains[-2:] == pytest.approx([HEARD_DBFS + 60, HEARD_DBFS + 58])


def test_a_voice_that_hardly_stands_out_is_turned_up_and_a_room_that_wavers_is_not() -> None:
    gain = Gain()
    rooms = [-70.0 + (-2.0, 0.0, 2.0)[at % 3] for at in range(frames(5))]
    assert set(gains_db(*rooms, gain=gain)) == {0.0}
    assert gains_db(-63.0, gain=gain) == pytest.approx([HEARD_DBFS + 63])


def test_a_loud_voice_is_left_as_it_is() -> None:
    assert gains_db(-70.0, -20.0, -30.0, -12.0) == [0.0] * 4


def test_the_gain_has_an_end() -> None:
    assert gains_db(-80.0, gain=Gain(room_dbfs=-94.0))[-1] == pytest.approx(MOST_DB)


def test_between_the_words_the_gain_stays_and_after_them_it_goes() -> None:
    gain = Gain()
    gains_db(*[-80.0] * frames(2), -60.0, gain=gain)
    pause = gains_db(*[-80.0] * frames(HELD_S + 0.1), gain=gain)
    assert pause[: frames(HELD_S) - 1] == pytest.approx([HEARD_DBFS + 60] * (frames(HELD_S) - 1))
    assert pause[-1] == 0.0


def test_after_a_pause_the_far_side_is_heard_at_once_and_without_one_it_is_soon() -> None:
    gain = Gain()
    gains_db(*[-80.0] * frames(2), -15.0, *[-80.0] * frames(HELD_S + 0.1), gain=gain)
    assert gains_db(-60.0, gain=gain) == pytest.approx([HEARD_DBFS + 60])
    gains_db(-15.0, gain=gain)
    soft = gains_db(*[-60.0] * frames(1.0), gain=gain)
    assert soft[frames(25 / FALL_DB_S) + 1] == pytest.approx(25.0)


def test_speech_is_not_taken_for_the_room() -> None:
    gain = Gain()
    gains_db(*[-80.0] * frames(2), gain=gain)
    assert gains_db(*[-60.0] * frames(30), gain=gain, speech=True)[-1] == pytest.approx(25.0)


def test_the_room_before_a_recording_is_known() -> None:
    assert gains_db(-70.0)[0] == 0.0
    assert gains_db(-70.0, gain=Gain(room_dbfs=-90.0))[0] == pytest.approx(35.0)


def test_digital_silence_is_no_room() -> None:
    floor = NoiseFloor()
    for _ in range(100):
        floor.update(DIGITAL_DBFS - 1)
    assert floor.dbfs == START_DBFS
