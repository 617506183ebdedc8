"""Makes the labelled set of turns from scratch: speech with pauses inside, and true ends. The same each time.

    .venv/bin/python scripts/turn/turn_set.py FOLDER [--recordings FOLDER FOLDER]

FOLDER gets WAV files (16 kHz mono) and `labels.jsonl`, as `voicecli.bench.labels` reads them. Each file is
one turn between 0.5 s and 3 s without speech, all in the same noise. Pauses are 0.2 to 1.5 s, the shorter the
more frequent (log-uniform). A turn is made in one of three ways, `made` in the label:

    whole     one sentence, cut where energy is least near a word boundary: its melody goes on over the pause
    pieces    its pieces spoken one by one, each ending as the voice ends at a comma
    recorded  people, with their own pauses and one new one where energy is least, made longer or shorter

No sentence is in both splits, and no voice but Piper's. The recordings lie outside the project: LJ Speech and
jfk.flac, and those of the Debian packages pocketsphinx-testdata and asterisk-core-sounds-en-g722. flite and
espeak-ng are Debian packages, too. What is absent is left out, and one sentence on stderr says so.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent.parent))

from turn_sound import BEFORE_S, SpokenTurn, boundary, in_a_room, join, quietest, silences, trimmed, voiced
from turn_texts import HELD_OUT, TRAIN

from rig.made_speech import speak
from rig.speech_clips import RECORDINGS, _decode
from voicecli.audio.level import to_float, to_int16
from voicecli.audio.recordings.files import WavWriter
from voicecli.messages import RATE_HZ

if TYPE_CHECKING:
    from collections.abc import Iterator

    from voicecli.messages import Float32

SHORTEST_S, LONGEST_S = 0.2, 1.5
"""Lengths of a pause, s."""
KINDS = {"/": "phrase", "~": "filler", "^": "mid-phrase"}
"""Kinds of pauses, by the marks of turn_texts.py."""

VOICES = {
    "train": (
        *(("piper joe", 1), ("piper joe", 1)),
        *(("flite slt", 9), ("flite kal", 9), ("flite awb", 9), ("flite rms", 9)),
        *(("espeak-ng en-us+m3", 9), ("espeak-ng en-gb+f2", 9)),
    ),
    "held-out": (
        *(("piper joe", 1), ("piper joe", 1)),
        *(("flite kal16", 5), ("espeak-ng en-gb-scotland+m2", 5), ("espeak-ng en-us-nyc+f3", 5)),
    ),
}
"""Voices, and how many of the texts each says: 1 is every text, 9 every ninth. Voices without melody say less
than a fifth of a split."""
VARIANTS = {"train": 5, "held-out": 1}
"""How many turns are made of each recording, with other pauses and another noise."""
CLICK_S = 0.1
"""So short a sound after the last silence of a recording is no speech."""
SPHINX = Path("/usr/share/pocketsphinx/test/data")
ASTERISK = Path("/usr/share/asterisk/sounds/en_US_f_Allison")
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
        "Austen": tuple(
            f"librivox/sense_and_sensibility_01_austen_64kb-0{number}.wav"
            for number in (870, 880, 890, 920, 930)
        ),
        "Kennedy": ("jfk.flac", "jfk.flac 3", "jfk.flac 7.8"),
    },
    "held-out": {
        "Allison": tuple(
            f"{name}.g722"
            for name in (
                "agent-pass check-number-dial-again conf-getchannel conf-getpin conf-kicked "
                "conf-leaderhasleft "
                "conf-noempty conf-nonextended conf-onlyone conf-onlyperson conf-placeintoconf "
                "conf-roll-callcomplete conf-waitforleader confbridge-begin-glorious-a confbridge-pin "
                "demo-enterkeywords demo-nomatch dir-nomore enter-num-blacklist feature-not-avail-line "
                "please-try-call-later pls-hold-while-try priv-recordintro privacy-prompt queue-youarenext "
                "speed-dial-empty sorry-youre-having-problems tt-monkeysintro tt-weasels vm-calldiffnum "
                "vm-dialout vm-enter-num-to-call vm-forward-multiple vm-intro vm-nobodyavail vm-nobox "
                "vm-nonumber vm-rec-name vm-reenterpassword vm-savefolder vm-sorry vm-toforward "
                "vm-tocallback vm-tempgreeting vm-whichbox"
            ).split()
        ),
    },
}
"""Recordings by reader. An entry is a file, two files to be joined (the first does not end the turn), or a
file and the second from which on it counts."""


@cache
def say(voice: str, text: str) -> Float32:
    """Let a voice say a text: (n,) float32 at 16 kHz, without the silence around it."""
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


def pause_s(random: np.random.Generator) -> float:
    """Draw the length of a pause, log-uniform."""
    return float(SHORTEST_S * (LONGEST_S / SHORTEST_S) ** random.random())


def spoken(voice: str, marked: str, random: np.random.Generator) -> tuple[SpokenTurn, str]:
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
    if random.random() >= 0.5:
        whole = say(voice, " ".join(texts))
        cuts = [
            boundary(whole, say(voice, " ".join(texts[: at + 1])), say(voice, " ".join(texts[at + 1 :])))
            for at in range(len(gaps))
        ]
        begins, ends = [0, *(b for _, b in cuts)], [*(a for a, _ in cuts), whole.size]
        parts = [whole[a:b] for a, b in zip(begins, ends, strict=True)]
        if min(part.size for part in parts) > CLICK_S * RATE_HZ:  # else two cuts fell on one place
            return join(parts, gaps), "whole"
    continuing = [f"{text.rstrip(',')}," for text in texts[:-1]]
    return join([say(voice, text) for text in (*continuing, texts[-1])], gaps), "pieces"


def recorded(speech: list[Float32], random: np.random.Generator) -> SpokenTurn:
    """Make a turn of recordings. Their own pauses, and at most one new one, get a random length."""
    pieces: list[Float32] = []
    for part in speech:
        gaps = silences(part, 0.15)
        begins, ends = [0, *(b for _, b in gaps)], [*(a for a, _ in gaps), part.size]
        inside = [part[a:b] for a, b in zip(begins, ends, strict=True)]
        while inside[-1].size < CLICK_S * RATE_HZ:
            inside.pop()  # a click: with it, the turn would end one pause too late
        pieces += inside
    kinds = ["phrase"] * (len(pieces) - 1)
    longest = max(range(len(pieces)), key=lambda at: pieces[at].size)
    piece = pieces[longest]
    if random.random() < 0.6 and piece.size > 1.5 * RATE_HZ:
        at = quietest(piece, round(piece.size * random.uniform(0.3, 0.7)), round(0.2 * RATE_HZ))
        pieces[longest : longest + 1] = [piece[:at], piece[at:]]
        kinds.insert(longest, "mid-phrase")
    return join(pieces, [(pause_s(random), kind) for kind in kinds])


@cache
def people(files: str, folders: tuple[Path, ...]) -> list[Float32] | None:
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


def turns(
    split: str, texts: str, folders: tuple[Path, ...]
) -> Iterator[tuple[SpokenTurn, dict[str, object], np.random.Generator]]:
    """All turns of a split, each with what its label says of it, and its own random generator."""
    seed = {"train": 1, "held-out": 3}[split]
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
        for at, files in enumerate(VARIANTS[split] * recordings):
            speech = people(files, folders)
            if speech is None:
                print(f"no {files} here: left out", file=sys.stderr)
                continue
            random = np.random.default_rng((seed, 100 + number, at))
            about = {"voice": f"person {reader}", "made": "recorded", "asked": False, "text": files}
            yield recorded(speech, random), about, random


def main() -> int:
    """Make the set; print how many turns it has."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--recordings", type=Path, nargs="*", default=[RECORDINGS, SPHINX, ASTERISK])
    args = parser.parse_args()
    folder: Path = args.folder
    folder.mkdir(parents=True, exist_ok=True)
    lines = []
    for split, texts in (("train", TRAIN), ("held-out", HELD_OUT)):
        for turn, about, random in turns(split, texts, tuple(args.recordings)):
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
