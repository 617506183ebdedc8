"""A voice on one channel of several: it is heard as it was, whatever lies beside it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from tests.sentences import pattern
from voicecli.audio.channels import ChannelMixer, listened_to, mono, need_channel
from voicecli.audio.level import FULL_SCALE, to_int16
from voicecli.audio.streams import StreamFormat
from voicecli.errors import DeviceError

if TYPE_CHECKING:
    from collections.abc import Callable

    from voicecli.messages import Float32

RATE_HZ = 16_000
BLOCK = 320
SECONDS = 4.0
TIMES = np.arange(round(SECONDS * RATE_HZ)) / RATE_HZ
CHANCE = np.random.default_rng(0)


def voice(pitch_hz: float, syllables_hz: float = 3.0, begins_s: float = 1.0) -> Float32:
    """What a mixer goes by in a voice: a pitch with overtones, in syllables, after a pause."""
    tones = sum(np.sin(2 * np.pi * pitch_hz * k * TIMES + k * k) / k for k in range(1, 12))
    syllables = np.maximum(0.0, np.sin(2 * np.pi * syllables_hz * (TIMES - begins_s)))
    return (0.1 * tones * syllables * (begins_s <= TIMES)).astype(np.float32)


VOICE = voice(130.0)


def noise(dbfs: float) -> Float32:
    return (10 ** (dbfs / 20) * CHANCE.standard_normal(TIMES.size)).astype(np.float32)


def heard(
    *channels: Float32, channel: int = 0, block: int = BLOCK, hold: Callable[[int], bool] = lambda _: False
) -> Float32:
    """What a microphone with these channels is taken to be."""
    samples = to_int16(np.stack(channels, axis=1))
    mixer = ChannelMixer(RATE_HZ, len(channels), channel)
    parts = [mixer.push(samples[at : at + block], hold=hold(at)) for at in range(0, len(samples), block)]
    return np.concatenate(parts)


def gain_db(sound: Float32, wanted: Float32, begin_s: float = 1.1, end_s: float = SECONDS) -> float:
    """How much louder than it was `wanted` is in the sound."""
    part = slice(round(begin_s * RATE_HZ), round(end_s * RATE_HZ))
    return 20 * float(np.log10(abs(sound[part] @ wanted[part]) / (wanted[part] @ wanted[part]) + 1e-9))


def rest_db(sound: Float32, wanted: Float32, begin_s: float = 1.1) -> float:
    """Power of all that is not the voice, beside the voice's."""
    part = slice(round(begin_s * RATE_HZ), None)
    error = sound[part] - wanted[part]
    return 10 * float(np.log10((error @ error) / (wanted[part] @ wanted[part]) + 1e-12))


EMPTY = np.zeros_like(VOICE)
HUM = (0.5 * np.sin(2 * np.pi * 50 * TIMES)).astype(np.float32)
CLICKS = np.where(np.arange(TIMES.size) % 8000 < 40, 0.9, 0.0).astype(np.float32)


@pytest.mark.parametrize(
    ("beside", "most_db"),
    [
        pytest.param([EMPTY], -60, id="nothing"),
        pytest.param([EMPTY] * 15, -60, id="nothing on 15"),
        pytest.param([noise(-60) for _ in range(31)], -20, id="hiss on 31"),
        pytest.param([noise(-20)], -40, id="loud noise"),
        pytest.param([HUM], -40, id="hum"),
        pytest.param([EMPTY + 0.3], -40, id="an offset"),
        pytest.param([CLICKS], -40, id="a metronome"),
        pytest.param([VOICE / 16], -60, id="the same, softer"),
    ],
)
def test_a_voice_is_heard_as_it_was(beside: list[Float32], most_db: float) -> None:
    samples = np.stack([*beside, VOICE], axis=1)
    for place in range(0, len(beside) + 1, 10):
        turned = np.roll(samples, place + 1, axis=1)
        out = heard(*turned.T)
        assert rest_db(out, VOICE, 1.5) < most_db
        assert rest_db(mono(turned, RATE_HZ), VOICE) < most_db


def test_opposite_polarities_do_not_cancel() -> None:
    assert abs(gain_db(heard(VOICE, -VOICE), VOICE)) < 0.1
    assert abs(gain_db(heard(VOICE + noise(-70), noise(-70) - VOICE), VOICE)) < 3.1


def test_the_clear_one_of_two_that_are_as_loud_is_taken() -> None:
    out = heard(VOICE + noise(-30), VOICE + noise(-80))
    assert rest_db(out, VOICE, 1.5) < -30


def test_both_sides_of_a_call_are_heard_each_as_loud_as_it_was() -> None:
    """Near and far on channels of their own, the far one 24 dB softer."""
    far = voice(210.0, begins_s=2.5) / np.float32(16)
    near = np.where(TIMES < 2.4, VOICE, 0.0).astype(np.float32)
    out = heard(near + noise(-85), far + noise(-85))
    assert abs(gain_db(out, near, 1.1, 2.3)) < 0.5
    assert abs(gain_db(out, far, 3.0)) < 0.5


def test_of_two_who_sit_left_and_right_each_is_heard_as_from_their_side() -> None:
    left = np.where(TIMES < 2.4, VOICE, 0.0).astype(np.float32)
    right = voice(210.0, begins_s=2.5)
    out = heard(left + np.float32(0.3) * right, right + np.float32(0.3) * left)
    assert abs(gain_db(out, left, 1.1, 2.3)) < 0.5
    assert abs(gain_db(out, right, 3.0)) < 0.5


def test_who_speak_at_once_are_both_heard() -> None:
    other = voice(190.0, 3.7)
    out = heard(VOICE, other)
    assert gain_db(out, VOICE) > -6
    assert gain_db(out, other) > -6


def test_weights_change_without_a_click() -> None:
    """A tone stops on one channel and begins on the other: nothing is added to what the ear expects."""
    tone = (0.3 * np.sin(2 * np.pi * 200 * TIMES)).astype(np.float32)
    first = tone * (TIMES < 1.0)
    second = tone * (TIMES > 2.0)
    out = heard(first + noise(-80), second + noise(-80))
    inside = (TIMES > 0.5) & (TIMES < 0.9) | (TIMES > 2.1)
    steps = np.abs(np.diff(out, 2))
    assert steps[: round(0.99 * RATE_HZ)].max() < 2 * np.abs(np.diff(tone, 2)).max()
    assert steps[round(1.01 * RATE_HZ) :].max() < 2 * np.abs(np.diff(tone, 2)).max()
    assert np.abs(out[inside]).max() == pytest.approx(0.3, abs=0.02)


def test_nothing_opens_while_the_agent_is_heard_and_who_was_heard_still_is() -> None:
    agent = np.where(TIMES > 2.5, voice(210.0), 0.0).astype(np.float32)

    def speaks(at: int) -> bool:
        return at >= 2.4 * RATE_HZ

    out = heard(VOICE, EMPTY, agent, hold=speaks)
    assert rest_db(out, VOICE, 1.2) < -60
    begun_by_it = heard(EMPTY, agent, hold=lambda at: at >= RATE_HZ)
    assert not begun_by_it.any()


def test_a_channel_that_is_fixed_is_given_as_it_is() -> None:
    out = heard(VOICE, noise(-60), channel=2)
    assert np.abs(out).max() < 0.01
    np.testing.assert_array_equal(
        heard(VOICE, noise(-60), channel=1), to_int16(VOICE) / np.float32(FULL_SCALE)
    )


def test_what_is_tried_is_the_channel_that_is_fixed() -> None:
    samples = to_int16(np.stack((VOICE, EMPTY), axis=1))
    assert listened_to(samples, 0) is samples
    np.testing.assert_array_equal(listened_to(samples, 1)[:, 0], samples[:, 0])
    assert not listened_to(samples, 2).any()


def test_copies_are_given_as_they_are_though_one_is_silent() -> None:
    """A sound server's 32 channels of a microphone with one: the bass channel is not filled."""
    out = heard(*[VOICE] * 3, EMPTY, *[VOICE] * 28)
    np.testing.assert_array_equal(out, to_int16(VOICE) / np.float32(FULL_SCALE))


@pytest.mark.parametrize("block", [1, 37, 160, 1600])
def test_blocks_may_have_any_size(block: int) -> None:
    assert rest_db(heard(noise(-60), VOICE, block=block), VOICE, 1.5) < (-15 if block > 100 else 12)


def test_no_samples_give_none() -> None:
    assert ChannelMixer(RATE_HZ, 2).push(np.zeros((0, 2), np.int16)).size == 0
    assert mono(np.zeros((1, 3), np.int16), RATE_HZ).shape == (1,)


def test_a_channel_that_is_not_there_is_refused_in_one_line() -> None:
    form = StreamFormat("Yeti", 48_000, 2, 0.04)
    need_channel(2, form)
    with pytest.raises(DeviceError, match=pattern("devices.no_channel", channel=3, name="Yeti")):
        need_channel(3, form)
    with pytest.raises(ValueError, match="2 channels"):
        ChannelMixer(48_000, 2, 3)


def test_digital_silence_is_passed_over_once_it_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    mixer = ChannelMixer(RATE_HZ, 2)
    silence = np.zeros((RATE_HZ, 2), np.int16)
    mixer.push(to_int16(np.stack((VOICE, noise(-60.0)), axis=1)))
    mixer.push(silence)
    monkeypatch.setattr(mixer, "bands_of", lambda _samples: pytest.fail("looked into"))
    assert not mixer.push(silence).any()


def test_passing_over_it_changes_nothing_of_what_is_heard(monkeypatch: pytest.MonkeyPatch) -> None:
    gaps = np.where(np.sin(2 * np.pi * 0.6 * TIMES) > 0, 1.0, 0.0).astype(np.float32)
    channels = gaps * noise(-50.0), gaps * VOICE, gaps * voice(210.0, 2.0)
    passed_over = heard(*channels)
    monkeypatch.setattr(ChannelMixer, "at_rest", False)
    assert np.array_equal(passed_over, heard(*channels))
