"""What is told of a microphone that cannot be understood, and of which it is not."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from tests.stepped import Stepped
from voicecli.audio.level import frame_levels_dbfs, to_float, to_int16
from voicecli.config import AudioConfig
from voicecli.events import Warned
from voicecli.listen.microphone import CLIPPED_WITHIN_S, MicrophoneSense
from voicecli.messages import FRAME_SAMPLES, RATE_HZ

if TYPE_CHECKING:
    from voicecli.messages import Int16

CHUNK = RATE_HZ // 50
CHANCE = np.random.default_rng(3)


class Listener:
    """Somebody who hears all of a microphone, and notes what is told."""

    def __init__(self) -> None:
        self.told: list[tuple[str, str]] = []
        self.sense = MicrophoneSense(lambda: "Desk", lambda found, remedy: self.told.append((found, remedy)))

    def chunks(self, samples: Int16) -> list[str]:
        for at in range(0, len(samples), CHUNK):
            piece = samples[at : at + CHUNK]
            self.sense.chunk(piece if piece.ndim > 1 else piece[:, np.newaxis], len(piece) / RATE_HZ)
        return self.taken()

    def frames(self, samples: Int16, *, speaking: bool = False) -> list[str]:
        for level in frame_levels_dbfs(to_float(samples), FRAME_SAMPLES):
            self.sense.frame(float(level), speaking=speaking)
        return self.taken()

    def taken(self) -> list[str]:
        told, self.told = self.told, []
        assert all("'Desk'" in found and remedy for found, remedy in told)
        return [found for found, _ in told]


def times(seconds: float) -> np.ndarray:
    return np.arange(round(seconds * RATE_HZ)) / RATE_HZ


def voice(seconds: float, peak: float) -> Int16:
    """Syllables of a tone with overtones, four a second; what is above full scale is clipped."""
    at = times(seconds)
    sound = np.sum([np.sin(2 * np.pi * 140 * n * at + n) / n for n in range(1, 12)], axis=0)
    shaped = sound / np.abs(sound).max() * np.abs(np.sin(2 * np.pi * 2 * at)) * peak
    return to_int16(shaped.astype(np.float32))


def noise(seconds: float, dbfs: float) -> Int16:
    return np.rint(CHANCE.standard_normal(round(seconds * RATE_HZ)) * 10 ** (dbfs / 20) * 32768).astype(
        np.int16
    )


def hum(seconds: float, dbfs: float) -> Int16:
    at = times(seconds)
    return to_int16((np.sin(2 * np.pi * 50 * at) * 2**0.5 * 10 ** (dbfs / 20)).astype(np.float32))


def chords(seconds: float) -> Int16:
    """A piano: each chord begins loud and fades."""
    at = times(seconds)
    fades = np.exp(-(at % 0.8) * 3)
    tones = np.sum([np.sin(2 * np.pi * hz * at) for hz in (262, 330, 392)], axis=0)
    return to_int16((tones * fades * 0.1).astype(np.float32))


def test_clipped_speech_is_told_once() -> None:
    listener = Listener()
    (told,) = listener.chunks(voice(6.0, 4.0))
    assert "clipped" in told
    assert listener.chunks(voice(30.0, 4.0)) == []


def test_clipping_in_any_channel_counts() -> None:
    listener = Listener()
    assert listener.chunks(np.stack((*[voice(20.0, 0.3)] * 31, voice(20.0, 1.2)), axis=1))


@pytest.mark.parametrize(("channel", "told"), [(0, 1), (1, 0), (2, 1)])
def test_in_a_talk_only_the_channels_that_are_heard_count(channel: int, told: int) -> None:
    talk = Stepped(audio=AudioConfig(headphones=True, channel=channel), channels=2)
    both = np.stack((voice(6.0, 0.3), voice(6.0, 4.0)), axis=1)
    for at in range(0, len(both), CHUNK):
        talk.clock.advance(CHUNK / RATE_HZ)
        talk.crew.capture.on_block(both[at : at + CHUNK], talk.clock.now(), False)
        talk.crew.ear.step()
    found = [event for event in talk.told() if isinstance(event, Warned)]
    assert ["clipped" in event.message for event in found] == [True] * told


@pytest.mark.parametrize("peak", [0.1, 0.5, 1.0])
def test_speech_that_just_fits_is_not_told(peak: float) -> None:
    assert Listener().chunks(voice(60.0, peak)) == []


def test_a_whistle_that_just_fits_is_not_told() -> None:
    """One sample in four is at full scale, and none of its neighbours."""
    whistle = np.sin(2 * np.pi * 2000 * times(10.0) + np.pi / 2)
    assert Listener().chunks(to_int16(whistle.astype(np.float32))) == []


def test_a_bang_now_and_then_is_not_told() -> None:
    listener = Listener()
    for _ in range(6):
        assert listener.chunks(voice(0.3, 8.0)) == []
        assert listener.chunks(noise(CLIPPED_WITHIN_S / 2, -60)) == []


def test_somebody_who_is_very_soft_is_told_once_and_how_soft() -> None:
    listener = Listener()
    (told,) = listener.frames(voice(6.0, 0.003), speaking=True)
    assert "softly" in told
    assert listener.frames(voice(60.0, 0.003), speaking=True) == []


def test_one_soft_sentence_is_not_told() -> None:
    listener = Listener()
    assert listener.frames(voice(3.0, 0.003), speaking=True) == []
    assert listener.frames(voice(30.0, 0.1), speaking=True) == []


def test_a_hum_is_told_once_where_nobody_was_heard() -> None:
    listener = Listener()
    (told,) = listener.frames(hum(40.0, -38))
    assert "-38 dBFS" in told
    assert listener.frames(hum(40.0, -38)) == []
    heard = Listener()
    assert heard.frames(voice(1.0, 0.1), speaking=True) == []
    assert heard.frames(hum(40.0, -38)) == []


@pytest.mark.parametrize(
    "sound",
    [
        pytest.param(noise(60.0, -75), id="a quiet room"),
        pytest.param(noise(60.0, -50), id="a loud fan"),
        pytest.param(np.zeros(60 * RATE_HZ, np.int16), id="zeros, told in other words"),
        pytest.param(chords(60.0), id="music"),
        pytest.param(np.concatenate([noise(1.0, -60), noise(1.0, -40)] * 20), id="somebody moves"),
    ],
)
def test_what_is_no_fault_of_the_microphone_is_not_told(sound: Int16) -> None:
    listener = Listener()
    assert listener.chunks(sound) == []
    assert listener.frames(sound) == []


def test_a_hum_that_is_broken_is_counted_anew() -> None:
    listener = Listener()
    for _ in range(5):
        assert listener.frames(np.concatenate([hum(12.0, -38), noise(4.0, -70)])) == []
