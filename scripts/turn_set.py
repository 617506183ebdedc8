"""Makes the labelled set of turns from scratch: speech with pauses inside, and true ends. The same each time.

    .venv/bin/python scripts/turn_set.py FOLDER [--recordings FOLDER FOLDER]

FOLDER gets WAV files (16 kHz mono) and `labels.jsonl`, as `voicecli.bench.turns` reads them. Each file is
one turn between 0.5 s and 3 s without speech, all in the same noise. Pauses are 0.2 to 1.5 s, the shorter the
more frequent (log-uniform). A turn is made in one of three ways, `made` in the label:

    whole     one sentence, cut where energy is least near a word boundary: its melody goes on over the pause
    pieces    its pieces spoken one by one, each ending as the voice ends at a comma
    recorded  people, with their own pauses and one new one where energy is least, made longer or shorter

No voice and no sentence is in both splits. The recordings lie outside the project: LJ Speech and jfk.flac,
and those of the Debian package pocketsphinx-testdata; flite and espeak-ng are Debian packages, too. What is
absent is said in one sentence and left out.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from speech_clips import RECORDINGS, _decode
from turn_texts import HELD_OUT, TRAIN

from tests.speech import speak
from voicecli.audio.files import WavWriter
from voicecli.audio.level import to_float, to_int16
from voicecli.listen.detect import Detector
from voicecli.messages import FRAME_SAMPLES, RATE_HZ, Float32Frame
from voicecli.models.store import models_root

if TYPE_CHECKING:
    from collections.abc import Iterator

    from voicecli.messages import Float32

SHORTEST_S, LONGEST_S = 0.2, 1.5
BEFORE_S, AFTER_S = 0.5, 3.0
LEVEL_DBFS = -23.0
"""RMS of the speech; what people reach at a headset, about."""
ROOM_DB = 55
"""Speech over the noise of a "clean" recording."""
KINDS = {"/": "phrase", "~": "filler", "^": "mid-phrase"}

VOICES = {
    "train": (("flite slt", 2), ("flite kal", 3), ("espeak-ng en-us+m3", 3)),
    "held-out": (
        *(("piper joe", 1), ("piper joe", 1)),
        *(("flite awb", 3), ("flite rms", 3), ("espeak-ng en-gb+f2", 3)),
    ),
}
"""Who says each text, each second one, ...: the flatter a voice, the less there is to hear in it."""
VARIANTS = 5
"""Of each recording, with other pauses and another noise."""
SPHINX = Path("/usr/share/pocketsphinx/test/data")
PEOPLE = {
    "train": {
        "LJ": (
            "LJ001-0002.wav",
            "LJ001-0013.wav",
            "LJ001-0006.wav LJ001-0013.wav",
            "LJ001-0004.wav LJ001-0002.wav",
        ),
        "cards": tuple(f"cards/00{number}.wav" for number in range(1, 6)),
        "sphinx": ("goforward.raw", "something.raw", "numbers.raw", "tidigits/dhd.2934z.raw"),
    },
    "held-out": {
        "Austen": tuple(
            f"librivox/sense_and_sensibility_01_austen_64kb-0{number}.wav"
            for number in (870, 880, 890, 920, 930)
        ),
        "Kennedy": ("jfk.flac", "jfk.flac 3", "jfk.flac 7.8"),
    },
}
"""By reader: a file, two files to be joined of which the first goes on, or a file from so many seconds on."""


@dataclass(frozen=True, slots=True)
class Turn:
    """Speech from its first sample to its last, and where it pauses."""

    samples: Float32
    pauses: list[tuple[float, float, str]]
    """Begin and end in seconds, and kind."""


def say(voice: str, text: str) -> Float32:
    """Speak, without the silence around it."""
    program, name = voice.split()
    if program == "piper":
        return trimmed(speak(text))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "speech.wav"
        if program == "flite":
            command = ["flite", "-voice", name, "-t", text, "-o", str(path)]
        else:
            command = ["espeak-ng", "-v", name, "-s", "155", "-w", str(path), text]
        subprocess.run(command, check=True, capture_output=True)
        return trimmed(_decode(path))


def loud(samples: Float32) -> np.ndarray:
    """Whether each 10 ms is within 40 dB of the loudest and 6 dB above the room it was recorded in."""
    blocks = samples[: samples.size // 160 * 160].reshape(-1, 160)
    power = np.mean(blocks.astype(np.float64) ** 2, axis=1)
    return power > max(power.max() * 1e-4, 4 * np.quantile(power, 0.05))


def trimmed(samples: Float32) -> Float32:
    """Cut off what is not loud at both ends."""
    where = np.flatnonzero(loud(samples))
    return samples[where[0] * 160 : (where[-1] + 1) * 160]


def silences(samples: Float32, at_least_s: float) -> list[tuple[int, int]]:
    """First and last sample of each stretch inside that is not loud."""
    edges = np.flatnonzero(np.diff(np.concatenate(([1], loud(samples), [1]))))
    pairs = [(int(a) * 160, int(b) * 160) for a, b in zip(edges[::2], edges[1::2], strict=True)]
    inside = [(a, b) for a, b in pairs if a > 0 and b < samples.size // 160 * 160]
    return [(a, b) for a, b in inside if b - a >= at_least_s * RATE_HZ]


def boundary(whole: Float32, before: Float32, after: Float32) -> tuple[int, int]:
    """Where two parts of a sentence meet: a silence near it, or the quietest 20 ms.

    The parts spoken alone tell about where: the same share of the whole.
    """
    about = round(whole.size * before.size / (before.size + after.size))
    near = round(0.15 * RATE_HZ)
    for first, last in silences(whole, 0.03):
        if first - near < about < last + near:
            return first, last
    at = quietest(whole, about, near)
    return at, at


def quietest(samples: Float32, about: int, near: int) -> int:
    """The middle of the 20 ms with least energy around a place."""
    low = max(0, about - near)
    energy = np.convolve(samples[low : about + near].astype(np.float64) ** 2, np.ones(320), mode="valid")
    return low + int(np.argmin(energy)) + 160


def join(pieces: list[Float32], gaps: list[tuple[float, str]]) -> Turn:
    """Put pauses of these lengths between pieces, whose cut ends fade within 5 ms."""
    parts, pauses, at = [faded(pieces[0])], [], pieces[0].size
    for (length_s, kind), piece in zip(gaps, pieces[1:], strict=True):
        silence = np.zeros(round(length_s * RATE_HZ), np.float32)
        pauses.append((at / RATE_HZ, (at + silence.size) / RATE_HZ, kind))
        parts += [silence, faded(piece)]
        at += silence.size + piece.size
    return Turn(np.concatenate(parts), pauses)


def faded(piece: Float32) -> Float32:
    """Without a click at either end."""
    ramp = np.linspace(0, 1, 80, dtype=np.float32)
    piece = piece.copy()
    piece[:80] *= ramp
    piece[-80:] *= ramp[::-1]
    return piece


def pause_s(random: np.random.Generator) -> float:
    """Log-uniform."""
    return float(SHORTEST_S * (LONGEST_S / SHORTEST_S) ** random.random())


def spoken(voice: str, marked: str, random: np.random.Generator) -> tuple[Turn, str]:
    """Say a marked text with pauses at up to two of its marks."""
    words = marked.lstrip("?").split()
    marks = [at for at, word in enumerate(words) if word in KINDS]
    count = min(len(marks), int(random.choice([0, 1, 2], p=[0.2, 0.5, 0.3])))
    chosen = sorted(random.choice(marks, count, replace=False).tolist()) if count else []
    gaps = [(pause_s(random), KINDS[words[at]]) for at in chosen]
    texts = [
        " ".join(word for word in words[a:b] if word not in KINDS)
        for a, b in zip([0, *(at + 1 for at in chosen)], [*chosen, len(words)], strict=True)
    ]
    whole_text = " ".join(texts)
    if random.random() < 0.5:
        continuing = [f"{text.rstrip(',')}," for text in texts[:-1]]
        return join([say(voice, text) for text in (*continuing, texts[-1])], gaps), "pieces"
    whole = say(voice, whole_text)
    cuts = [
        boundary(whole, say(voice, " ".join(texts[: at + 1])), say(voice, " ".join(texts[at + 1 :])))
        for at in range(len(gaps))
    ]
    begins, ends = [0, *(b for _, b in cuts)], [*(a for a, _ in cuts), whole.size]
    return join([whole[a:b] for a, b in zip(begins, ends, strict=True)], gaps), "whole"


def recorded(speech: list[Float32], random: np.random.Generator) -> Turn:
    """Take people's words; their own pauses and up to one other place are as long as chance wants."""
    pieces: list[Float32] = []
    for part in speech:
        gaps = silences(part, 0.15)
        begins, ends = [0, *(b for _, b in gaps)], [*(a for a, _ in gaps), part.size]
        pieces += [part[a:b] for a, b in zip(begins, ends, strict=True)]
    kinds = ["phrase"] * (len(pieces) - 1)
    longest = max(range(len(pieces)), key=lambda at: pieces[at].size)
    piece = pieces[longest]
    if random.random() < 0.6 and piece.size > 1.5 * RATE_HZ:
        at = quietest(piece, round(piece.size * random.uniform(0.3, 0.7)), round(0.2 * RATE_HZ))
        pieces[longest : longest + 1] = [piece[:at], piece[at:]]
        kinds.insert(longest, "mid-phrase")
    return join(pieces, [(pause_s(random), kind) for kind in kinds])


def people(files: str, folders: list[Path]) -> list[Float32] | None:
    """The recordings named, or None where one is absent."""
    speech = []
    for name in files.split():
        if name[0].isdigit():
            speech[-1] = trimmed(speech[-1][round(float(name) * RATE_HZ) :])
            continue
        path = next((folder / name for folder in folders if (folder / name).is_file()), None)
        if path is None:
            return None
        raw = path.suffix == ".raw"
        samples = to_float(np.fromfile(path, "<i2")) if raw else _decode(path)
        speech.append(trimmed(voiced(samples)))
    return speech


def voiced(samples: Float32) -> Float32:
    """Cut off breath and clicks at both ends: 0.1 s around what the detector hears in the clean recording."""
    detector = Detector(models_root() / "vad-silero" / "silero_vad_16k_op15.onnx")
    frames = samples[: samples.size // FRAME_SAMPLES * FRAME_SAMPLES].reshape(-1, FRAME_SAMPLES)
    scores = [
        detector.score(Float32Frame(frame, at * FRAME_SAMPLES, 0.0)).probability
        for at, frame in enumerate(frames)
    ]
    speech = np.convolve(np.array(scores) >= 0.5, np.ones(3), mode="valid") == 3  # a click is shorter
    where = np.flatnonzero(speech) * FRAME_SAMPLES
    return samples[max(0, where[0] - RATE_HZ // 10) : where[-1] + 3 * FRAME_SAMPLES + RATE_HZ // 10]


def in_a_room(turn: Turn, noise: str, random: np.random.Generator) -> Float32:
    """Speech at its level, silence around it and noise over all, white or like a fan's."""
    speech = turn.samples
    blocks = speech[: speech.size // 160 * 160].reshape(-1, 160)
    level = np.sqrt(np.mean(blocks[loud(speech)] ** 2))
    speech = speech * np.float32(10 ** (LEVEL_DBFS / 20) / level)
    quiet = [np.zeros(round(s * RATE_HZ), np.float32) for s in (BEFORE_S, AFTER_S)]
    sound = np.concatenate((quiet[0], speech, quiet[1]))
    hiss = random.standard_normal(sound.size + 4096)
    if random.random() < 0.5:  # a fan: 6 dB less per octave above about 300 Hz
        hiss = np.convolve(hiss, 0.89 ** np.arange(64), mode="same")
    hiss = hiss[: sound.size] / hiss.std()
    snr_db = ROOM_DB if noise == "clean" else int(noise.removesuffix(" dB"))
    noisy = sound + hiss * 10 ** ((LEVEL_DBFS - snr_db) / 20)
    return np.clip(noisy, -1.0, 1.0).astype(np.float32)


def turns(
    split: str, texts: str, folders: list[Path]
) -> Iterator[tuple[Turn, dict[str, object], np.random.Generator]]:
    """All of a split with what the label says of them, each with its own chance."""
    seed = {"train": 1, "held-out": 2}[split]
    for number, (voice, step) in enumerate(VOICES[split]):
        program = voice.split(maxsplit=1)[0]
        if program != "piper" and shutil.which(program) is None:
            print(f"no {program} here: {voice} is left out", file=sys.stderr)
            continue
        for at, marked in list(enumerate(texts.strip().splitlines()))[number % step :: step]:
            random = np.random.default_rng((seed, number, at))
            turn, made = spoken(voice, marked, random)
            text = " ".join(word for word in marked.lstrip("?").split() if word not in KINDS)
            yield turn, {"voice": voice, "made": made, "asked": marked[0] == "?", "text": text}, random
    for number, (reader, recordings) in enumerate(PEOPLE[split].items()):
        for at, files in enumerate(VARIANTS * recordings):
            speech = people(files, folders)
            if speech is None:
                print(f"no {files} here: left out", file=sys.stderr)
                continue
            random = np.random.default_rng((seed, 100 + number, at))
            about = {"voice": f"person {reader}", "made": "recorded", "asked": False, "text": files}
            yield recorded(speech, random), about, random


def main() -> int:
    """Make the set; say how much it is."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--recordings", type=Path, nargs="*", default=[RECORDINGS, SPHINX])
    args = parser.parse_args()
    folder: Path = args.folder
    folder.mkdir(parents=True, exist_ok=True)
    lines = []
    for split, texts in (("train", TRAIN), ("held-out", HELD_OUT)):
        for turn, about, random in turns(split, texts, args.recordings):
            noise = str(random.choice(["clean", "20 dB", "15 dB"], p=[0.5, 0.25, 0.25]))
            name = f"{split}-{len(lines):03}.wav"
            with WavWriter(folder / name, RATE_HZ, channels=1) as wav:
                wav.write(to_int16(in_a_room(turn, noise, random)))
            label = {
                "file": name,
                "split": split,
                **about,
                "noise": noise,
                "language": "en",
                "turn_end_s": round(BEFORE_S + turn.samples.size / RATE_HZ, 3),
                "pauses": [
                    [round(a + BEFORE_S, 3), round(b + BEFORE_S, 3), kind] for a, b, kind in turn.pauses
                ],
            }
            lines.append(json.dumps(label))
    (folder / "labels.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    print(f"{len(lines)} turns in {folder}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
