"""Short clips with known words, made from scratch: recorded people, Piper, flite, espeak-ng; clean and noisy.

The recordings lie outside the project (`RECORDINGS`); flite and espeak-ng are Debian packages. Without one of
them its clips are left out, and one sentence on stderr says so.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from rig.made_speech import speak
from voicecli.messages import RATE_HZ

if TYPE_CHECKING:
    from collections.abc import Iterator

    from voicecli.messages import Float32

RECORDINGS = Path(__file__).resolve().parents[2] / "shared" / "audio"
"""Public domain: four sentences of LJ Speech 1.1, and jfk.flac."""

_JFK = (
    (0.0, 3.0, "and so my fellow americans"),
    (3.0, 4.8, "ask not"),
    (4.8, 7.8, "what your country can do for you"),
    (7.8, 11.0, "ask what you can do for your country"),
    (
        0.0,
        11.0,
        (
            "and so my fellow americans ask not what your country can do for you "
            "ask what you can do for your country"
        ),
    ),
)
_LJ = {
    "LJ001-0002.wav": "in being comparatively modern",
    "LJ001-0004.wav": (
        "produced the block books which were the immediate predecessors of the true printed book"
    ),
    "LJ001-0006.wav": "and it is worth mention in passing that as an example of fine typography",
    "LJ001-0013.wav": "than in the same operations with ugly ones",
}

SENTENCES = (
    "Yes.",
    "Stop.",
    "Good morning.",
    "What time is it?",
    "Turn off the kitchen light.",
    "What is the capital of France?",
    "How far away is the moon from the earth?",
    "Please remind me to call the doctor tomorrow morning.",
    "Could you explain how a bicycle stays upright when it moves?",
    "I would like to cook something with rice, beans and tomatoes tonight.",
    "The train from the airport leaves every twenty minutes and takes half an hour.",
    "Why does the sky look blue during the day but red when the sun goes down?",
    (
        "When I was young, we used to walk along the river on Sunday afternoons and feed "
        "the ducks near the old "
        "wooden bridge."
    ),
    (
        "Tell me the difference between a virus and a bacterium, and why antibiotics "
        "only work against one of "
        "them."
    ),
    (
        "The library opens at nine on weekdays, but on Saturday it opens an hour later, "
        "and on Sunday it stays "
        "closed all day, so you should go there on Friday if you can."
    ),
)
_VOICES = {
    "piper": range(15),
    "flite slt": range(2, 15, 2),
    "flite rms": range(15),
    "flite awb": range(1, 15, 2),
    "flite kal": range(4, 15, 3),
    "espeak-ng": range(3, 15, 2),
}
"""Which of the sentences each voice says, by index."""


@dataclass(frozen=True, slots=True)
class Clip:
    """A sound, and the words that are said in it."""

    name: str
    words: str
    samples: Float32
    """(n,) float32 at 16 kHz."""


def clips() -> Iterator[Clip]:
    """All clips, each clean and with white noise 20 and 15 dB below the speech."""
    noise = np.random.default_rng(7)
    for clip in (*_people(), *_voices()):
        yield replace(clip, name=f"{clip.name}, clean")
        loud = clip.samples[np.abs(clip.samples) > 0.01]  # the level of the speech, not of its pauses
        level = float(np.sqrt(np.mean(loud**2)))
        for snr_db in (20, 15):
            hiss = noise.standard_normal(clip.samples.size) * level * 10 ** (-snr_db / 20)
            noisy = np.clip(clip.samples + hiss, -1.0, 1.0).astype(np.float32)
            yield replace(clip, name=f"{clip.name}, {snr_db} dB", samples=noisy)


def _people() -> Iterator[Clip]:
    if not RECORDINGS.is_dir():
        print(f"no recordings in {RECORDINGS}: measured on synthetic voices only", file=sys.stderr)
        return
    for name, words in _LJ.items():
        yield Clip(f"person {name}", words, _decode(RECORDINGS / name))
    speech = _decode(RECORDINGS / "jfk.flac")
    for start_s, end_s, words in _JFK:
        cut = speech[round(start_s * RATE_HZ) : round(end_s * RATE_HZ)]
        yield Clip(f"person jfk {start_s}-{end_s} s", words, cut)


def _voices() -> Iterator[Clip]:
    for voice, chosen in _VOICES.items():
        program, _, name = voice.partition(" ")
        if program != "piper" and shutil.which(program) is None:
            print(f"no {program} here: its voice {name} is left out", file=sys.stderr)
            continue
        for index in chosen:
            text = SENTENCES[index]
            samples = speak(text) if program == "piper" else speak_with(program, name, text)
            yield Clip(f"{voice} {index}", text, samples)


def speak_with(program: str, voice: str, text: str) -> Float32:
    """Let flite or espeak-ng say it: (n,) float32 at 16 kHz."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "speech.wav"
        wanted = ["-voice", voice, "-t", text, "-o"] if program == "flite" else [text, "-w"]
        subprocess.run([program, *wanted, str(path)], check=True, capture_output=True)
        return _decode(path)


def _decode(path: Path) -> Float32:
    from faster_whisper import decode_audio

    samples: Float32 = decode_audio(str(path), sampling_rate=RATE_HZ)
    return samples
