"""What people say over a speaker, and what is not speech to the agent: the same samples every time.

Words are said by Piper and by flite, a Debian package. The rest is made from a seed, here or in
rig/noise_sounds.py.
"""

from __future__ import annotations

import shutil
from functools import cache
from pathlib import Path
from runpy import run_path
from typing import TYPE_CHECKING

import numpy as np

from rig.made_speech import speak
from rig.speech_clips import speak_with
from voicecli.messages import RATE_HZ

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.random import Generator

    from voicecli.messages import Float32

_MADE = run_path(str(Path(__file__).parent.parent / "rig" / "noise_sounds.py"))
_SENTENCES = _MADE["speech_clips"].SENTENCES[3:15]
_PEOPLE = 6


def murmur(seconds: float) -> Float32:
    """Six people at once, none of whom can be understood: one voice at six paces, and so pitches."""
    people = []
    for number, pace in enumerate(np.linspace(0.8, 1.25, _PEOPLE)):
        said = np.concatenate([speak(text) for text in _SENTENCES[number::_PEOPLE]])
        at = np.arange(0, said.size, pace)
        people.append(np.interp(at, np.arange(said.size), said).astype(np.float32))
    mixed: Float32 = _MADE["babble"](people, seconds, np.random.default_rng(0))
    return mixed


def hiss_music_keys() -> Float32:
    """Three seconds of white noise, four of music, three of typing."""
    chance = np.random.default_rng(0)
    parts = (
        _MADE["white"](3.0, -30.0, chance),
        _MADE["music"](4.0, chance),
        _MADE["typing"](3.0, -8.0, chance),
    )
    joined: Float32 = np.concatenate(parts)
    return joined


VOICES = ("slt", "rms", "joe")
OPENINGS = (
    "Stop, wait a moment please.",
    "No, that's wrong.",
    "Excuse me.",
    "What about tomorrow?",
    "Hold on.",
    "Sorry, I meant Tuesday.",
    "Hey!",
    "Shh.",
)
ONE_WORD = ("No!", "Stop!", "Wait!")
REPEATS = ("Stop, stop, stop.", "No no no.", "Wait wait.")
AGREEMENT = ("Yeah.", "Mm-hm.", "Right.")
LAUGH = "Ha ha ha."
PEAK = 0.5
RINGS_S = 0.04
"""Time constant of the room: its sound falls by 60 dB in 0.28 s."""
SHH_S = 0.45


def peaked(samples: Float32, peak: float = PEAK) -> Float32:
    """Bring (n,) samples to this peak."""
    at_peak: Float32 = (samples * (peak / max(1e-6, float(np.abs(samples).max())))).astype(np.float32)
    return at_peak


@cache
def spoken(text: str, voice: str) -> Float32:
    """`text` by one of VOICES, (n,) float32 at 16 kHz; "Shh." is no word to them, and is made of noise."""
    if text == "Shh.":
        return peaked(shh(np.random.default_rng(VOICES.index(voice))), PEAK / 2)
    return peaked(speak(text) if voice == "joe" else speak_with("flite", voice, text))


def voices() -> tuple[str, ...]:
    """Those of VOICES that can speak here."""
    return VOICES if shutil.which("flite") else VOICES[-1:]


def _band(samples: Float32, low_hz: float, high_hz: float) -> Float32:
    spectrum = np.fft.rfft(samples)
    hz = np.fft.rfftfreq(samples.size, 1 / RATE_HZ)
    spectrum *= 1 / (1 + (low_hz / np.maximum(hz, 1.0)) ** 4) / (1 + (hz / high_hz) ** 4)
    banded: Float32 = np.fft.irfft(spectrum, samples.size).astype(np.float32)
    return banded


def shh(chance: Generator) -> Float32:
    """Somebody asks for silence: noise from 2 to 6 kHz that rises and falls softly."""
    at = np.arange(round(SHH_S * RATE_HZ)) / RATE_HZ
    shape = np.minimum(1.0, np.minimum(at / chance.uniform(0.03, 0.06), (SHH_S - at) / 0.1))
    hush: Float32 = _band(chance.standard_normal(at.size).astype(np.float32), 2200.0, 5500.0) * shape
    return hush.astype(np.float32)


def in_a_room(samples: Float32, chance: Generator) -> Float32:
    """With the sound that a small room gives back, 10 dB softer than what comes straight."""
    at = np.arange(round(6 * RINGS_S * RATE_HZ)) / RATE_HZ
    tail = chance.standard_normal(at.size) * np.exp(-at / RINGS_S)
    tail *= 10 ** (-10 / 20) / np.sqrt(np.sum(tail**2))
    tail[0] = 1.0
    size = samples.size + tail.size
    heard: Float32 = np.fft.irfft(np.fft.rfft(samples, size) * np.fft.rfft(tail, size), size).astype(
        np.float32
    )
    return heard


def cough(chance: Generator) -> Float32:
    """A burst from the throat, then breath, then perhaps some voice; once or twice."""
    parts: list[Float32] = []
    for _ in range(int(chance.integers(1, 3))):
        at = np.arange(round(chance.uniform(0.25, 0.4) * RATE_HZ)) / RATE_HZ
        noise = _band(
            chance.standard_normal(at.size).astype(np.float32), 300.0, chance.uniform(2000.0, 5000.0)
        )
        pitch = chance.uniform(110, 260)
        voice = np.sign(np.sin(2 * np.pi * pitch * at)) * chance.uniform(0.0, 0.3) * (at > 0.12)
        burst = np.minimum(at / 0.004, 1.0) * np.exp(-at / chance.uniform(0.04, 0.1))
        parts += [((noise + _band(voice.astype(np.float32), 200.0, 1500.0)) * burst).astype(np.float32)]
        parts += [np.zeros(round(chance.uniform(0.05, 0.25) * RATE_HZ), np.float32)]
    return peaked(in_a_room(np.concatenate(parts), chance), float(chance.uniform(0.2, 0.6)))


def keys(chance: Generator) -> Float32:
    """A second of typing on a keyboard near the microphone."""
    return peaked(
        in_a_room(_MADE["typing"](1.2, -8.0, chance)[RATE_HZ // 4 :], chance), float(chance.uniform(0.1, 0.4))
    )


def door(chance: Generator) -> Float32:
    """A thud, and the latch before it."""
    at = np.arange(round(0.5 * RATE_HZ)) / RATE_HZ
    after = np.clip(at - 0.06, 0.0, None)
    noise = chance.standard_normal(at.size)
    latch = noise * np.exp(-at / 0.004) * chance.uniform(0.1, 0.4)
    thud = (np.sin(2 * np.pi * chance.uniform(50, 110) * after) + 0.3 * noise) * np.exp(-after / 0.05)
    slam = (latch + thud * (at > 0.06)).astype(np.float32)
    return peaked(in_a_room(_band(slam, 30.0, 5000.0), chance), float(chance.uniform(0.2, 0.7)))


def clap(chance: Generator) -> Float32:
    """One clap of the hands."""
    at = np.arange(RATE_HZ // 10) / RATE_HZ
    noise = _band(chance.standard_normal(at.size).astype(np.float32), 600.0, 5000.0)
    return peaked(in_a_room((noise * np.exp(-at / 0.005)).astype(np.float32), chance), 0.5)


NOISES: dict[str, Callable[[Generator], Float32]] = {"cough": cough, "keys": keys, "door": door, "clap": clap}


def noises(each: int) -> Iterator[tuple[str, Float32]]:
    """`each` of every kind of noise."""
    for kind, make in NOISES.items():
        for seed in range(each):
            yield f"{kind} {seed}", make(np.random.default_rng(seed))
