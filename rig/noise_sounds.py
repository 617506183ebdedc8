"""What is not speech to the agent: white noise, babble, music and typing, made from a seed -> WAV files.

    .venv/bin/python rig/noise_sounds.py FOLDER [--seconds 120] [--recordings FOLDER] [--seed 0]

The babble has the voices of Piper, of flite and espeak-ng where these are installed, and one more for each
reader in a folder of recordings.
"""

from __future__ import annotations

import argparse
import re
import sys
import wave
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from rig import speech_clips
from voicecli.messages import RATE_HZ

if TYPE_CHECKING:
    from numpy.random import Generator

    from voicecli.messages import Float32

BABBLE_DBFS = -30.0
MUSIC_DBFS = -25.0
WHITE_DBFS = (-50.0, -35.0, -25.0)
TYPING_PEAKS_DBFS = (-25.0, -8.0)
"""A keyboard beside a headset, and one that the microphone stands on."""

_CHORDS = ((0, 4, 7), (9, 12, 16), (5, 9, 12), (7, 11, 14))
"""Semitones above the key note: four chords that many songs have."""
_TUNE = (0, 2, 4, 7, 9, 12, 14, 16)
_BEAT_S = 60 / 104
_KEY_HZ = 220.0


def at_level(samples: Float32, dbfs: float) -> Float32:
    """Bring samples to an RMS of `dbfs`, clipped at full scale."""
    gain = 10 ** (dbfs / 20) / max(1e-9, float(np.sqrt(np.mean(samples.astype(np.float64) ** 2))))
    loud: Float32 = np.clip(samples * gain, -1.0, 1.0).astype(np.float32)
    return loud


def white(seconds: float, dbfs: float, chance: Generator) -> Float32:
    """Gaussian noise."""
    return at_level(chance.standard_normal(round(seconds * RATE_HZ)).astype(np.float32), dbfs)


def babble(voices: list[Float32], seconds: float, chance: Generator) -> Float32:
    """All voices at once, equally loud. Each is repeated, and begins at a random place."""
    mixed = np.zeros(round(seconds * RATE_HZ), np.float32)
    for voice in voices:
        begun = np.roll(voice, -int(chance.integers(voice.size)))
        mixed += at_level(np.resize(begun, mixed.size), BABBLE_DBFS)
    return at_level(mixed, BABBLE_DBFS)


def music(seconds: float, chance: Generator) -> Float32:
    """Chords, a bass, drums, and a lead with vibrato that glides from note to note as a singer does."""
    mixed = np.zeros(round(seconds * RATE_HZ), np.float32)
    lead_hz = np.full(mixed.size, _KEY_HZ)
    step = 3
    for beat in range(int(seconds / _BEAT_S) + 1):
        begin = round(beat * _BEAT_S * RATE_HZ)
        chord = _CHORDS[beat // 4 % len(_CHORDS)]
        if beat % 4 == 0:
            for tone in chord:
                _add(mixed, begin, 0.15 * _tone(_hz(tone), 4 * _BEAT_S, 1.5))
        _add(mixed, begin, 0.5 * _tone(_hz(chord[0] - 24), _BEAT_S, 0.3))
        _add(mixed, begin, _drum(low=beat % 2 == 0, chance=chance))
        for half in (0, _BEAT_S / 2):
            step = int(np.clip(step + chance.integers(-2, 3), 0, len(_TUNE) - 1))
            lead_hz[begin + round(half * RATE_HZ) :] = _hz(_TUNE[step])
    return at_level(mixed + 0.35 * _lead(lead_hz), MUSIC_DBFS)


def _hz(semitones: int) -> float:
    return _KEY_HZ * 2 ** (semitones / 12)


def _add(mixed: Float32, begin: int, part: Float32) -> None:
    room = mixed[begin : begin + part.size]
    room += part[: room.size]


def _tone(hz: float, seconds: float, fall_s: float) -> Float32:
    """A plucked string: harmonics, of which the higher ones fade sooner."""
    at_s = np.arange(round(seconds * RATE_HZ)) / RATE_HZ
    harmonics = [np.sin(2 * np.pi * hz * n * at_s) / n * np.exp(-at_s * n / fall_s) for n in range(1, 6)]
    string: Float32 = np.sum(harmonics, axis=0).astype(np.float32)
    return string


def _drum(*, low: bool, chance: Generator) -> Float32:
    at_s = np.arange(RATE_HZ // 5) / RATE_HZ
    if low:
        kick: Float32 = np.sin(2 * np.pi * 30 * (at_s + 0.1 * (1 - np.exp(-at_s / 0.03)))).astype(np.float32)
        return kick * np.exp(-at_s / 0.05).astype(np.float32)
    snare: Float32 = (chance.standard_normal(at_s.size) * 0.3 * np.exp(-at_s / 0.04)).astype(np.float32)
    return snare


def _lead(hz: Float32) -> Float32:
    """Harmonics up to 4 kHz, with 5.5 vibrations a second by a third of a semitone."""
    glide = RATE_HZ // 20
    smooth = np.convolve(np.pad(hz, glide, "edge"), np.ones(glide) / glide, "same")[glide:-glide]
    wobble = 2 ** (np.sin(2 * np.pi * 5.5 * np.arange(hz.size) / RATE_HZ) / 36)
    phase = 2 * np.pi * np.cumsum(smooth * wobble) / RATE_HZ
    voice: Float32 = np.sum([np.sin(n * phase) / n for n in range(1, 7)], axis=0).astype(np.float32)
    return voice


def typing(seconds: float, peak_dbfs: float, chance: Generator) -> Float32:
    """Somebody types words, with the thump of the space bar after each, and now and then pauses to think."""
    mixed = np.zeros(round(seconds * RATE_HZ), np.float32)
    at_s = 0.5
    while at_s < seconds:
        for _ in range(int(chance.integers(2, 10))):
            _add(mixed, round(at_s * RATE_HZ), _key(2500.0, chance))
            at_s += float(np.clip(chance.lognormal(np.log(0.13), 0.4), 0.05, 0.6))
        _add(mixed, round(at_s * RATE_HZ), 1.5 * _key(700.0, chance))
        at_s += float(chance.uniform(0.1, 0.4) if chance.random() < 0.8 else chance.uniform(0.8, 3.0))
    typed: Float32 = mixed * np.float32(10 ** (peak_dbfs / 20) / max(1e-9, float(np.abs(mixed).max())))
    return typed


def _key(hz: float, chance: Generator) -> Float32:
    """One key: a click when it is down, a softer one when it is let go; both ring at about `hz`."""
    at_s = np.arange(RATE_HZ // 4) / RATE_HZ
    hz *= chance.uniform(0.8, 1.2)
    sound = np.zeros(at_s.size)
    for begin_s, gain in ((0.0, 1.0), (chance.uniform(0.06, 0.12), 0.35)):
        after_s = np.clip(at_s - begin_s, 0.0, None)
        click = chance.standard_normal(at_s.size) * np.exp(-after_s / 0.003)
        ring = np.sin(2 * np.pi * hz * after_s) * np.exp(-after_s / 0.008)
        thud = np.sin(2 * np.pi * 150 * after_s) * np.exp(-after_s / 0.02)
        sound += gain * (at_s >= begin_s) * (click + ring + 0.7 * thud)
    key: Float32 = (sound * chance.uniform(0.5, 1.0)).astype(np.float32)
    return key


def voices(recordings: Path | None) -> list[Float32]:
    """The voices of the clips, each with all that it says, one sentence after another."""
    if recordings is not None:
        speech_clips.RECORDINGS = recordings
    said: dict[str, list[Float32]] = {}
    for clip in speech_clips.clips():
        if clip.name.endswith("clean"):
            reader = re.split(r"\d", clip.name)[0]
            said.setdefault(reader, []).append(clip.samples)
    return [np.concatenate(clips) for clips in said.values()]


def main() -> int:
    """Make the files, and say what each is."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--seconds", type=float, default=120.0)
    parser.add_argument("--recordings", type=Path, metavar="FOLDER")
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    chance = np.random.default_rng(args.seed)
    readers = voices(args.recordings)
    sounds = {f"white{dbfs:.0f}": white(args.seconds, dbfs, chance) for dbfs in WHITE_DBFS}
    sounds["babble"] = babble(readers, args.seconds, chance)
    sounds["music"] = music(args.seconds, chance)
    for dbfs in TYPING_PEAKS_DBFS:
        sounds[f"typing{dbfs:.0f}"] = typing(args.seconds, dbfs, chance)
    args.folder.mkdir(parents=True, exist_ok=True)
    for name, samples in sounds.items():
        with wave.open(str(args.folder / f"{name}.wav"), "wb") as wav:
            wav.setnchannels(1)
            wav.setsampwidth(2)
            wav.setframerate(RATE_HZ)
            wav.writeframes((samples * 32767).astype("<i2").tobytes())
        print(f"{name}: {args.seconds:g} s" + (f", {len(readers)} voices" if name == "babble" else ""))
    return 0


if __name__ == "__main__":
    sys.exit(main())
