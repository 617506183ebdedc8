"""The round trip of devices whose true delay is known: simulated ones, and a virtual room."""

from __future__ import annotations

import json
import subprocess
import sys
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rig.program import environment
from rig.room import Room, can_run
from tests.sentences import pattern, wording
from voicecli.audio.streams import DEAD_DEVICE_S, Notice, StreamFormat
from voicecli.errors import DeviceError
from voicecli.measure.roundtrip import LEAD_S, PERIOD_S, RoundTrip, chirp, find, measure
from voicecli.system.clock import FakeClock

if TYPE_CHECKING:
    from voicecli.audio.streams import OnInput, OnOutput
    from voicecli.messages import Float32, Int16

BLOCK_S = 0.02
TOLD_S = 0.03
"""Latency that each of the two devices tells of."""
RATE_HZ = 16_000


@dataclass
class Loop:
    """A loudspeaker that is heard in its own microphone `hidden_s` later than the two devices tell.

    It plays and hears 12 s within `start`, on a clock it moves itself.
    """

    clock: FakeClock
    hidden_s: float = 0.0
    drift: float = 0.0
    gain: float = 0.3
    noise: float = 0.0
    loudspeaker_hz: int = RATE_HZ
    channels: int = 1
    jitter_s: float = 0.0
    deaf_until_s: float = 0.0
    dies_after_s: float = 12.0
    closed: int = 0
    tape: Int16 = field(default_factory=lambda: np.zeros(0, np.int16))

    def __post_init__(self) -> None:
        self.microphone = StreamFormat("a microphone", RATE_HZ, self.channels, TOLD_S)
        self.loudspeaker = StreamFormat("a loudspeaker", self.loudspeaker_hz, 1, TOLD_S)

    def start(self, on_input: OnInput, on_output: OnOutput) -> None:
        random = np.random.default_rng(5)
        many = self.loudspeaker_hz // RATE_HZ
        block = round(BLOCK_S * RATE_HZ)
        # A sample is heard as much later in the tape as both devices take.
        late = round((2 * TOLD_S + self.hidden_s) * RATE_HZ)
        air = random.normal(0.0, self.noise, round(13 * RATE_HZ) + late)
        for begin in range(0, round(self.dies_after_s * RATE_HZ), block):
            self.clock.advance(BLOCK_S)
            played = np.full(block * many, 9, np.int16)  # what was there before
            on_output(played, self.clock.now() + TOLD_S, False)
            self.tape = np.concatenate((self.tape, played))
            if begin >= self.deaf_until_s * RATE_HZ:
                at = begin + late + round(self.drift * begin)
                air[at : at + block] += self.gain * played[::many] / 32768
            heard = np.zeros((block, self.channels), np.int16)
            heard[:, -1] = np.clip(air[begin : begin + block] * 32768, -32768, 32767)
            # Handed over when its last sample was in; told too early or too late by the jitter.
            told_at = self.clock.now() - TOLD_S + self.jitter_s * random.uniform(-1, 1)
            on_input(heard, told_at, False)
            heard[:] = -1

    def poll(self, *, idle: bool = False) -> list[Notice]:
        return []

    def close(self) -> bool:
        self.closed += 1
        return True


def trip(**how: float) -> tuple[RoundTrip, Loop]:
    clock = FakeClock()
    loop = Loop(clock, **how)  # type: ignore[arg-type]
    return measure(loop, clock), loop


def test_true_times_need_no_correction() -> None:
    found, loop = trip()
    assert (found.n, found.heard) == (5, 5)
    assert found.correction_ms == pytest.approx(0.0, abs=0.1)
    assert found.median_ms == pytest.approx(2000 * TOLD_S, abs=0.1)
    assert found.reported_ms == pytest.approx(2000 * TOLD_S, abs=0.1)
    assert found.spread_ms == 0.0
    assert loop.closed == 1
    assert not loop.tape[-RATE_HZ // 2 :].any()  # silent when it has played all


@settings(max_examples=30, deadline=None)
@given(
    hidden_s=st.floats(-0.05, 0.6),
    gain=st.sampled_from([0.9, -0.9, 0.02, -0.02]),
    loudspeaker_hz=st.sampled_from([RATE_HZ, 48_000]),
)
def test_what_the_devices_hide_is_found(hidden_s: float, gain: float, loudspeaker_hz: int) -> None:
    found, _ = trip(hidden_s=hidden_s, gain=gain, loudspeaker_hz=loudspeaker_hz, noise=0.001)
    assert found.heard == 5
    assert found.correction_ms == pytest.approx(hidden_s * 1000, abs=0.2)
    assert found.median_ms == pytest.approx(found.reported_ms + found.correction_ms, abs=0.2)
    assert found.echo_db == pytest.approx(20 * np.log10(abs(gain)), abs=0.5)


def test_told_times_that_waver_do_not_change_the_round_trip() -> None:
    found, _ = trip(hidden_s=0.1, jitter_s=0.004)
    assert found.correction_ms == pytest.approx(100.0, abs=4.1)
    assert found.median_ms == pytest.approx(160.0, abs=0.2)
    assert found.spread_ms < 0.3


def test_a_delay_that_grows_widens_the_spread() -> None:
    found, _ = trip(hidden_s=0.1, drift=0.002)
    assert found.heard == 5
    assert found.spread_ms == pytest.approx(4 * 2.0, abs=0.5)  # from the first chirp to the fifth


def test_a_channel_may_be_dead() -> None:
    found, _ = trip(hidden_s=0.1, channels=2)
    assert found.correction_ms == pytest.approx(100.0, abs=0.2)


def test_a_late_start_costs_chirps_not_the_measurement() -> None:
    found, _ = trip(hidden_s=0.1, deaf_until_s=LEAD_S + 1.5 * PERIOD_S)
    assert (found.n, found.heard) == (5, 3)
    assert found.correction_ms == pytest.approx(100.0, abs=0.2)


@pytest.mark.parametrize(
    ("how", "heard"),
    [({"gain": 0.0}, 0), ({"gain": 0.0, "noise": 0.2}, 0), ({"deaf_until_s": LEAD_S + 2.5 * PERIOD_S}, 2)],
)
def test_not_heard_says_what_to_do(how: dict[str, float], heard: int) -> None:
    with pytest.raises(DeviceError) as failed:
        trip(**how)
    assert str(failed.value) == wording("bench.chirps_unheard", sent=5, heard=heard)


def test_a_device_that_falls_silent_is_not_waited_for() -> None:
    clock = FakeClock()
    loop = Loop(clock, dies_after_s=1.0)
    with pytest.raises(DeviceError, match=pattern("bench.fell_behind")):
        measure(loop, clock)
    assert clock.now() < 100.0 + 1.0 + DEAD_DEVICE_S + 1.0
    assert loop.closed == 1


def noisy(seed: int, samples: int, level: float) -> Float32:
    return np.random.default_rng(seed).normal(0.0, level, samples).astype(np.float32)


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 1 << 30))
def test_noise_is_no_chirp(seed: int) -> None:
    assert find(noisy(seed, RATE_HZ, 0.1), chirp(RATE_HZ), RATE_HZ) is None


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 1 << 30), at=st.integers(0, RATE_HZ - 1600), sign=st.sampled_from([1, -1]))
def test_a_chirp_as_loud_as_the_noise_is_found(seed: int, at: int, sign: int) -> None:
    wanted = chirp(RATE_HZ)
    loudness = float(np.sqrt(np.mean(wanted**2)))
    heard = noisy(seed, RATE_HZ, loudness)
    heard[at : at + wanted.size] += sign * wanted
    found = find(heard, wanted, RATE_HZ)
    assert found is not None
    assert abs(found - at) <= 3


def test_a_room_answers_but_the_first_sound_counts() -> None:
    wanted = chirp(RATE_HZ)
    heard = np.zeros(RATE_HZ, np.float32)
    for delay_s, gain in ((0.0, 0.5), (0.004, 0.3), (0.011, -0.25), (0.09, 0.1)):
        at = 5000 + round(delay_s * RATE_HZ)
        heard[at : at + wanted.size] += gain * wanted
    found = find(heard, wanted, RATE_HZ)
    assert found is not None
    assert abs(found - 5000) <= 3


def test_a_click_and_silence_are_no_chirp() -> None:
    heard = np.zeros(RATE_HZ, np.float32)
    assert find(heard, chirp(RATE_HZ), RATE_HZ) is None
    heard[7000] = 1.0
    assert find(heard, chirp(RATE_HZ), RATE_HZ) is None
    assert find(heard[:100], chirp(RATE_HZ), RATE_HZ) is None


@pytest.mark.parametrize("rate_hz", [8_000, 16_000, 22_050, 48_000])
def test_the_chirp_is_modest_and_fades(rate_hz: int) -> None:
    sound = chirp(rate_hz, min(6000.0, 0.4 * rate_hz))
    assert sound.size == pytest.approx(0.1 * rate_hz, abs=1)
    assert 0.2 < np.abs(sound).max() <= 0.25
    assert np.abs(sound[[0, -1]]).max() < 0.001


MEASURE = """
import dataclasses, json, sys
from voicecli.devices.choose import find_device
from voicecli.devices.pair import DeviceStreams
from voicecli.measure.roundtrip import measure
from voicecli.system.clock import MonotonicClock
from voicecli.errors import DeviceError

clock = MonotonicClock()
pair = find_device("input", "default"), find_device("output", "default")
try:
    print(json.dumps(dataclasses.asdict(measure(DeviceStreams(*pair, 22050, 20, 60, clock), clock))))
except DeviceError as error:
    sys.exit(str(error))
"""


def measured(room: Room, wanted: str) -> subprocess.CompletedProcess[str]:
    """Up to three tries for `wanted`: while the computer is busy the virtual devices stall, some for good."""
    done = subprocess.CompletedProcess[str]([], -1, "", "did not end in time")
    for _ in range(3):
        with suppress(subprocess.TimeoutExpired):
            done = subprocess.run(
                [sys.executable, "-c", MEASURE],
                env=environment(room.env) | {"PYTHONPATH": str(Path(__file__).parent.parent)},
                capture_output=True,
                text=True,
                timeout=40,
                check=False,
            )
        if wanted in done.stdout + done.stderr:
            break
    return done


@pytest.mark.room
@pytest.mark.matrix
@pytest.mark.skipif(not can_run(), reason="needs pulseaudio and its tools: make test installs them")
def test_a_room_with_a_slower_way_back_has_a_longer_round_trip() -> None:
    corrections = []
    for delay_ms in (60, 300):
        with Room() as room:
            room.echo(-15.0, delay_ms)
            done = measured(room, '"heard"')
            assert done.returncode == 0, done.stderr
            found = json.loads(done.stdout)
            assert found["heard"] >= 3
            corrections.append(found["correction_ms"])
    assert corrections[1] - corrections[0] > 120


@pytest.mark.room
@pytest.mark.matrix
@pytest.mark.skipif(not can_run(), reason="needs pulseaudio and its tools: make test installs them")
def test_a_room_that_does_not_answer() -> None:
    with Room() as room:
        done = measured(room, "headphones?")
    assert done.returncode == 1
    assert "headphones?" in done.stderr
