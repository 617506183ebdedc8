"""Words that are said again and again, and sounds nobody says: how many are kept, how many made up.

    .venv/bin/python scripts/hearing/said_twice.py [--model whisper-base] [--voices piper "flite slt" ...]
        [--wrong]

The two aims conflict: Whisper falls into loops, and a rule that cuts every loop also cuts "stop, stop, stop".
Each voice says each phrase, clean and with pink noise 20 dB below it. A phrase is `right` if at most a
quarter of its words are wrong, `kept` if more are, `loops` if far more words were written than said, `empty`
if none were. A synthetic voice that Whisper hardly understands has few phrases right, but should have none
empty.
"""

from __future__ import annotations

import argparse
import re
import shutil
import sys
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent.parent))
sys.path.insert(0, str(Path(__file__).resolve().parent))

from rig import noise_sounds
from rig.made_speech import speak
from rig.speech_clips import speak_with
from voicecli.audio.frames import frames_of
from voicecli.bench.word_errors import distance, normalised
from voicecli.listen.gate.segment import CLEAR
from voicecli.listen.whisper.transcriber import Transcriber
from voicecli.listen.whisper.whisper import Whisper
from voicecli.loading import load_detector
from voicecli.messages import FRAME_S, FRAME_SAMPLES, RATE_HZ
from voicecli.models.store import ModelStore, models_root

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.random import Generator

    from voicecli.listen.gate.detect import Detector
    from voicecli.messages import Float32

VOICES = ("piper", "flite slt", "flite rms", "flite awb", "flite kal", "espeak-ng")

PHRASES = (
    "Stop, stop, stop, stop.",
    "Test, test, test, one two three.",
    "Call 555 555 5555.",
    "I like tea. I like tea.",
    "One two three. One two three. One two three.",
    "Call five five five, five five five, five five five five.",
    "No, no, no, no.",
    "Ha ha ha ha.",
    "Very, very, very, very good.",
    "Bye bye.",
    "A B C A B C.",
    "Row, row, row your boat.",
    "Yes, yes, yes.",
    "We will, we will rock you. We will, we will rock you.",
    "Where is my phone? | Where is my phone?",
    "Come here, come here, come here now.",
    "My code is one one one one.",
    "Left, right, left, right, left, right.",
    "Hello? Hello? Hello?",
    "Go, go, go, go, go, go!",
    "La la la la la.",
    "Help! Help! Help!",
    "Blah blah blah.",
    "Again and again and again.",
    "Happy birthday to you. Happy birthday to you. Happy birthday dear Anna.",
    "No, no, no, no, no, that is wrong.",
    "Check, check, one two, one two.",
    "What time is it? | What time is it? | What time is it?",
    "Zero zero zero zero one.",
    "Turn it off. Turn it off! Please turn it off.",
    "One, two, three, four, five, six, seven, eight, nine, ten.",
    "Let it be, let it be, let it be, let it be.",
)
"""A bar stands for a second of silence."""

SNR_DB = 20.0
PACES = (0.85, 1.2)
"""Each reader also speaks at these paces, so that the babble of a crowd has three times as many people."""


@dataclass(frozen=True, slots=True)
class SaidSound:
    """A sound, and what should be written down of it."""

    kind: str
    """The voice or the noise, for the table."""
    words: str
    """Empty where nobody speaks."""
    samples: Float32
    """(n,) float32 at 16 kHz."""


def phrases(voices: tuple[str, ...]) -> Iterator[SaidSound]:
    """Each phrase by each voice, clean and noisy."""
    chance = np.random.default_rng(3)
    for voice in voices:
        program, _, name = voice.partition(" ")
        if program != "piper" and shutil.which(program) is None:
            print(f"no {program} here: its voice {name} is left out", file=sys.stderr)
            continue
        for phrase in PHRASES:
            parts: list[Float32] = []
            for text in phrase.split(" | "):
                parts += [np.zeros(RATE_HZ, np.float32)] if parts else []
                parts.append(speak(text) if program == "piper" else speak_with(program, name, text))
            samples = np.concatenate(parts)
            yield SaidSound(f"{voice}, clean", phrase, samples)
            yield SaidSound(f"{voice}, {SNR_DB:g} dB", phrase, with_noise(samples, SNR_DB, chance))


def with_noise(samples: Float32, snr_db: float, chance: Generator) -> Float32:
    """Add pink noise, `snr_db` below the level of the speech."""
    loud = samples[np.abs(samples) > 0.01]
    noise = pink(samples.size, chance)
    gain = np.sqrt(np.mean(loud**2) / np.mean(noise**2)) * 10 ** (-snr_db / 20)
    noisy: Float32 = np.clip(samples + noise * gain, -1.0, 1.0).astype(np.float32)
    return noisy


def pink(size: int, chance: Generator) -> Float32:
    """Noise with equal power in each octave: (size,) float32."""
    spectrum = np.fft.rfft(chance.standard_normal(size))
    noise = np.fft.irfft(spectrum / np.sqrt(np.maximum(np.arange(spectrum.size), 1)), size)
    return noise.astype(np.float32)


def quiet() -> Iterator[SaidSound]:
    """Sounds in which nobody says a word: mostly pieces of 0.4 to 6 s, a third of which fade."""
    chance = np.random.default_rng(11)
    readers = noise_sounds.voices(None)
    crowd = [np.interp(np.arange(0, r.size, pace), np.arange(r.size), r) for r in readers for pace in PACES]
    crowd = [*readers, *(reader.astype(np.float32) for reader in crowd)]
    sounds = {
        f"babble of {len(readers)}": noise_sounds.babble(readers, 120, chance),
        f"babble of {len(crowd)}": noise_sounds.babble(crowd, 120, chance),
        "music": noise_sounds.music(120, chance),
        "typing, far": noise_sounds.typing(60, noise_sounds.TYPING_PEAKS_DBFS[0], chance),
        "typing, near": noise_sounds.typing(60, noise_sounds.TYPING_PEAKS_DBFS[1], chance),
        **{f"white {dbfs:g} dBFS": noise_sounds.white(40, dbfs, chance) for dbfs in noise_sounds.WHITE_DBFS},
        "pink": noise_sounds.at_level(pink(40 * RATE_HZ, chance), -35.0),
    }
    for kind, samples in sounds.items():
        at = 0
        while at + (size := int(chance.uniform(0.4, 6) * RATE_HZ)) <= samples.size:
            piece = samples[at : at + size]
            fades = chance.random() < 0.3
            yield SaidSound(
                kind, "", piece * np.linspace(1, 0.05, size, dtype=np.float32) if fades else piece
            )
            at += size + RATE_HZ // 5
    for hz in (50, 60, 120, 200, 400):
        for seconds in (0.5, 2.0, 5.0):
            yield SaidSound("hum", "", hum(hz, seconds))
    for _ in range(20):
        yield SaidSound("cough", "", cough(chance))
    for clicking in (20, 40, 200, 1000):
        clicks = np.where(np.arange(2 * RATE_HZ) % 8000 < clicking, 0.9, 0.0)
        yield SaidSound("clicks", "", clicks.astype(np.float32))


def hum(hz: float, seconds: float) -> Float32:
    """A mains hum or a fan: three harmonics."""
    turns = np.arange(round(seconds * RATE_HZ)) / RATE_HZ * 2 * np.pi * hz
    hummed: Float32 = np.sum([0.1 / n * np.sin(turns * n) for n in (1, 2, 3)], axis=0).astype(np.float32)
    return hummed


def cough(chance: Generator) -> Float32:
    """One to three bursts of noise that die away, low-passed as a throat does it."""
    at_s = np.arange(2 * RATE_HZ) / RATE_HZ
    noise = np.convolve(chance.standard_normal(at_s.size), np.ones(8) / 8, "same")
    begins = np.cumsum(chance.uniform(0.2, 0.6, chance.integers(1, 4)))
    bursts = [
        np.exp(-np.clip(at_s - at, 0, None) / chance.uniform(0.04, 0.09)) * (at <= at_s) for at in begins
    ]
    coughed: Float32 = np.clip(0.3 * noise * np.sum(bursts, axis=0), -1, 1).astype(np.float32)
    return coughed


def digit_by_digit(text: str) -> list[str]:
    """Words in the form that is compared: 555 becomes five five five."""
    return normalised(re.sub(r"\d", lambda digit: f" {digit[0]} ", text.replace("10", "ten")))


def verdict(said: str, heard: str) -> str:
    """Say what became of a phrase: `right`, `kept`, `loops` or `empty`."""
    wanted, found = digit_by_digit(said), digit_by_digit(heard)
    if not found:
        return "empty"
    if len(found) > 1.5 * len(wanted) + 2:
        return "loops"
    return "right" if distance(wanted, found) <= len(wanted) / 4 else "kept"


def clear_s(samples: Float32, detector: Detector) -> float:
    """Seconds of a sound, heard by itself, that the detector is sure are speech."""
    padded = np.pad(samples, (FRAME_SAMPLES, -samples.size % FRAME_SAMPLES)).astype(np.float32)
    scores = [detector.score(frame).probability for frame in frames_of(padded)]
    return sum(score >= CLEAR for score in scores) * FRAME_S


def main() -> int:
    """Print a line for each voice and noise, and one for each sound nobody says."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", default="whisper-base")
    parser.add_argument("--voices", nargs="+", default=VOICES)
    parser.add_argument("--wrong", action="store_true", help="print what is empty, loops or is made up")
    args = parser.parse_args()
    transcriber = Transcriber(Whisper(models_root() / args.model), "en")
    detector = load_detector(ModelStore(models_root()))
    said: dict[str, list[str]] = {}
    not_said: dict[str, list[str]] = {}
    for sound in (*phrases(tuple(args.voices)), *quiet()):
        heard = transcriber.transcribe(sound.samples, clear_s=clear_s(sound.samples, detector)).text
        if sound.words:
            found = verdict(sound.words, heard)
            said.setdefault(sound.kind, []).append(found)
        else:
            found = "made up" if heard else "quiet"
            not_said.setdefault(sound.kind, []).append(found)
        if args.wrong and found in ("empty", "loops", "made up"):
            print(f"{found}: {sound.kind}: {sound.words} {heard[:100]}", flush=True)
    for name, kinds, columns in (
        ("said", said, ("right", "kept", "loops", "empty")),
        ("not said", not_said, ("quiet", "made up")),
    ):
        print(f"{name:20} {'of':>4}", *(f"{column:>8}" for column in columns))
        for kind, all_found in {**kinds, "all": list(chain.from_iterable(kinds.values()))}.items():
            print(f"{kind:20} {len(all_found):4}", *(f"{all_found.count(column):8}" for column in columns))
    return 0


if __name__ == "__main__":
    sys.exit(main())
