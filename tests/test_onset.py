"""Which sounds pass for the beginning of a word, and which do not, with the agent's echo and without."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from rig.echo_room import EchoPath, EchoRoom
from rig.made_speech import speak
from rig.noises import NOISES, noises, peaked, shh
from voicecli.config import AudioConfig
from voicecli.floor.user.hush import HOLD_STEPS
from voicecli.listen.bargein.onset import LONGEST, Onset
from voicecli.listen.echo.bands import STEP, BandEcho, Bands, band_levels
from voicecli.listen.echo.canceller import EchoCanceller
from voicecli.messages import RATE_HZ

if TYPE_CHECKING:
    from voicecli.messages import Float32

EACH = 15
"""Of every kind of noise: 60 in all."""
AGENT = (
    "First they have to be loaded with salt, sugar, fish and spices, which takes most of the day.",
    "Some of the sailors still sleep, others wash the decks and sing.",
    "Physics explains why the sky is blue: short waves are scattered more strongly than long ones.",
)


def most_steps(samples: Float32) -> int:
    """The longest hiss in a sound that nothing was played over, with a second of a quiet room before it."""
    room = np.random.default_rng(0).normal(0.0, 3e-4, RATE_HZ + samples.size).astype(np.float32)
    room[RATE_HZ:] += samples
    onset = Onset()
    places = range(0, room.size - STEP + 1, STEP)
    return max(onset.push(Bands(*band_levels(room[at : at + STEP]))) for at in places)


def hiss(seconds: float, seed: int = 0) -> Float32:
    """An "s": noise above 4 kHz."""
    noise = np.random.default_rng(seed).standard_normal(round(seconds * RATE_HZ))
    spectrum = np.fft.rfft(noise)
    spectrum[np.fft.rfftfreq(noise.size, 1 / RATE_HZ) < 4000] = 0
    return peaked(np.fft.irfft(spectrum, noise.size).astype(np.float32), 0.1)


@pytest.mark.parametrize("seed", range(5))
def test_shh_and_s_are_hisses_from_their_first_steps_on(seed: int) -> None:
    assert most_steps(peaked(shh(np.random.default_rng(seed)), 0.2)) > 20
    assert most_steps(hiss(0.06, seed)) >= HOLD_STEPS


@pytest.mark.parametrize("kind", NOISES)
def test_keys_coughs_doors_and_claps_are_none(kind: str) -> None:
    held = [
        name for name, samples in noises(EACH) if name.startswith(kind) and most_steps(samples) >= HOLD_STEPS
    ]
    assert len(held) <= EACH // 10, held


def test_a_vowel_and_white_noise_and_a_rumble_are_none() -> None:
    at = np.arange(RATE_HZ) / RATE_HZ
    vowel = sum(np.sin(2 * np.pi * 140 * n * at) / n for n in range(1, 30))
    assert most_steps(peaked(np.asarray(vowel, np.float32), 0.3)) == 0
    assert most_steps(np.random.default_rng(1).normal(0, 0.05, RATE_HZ).astype(np.float32)) < HOLD_STEPS
    assert most_steps((0.3 * np.sin(2 * np.pi * 60 * at)).astype(np.float32)) == 0


def test_a_tap_that_runs_is_the_room_after_a_while() -> None:
    onset, water = Onset(), Bands(-70.0, -40.0)
    found = [onset.push(water) for _ in range(LONGEST + 100)]
    assert max(found) == LONGEST
    assert found[-1] == 0
    assert onset.push(Bands(-70.0, -28.0)) == 1, "who hisses louder than the tap is heard"


# ---- over the agent's echo


def agent(seconds: float) -> Float32:
    return np.resize(np.concatenate([speak(text) for text in AGENT]), round(seconds * RATE_HZ))


def hisses(level_db: float, near: Float32 | None, seconds: float) -> np.ndarray:
    """The steps of the hiss under way, each 20 ms, while the agent speaks."""
    room = EchoRoom(agent(seconds), EchoPath(delay_s=0.06, level_db=level_db), near)
    canceller, onset = EchoCanceller(room.reference, AudioConfig()), Onset()
    return np.array(
        [max((onset.push(step) for step in canceller.steps()), default=0) for _ in room.run(canceller)]
    )


@pytest.mark.parametrize("level_db", [-6.0, -15.0])
def test_the_agents_own_hisses_are_no_persons(level_db: float) -> None:
    """Half a minute, with many an "s"."""
    assert hisses(level_db, None, 30.0).max() < HOLD_STEPS


@pytest.mark.parametrize("level_db", [-100.0, -15.0, -6.0])
def test_an_s_over_the_agents_voice_is_found(level_db: float) -> None:
    """Except where the agent says one itself."""
    near = np.zeros(40 * RATE_HZ, np.float32)
    begins = [6.0 + 1.37 * number for number in range(24)]
    for number, begin in enumerate(begins):
        said = hiss(0.1, number)
        near[round(begin * RATE_HZ) :][: said.size] = said
    steps = hisses(level_db, near, 40.0)
    found = [
        steps[round(begin / 0.02) : round((begin + 0.1) / 0.02) + 1].max() >= HOLD_STEPS for begin in begins
    ]
    assert sum(found) >= (15 if level_db > -10 else 21)


def test_until_the_echo_is_known_nothing_is_a_hiss() -> None:
    echo, onset = BandEcho(), Onset()
    loud = hiss(0.01)
    assert all(onset.push(echo.push(loud, 10 * loud)) == 0 for _ in range(50))


def test_an_echo_that_became_louder_is_learnt_step_by_step_and_forgotten_on_doubt() -> None:
    echo, chance = BandEcho(), np.random.default_rng(2)

    def plays(gain: float, count: int) -> Bands:
        for _ in range(count):
            step = chance.normal(0, chance.choice([0.001, 0.03]), STEP).astype(np.float32)
            last = echo.push(step, (gain * step).astype(np.float32))
        return last

    plays(0.1, 300)
    echo.learn(0)
    assert plays(0.1, 20).high_over_db < 6.0
    before = plays(1.0, 1).high_over_db
    plays(1.0, 399)
    echo.learn(0)
    after = plays(1.0, 1).high_over_db
    assert before - after < 12.0
    echo.forget()
    assert plays(1.0, 1).high_over_db == -np.inf
