"""Sounds that are not speech to the agent, from rig/noise_sounds.py, the same samples every time."""

from __future__ import annotations

from pathlib import Path
from runpy import run_path
from typing import TYPE_CHECKING

import numpy as np

from rig.made_speech import speak

if TYPE_CHECKING:
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
