"""A tone through the reference is in time, although blocks are late, jitter, drift or are lost."""

from __future__ import annotations

import numpy as np
import pytest

from voicecli.listen.echo.align import Alignment
from voicecli.listen.echo.reference import Reference
from voicecli.messages import RATE_HZ

BEGAN_AT = 100.0
TONE_HZ = 200.0
FRAME = RATE_HZ // 100
LATENCY_S = 0.05
BLOCK_S = 0.02


class Devices:
    """A loudspeaker that plays a tone, on the true clock, and a microphone that reads what sounded."""

    def __init__(self, rate_hz: int = 22_050, drift_ppm: float = 0.0, jitter_s: float = 0.0) -> None:
        self.reference = Reference(rate_hz, 2.0)
        self.drift = 1 + drift_ppm * 1e-6
        self.now = BEGAN_AT
        self._rate_hz = rate_hz
        self._block = round(rate_hz * BLOCK_S)
        self._given = 0
        self._sounds_at = BEGAN_AT
        self._jitter = np.random.default_rng(3)
        self._jitter_s = jitter_s

    def _reported(self, at: float) -> float:
        return at + float(self._jitter.normal(0.0, self._jitter_s))

    def stand_still(self, seconds: float) -> None:
        """The loudspeaker asks for nothing for so long."""
        self._sounds_at += seconds

    def _play(self) -> None:
        while self._sounds_at - LATENCY_S < self.now:
            places = (self._given + np.arange(self._block)) / self._rate_hz
            tone = np.rint(16384 * np.sin(2 * np.pi * TONE_HZ * places)).astype(np.int16)
            self.reference.on_block(tone, self._reported(self._sounds_at))
            self._given += self._block
            self._sounds_at += BLOCK_S

    def read(self, lead_s: float = 0.0) -> np.ndarray:
        """The next 10 ms."""
        self._play()
        sound = self.reference.read(self._reported(self.now), FRAME, lead_s)
        self.now += FRAME / RATE_HZ / self.drift
        return sound

    def listen(self, seconds: float) -> None:
        """Let time pass."""
        for _ in range(round(seconds * 100)):
            self._play()
            self.reference.follow(self._reported(self.now), FRAME)
            self.now += FRAME / RATE_HZ / self.drift

    def late_s(self, stood_still_s: float = 0.0) -> float:
        """By how much what is read now is later than what sounds now; known within half a period, 2.5 ms."""
        begin = self.now - BEGAN_AT - stood_still_s
        places = begin + np.arange(FRAME) / RATE_HZ / self.drift
        sound = self.read()
        turned = np.sum(sound * np.exp(-2j * np.pi * TONE_HZ * places))
        assert abs(turned) / FRAME == pytest.approx(0.25, rel=0.02)  # all of the tone is there
        return float(-(np.angle(turned) + np.pi / 2) / (2 * np.pi * TONE_HZ))


@pytest.mark.parametrize("rate_hz", [8_000, 16_000, 22_050, 44_100, 48_000])
def test_what_is_read_is_what_sounded_then(rate_hz: int) -> None:
    devices = Devices(rate_hz)
    devices.listen(0.5)
    assert [devices.late_s() for _ in range(20)] == pytest.approx([0.0] * 20, abs=1e-5)


def test_reads_join_without_a_seam() -> None:
    devices = Devices(44_100)
    devices.listen(0.5)
    sound = np.concatenate([devices.read() for _ in range(20)])
    steepest = 0.5 * 2 * np.pi * TONE_HZ / RATE_HZ
    assert np.abs(np.diff(sound)).max() < 1.01 * steepest


def test_a_tone_above_8_khz_is_gone_and_not_folded() -> None:
    reference = Reference(48_000, 2.0)
    tone = np.rint(16384 * np.sin(2 * np.pi * 11_000 * np.arange(48_000) / 48_000)).astype(np.int16)
    reference.on_block(tone, BEGAN_AT)
    assert np.abs(reference.read(BEGAN_AT + 0.5, FRAME)).max() < 0.001


@pytest.mark.parametrize("drift_ppm", [0.0, 200.0, -200.0])
def test_jitter_is_smoothed_and_drift_followed(drift_ppm: float) -> None:
    devices = Devices(drift_ppm=drift_ppm, jitter_s=0.003)
    devices.listen(20.0)
    late = [devices.late_s() for _ in range(300)]
    assert np.abs(late).max() < 0.0015  # of jitter that reaches 9 ms
    assert np.abs(np.diff(late)).max() < 0.0001
    devices.listen(120.0)  # 24 ms apart by now, if nothing followed
    assert abs(devices.late_s()) < 0.0015


def test_before_the_loudspeaker_begins_there_is_silence() -> None:
    devices = Devices()
    devices.stand_still(1.0)
    before = np.concatenate([devices.read() for _ in range(99)])
    assert not before.any()
    devices.listen(0.5)
    assert abs(devices.late_s(stood_still_s=1.0)) < 1e-4


@pytest.mark.parametrize("lost_s", [0.01, 0.03, 0.2])
def test_after_lost_blocks_it_is_in_time_again(lost_s: float) -> None:
    devices = Devices(jitter_s=0.001)
    devices.listen(10.0)
    devices.stand_still(lost_s)
    devices.listen(0.7)
    assert abs(devices.late_s(stood_still_s=lost_s)) < 0.001


def test_one_wild_time_does_not_pull() -> None:
    devices = Devices()
    devices.listen(5.0)
    devices.reference.read(devices.now + 0.5, FRAME)
    devices.now += FRAME / RATE_HZ
    assert abs(devices.late_s()) < 0.0005


def test_the_microphone_begins_anew_after_a_gap() -> None:
    devices = Devices()
    devices.listen(5.0)
    devices.now += 0.004
    devices.reference.restart()
    assert abs(devices.late_s()) < 1e-4


def test_a_lead_reads_what_sounds_later() -> None:
    devices = Devices(16_000)
    devices.listen(1.0)
    early = devices.read(lead_s=0.01)
    assert devices.read() == pytest.approx(early, abs=1e-3)
    assert devices.reference.short_s == 0.0


def test_what_is_not_given_yet_is_silent_and_said() -> None:
    reference = Reference(16_000, 2.0)
    reference.on_block(np.full(1600, 8000, np.int16), BEGAN_AT)
    sound = reference.read(BEGAN_AT + 0.095, FRAME)
    assert sound[:60] == pytest.approx(8000 / 32768, rel=0.02)
    assert np.abs(sound[100:]).max() < 0.01
    assert reference.short_s == pytest.approx(0.005, abs=0.002)


def test_what_was_overwritten_is_silent() -> None:
    reference = Reference(16_000, 0.5)
    for number in range(100):
        reference.on_block(np.full(320, 8000, np.int16), BEGAN_AT + number * 0.02)
    assert reference.read(BEGAN_AT + 1.9, FRAME) == pytest.approx(8000 / 32768, rel=0.01)
    reference.restart()
    assert not reference.read(BEGAN_AT + 1.0, FRAME).any()


def test_a_block_longer_than_all_it_holds() -> None:
    reference = Reference(16_000, 0.1)
    reference.on_block(np.arange(4800, dtype=np.int16), BEGAN_AT)
    assert reference.read(BEGAN_AT + 0.25, FRAME) * 32768 == pytest.approx(np.arange(4000, 4160), abs=1)


def test_it_knows_whether_anything_sounded() -> None:
    reference = Reference(16_000, 1.0)
    assert not reference.sounded_since(0.0)
    reference.on_block(np.zeros(320, np.int16), BEGAN_AT)
    assert not reference.sounded_since(BEGAN_AT)
    reference.on_block(np.ones(320, np.int16), BEGAN_AT + 0.02)
    assert reference.sounded_since(BEGAN_AT + 0.03)
    assert not reference.sounded_since(BEGAN_AT + 0.041)


def test_an_alignment_that_is_told_nothing_runs_on() -> None:
    alignment = Alignment()
    alignment.update(5.0)
    alignment.advance(1.0)
    assert alignment.offset_s == 6.0
