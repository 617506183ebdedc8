"""Learns the last layer of the turn model from people's turns, and writes it into voicecli/turn/melody.py.

    .venv/bin/python scripts/turn/melody_fit.py FOLDER...

Each FOLDER is a labelled set of turns (scripts/turn/turn_set.py makes one). The train split of their people
counts; synthetic voices do not, because their melody tells nothing of people's. Every figure is of speakers
that the layer was not learnt from: the folds are whole speakers. No words and no language model are needed.
FOLDER/melody.json gets the log-odds of each pause by a layer learnt from other speakers: turn_fit.py uses
them, because the layer itself knows these speakers.
"""

from __future__ import annotations

import argparse
import json
import sys
from base64 import b85encode
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent.parent))

from voicecli.bench.labels import read_labels
from voicecli.bench.turns.holds import HOLD_S
from voicecli.bench.turns.replay import Judges, replay
from voicecli.listen.gate.detect import Silero
from voicecli.messages import Transcript
from voicecli.models.store import models_root
from voicecli.turn import melody
from voicecli.turn.complete import SmartTurn

if TYPE_CHECKING:
    from voicecli.messages import Float32

SYNTHETIC = ("piper", "flite", "espeak-ng")
"""How the names of synthetic voices begin."""
RIDGES = (300.0, 1000.0, 3000.0, 10000.0)
"""Ridge regularisations that are tried: what the squared weights of standardised values cost."""
FOLDS = 8
TEXT_COLUMNS = 100
"""Characters of a line of weights."""


class Keeping:
    """A turn model that keeps what it hears."""

    def __init__(self, model: SmartTurn) -> None:
        self._model = model
        self.window_s = model.window_s
        self.heard: list[Float32] = []

    def complete(self, samples: Float32) -> float:
        """Keep what the model hears in the sound."""
        self.heard.append(self._model.hears(samples))
        return 0.5


class Deaf:
    """A recogniser that finds no words: the layer is learnt from sound alone."""

    window_s = 28.0
    looks_ahead = False
    languages = frozenset({"en"})

    def transcribe(self, _samples: Float32) -> Transcript:
        """Find no words."""
        return Transcript("", "en", 0.0)


@dataclass(frozen=True, slots=True)
class FoundPause:
    """Where a pause is, and who speaks."""

    folder: Path
    file: str
    begin_s: float
    speaker: str


def gathered(folders: list[Path]) -> tuple[np.ndarray, np.ndarray, list[FoundPause]]:
    """What the model hears at each pause (n, 769), whether it is an end (n,), and where it is."""
    models = models_root()
    model = Keeping(SmartTurn(models / "turn-smart-v3" / "smart-turn-v3.2-cpu.onnx"))
    detector = Silero(models / "vad-silero" / "silero_vad_16k_op15.onnx").session()
    judges = Judges(detector, model, Deaf(), lambda _words: None)  # type: ignore[arg-type]  # duck-typed
    rows, ends, places = [], [], []
    for folder in folders:
        for label in read_labels(folder):
            if label.split != "train" or label.voice.startswith(SYNTHETIC):
                continue
            model.heard.clear()
            for pause, hears in zip(replay(folder, label, judges).pauses, model.heard, strict=True):
                if pause.end_s - pause.begin_s >= HOLD_S[0]:
                    rows.append(hears)
                    ends.append(pause.end_s > label.turn_end_s)
                    speaker = label.voice.rstrip("0123456789")  # without the number of the dialogue
                    places.append(FoundPause(folder, label.file, pause.begin_s, speaker))
    return np.array(rows, float), np.array(ends, float), places


def fit(rows: np.ndarray, ends: np.ndarray, ridge: float) -> np.ndarray:
    """Logistic regression by Newton's method on standardised values: weights of `rows`, the constant last.

    Ends and pauses count alike in all, so that the constant is that of even odds.
    """
    mean, spread = rows.mean(axis=0), rows.std(axis=0) + 1e-6
    known = np.hstack([(rows - mean) / spread, np.ones((len(rows), 1))])
    share = np.where(ends == 1, 0.5 / ends.mean(), 0.5 / (1 - ends.mean()))
    held = np.full(known.shape[1], ridge)
    held[-1] = 1e-6
    weights = np.zeros(known.shape[1])
    for _ in range(12):
        p = 1 / (1 + np.exp(-known @ weights))
        gradient = known.T @ (share * (p - ends)) + held * weights
        curvature = (known * (share * p * (1 - p))[:, None]).T @ known + np.diag(held)
        weights -= np.linalg.solve(curvature, gradient)
    return np.append(weights[:-1] / spread, weights[-1] - (weights[:-1] * mean / spread).sum())


def out_of_fold(rows: np.ndarray, ends: np.ndarray, places: list[FoundPause], ridge: float) -> np.ndarray:
    """Log-odds of each pause, by a layer learnt from the other folds."""
    names = sorted({place.speaker for place in places})
    fold = np.array([names.index(place.speaker) % FOLDS for place in places])
    found = np.zeros(len(ends))
    for number in range(FOLDS):
        weights = fit(rows[fold != number], ends[fold != number], ridge)
        found[fold == number] = rows[fold == number] @ weights[:-1] + weights[-1]
    return found


def area(found: np.ndarray, ends: np.ndarray) -> float:
    """Area under the curve: how often an end gets higher log-odds than a pause."""
    more = found[ends == 1][:, None] - found[ends == 0][None, :]
    return float((more > 0).mean() + 0.5 * (more == 0).mean())


def slope(found: np.ndarray, ends: np.ndarray) -> float:
    """What the log-odds are to be multiplied by to be as sure as they are right."""
    weights = fit(found[:, None], ends, 1e-6)
    return float(weights[0])


def main() -> int:
    """Learn the layer, print what it is worth, and write it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folders", type=Path, nargs="+")
    rows, ends, places = gathered(parser.parse_args().folders)
    speakers = len({place.speaker for place in places})
    print(f"{len(ends)} pauses of {speakers} speakers, {int(ends.sum())} of them ends")
    print(f"the model's own verdict: area {area(rows[:, -1], ends):.3f}")
    tried = {ridge: out_of_fold(rows, ends, places, ridge) for ridge in RIDGES}
    for ridge, found in tried.items():
        print(f"ridge {ridge:g}: area {area(found, ends):.3f}, slope {slope(found, ends):.2f}")
    ridge = max(tried, key=lambda ridge: area(tried[ridge], ends))
    sure = slope(tried[ridge], ends)
    write_found(places, tried[ridge] * sure)
    write_layer(fit(rows, ends, ridge) * sure)
    return 0


def write_found(places: list[FoundPause], found: np.ndarray) -> None:
    """Write the log-odds of the pauses into their folders, by recording and beginning of the pause."""
    kept: dict[Path, dict[str, dict[str, float]]] = {}
    for place, log_odds in zip(places, found, strict=True):
        of_file = kept.setdefault(place.folder, {}).setdefault(place.file, {})
        of_file[f"{place.begin_s:.3f}"] = round(float(log_odds), 3)
    for folder, files in kept.items():
        (folder / "melody.json").write_text(json.dumps(files), encoding="utf-8")


def write_layer(weights: np.ndarray) -> None:
    """Write the layer into its module."""
    text = b85encode(weights.astype("<f2").tobytes()).decode()
    lines = [text[at : at + TEXT_COLUMNS] for at in range(0, len(text), TEXT_COLUMNS)]
    path = Path(melody.__file__)
    before, _, rest = path.read_text(encoding="utf-8").partition("WEIGHTS = (")
    after = rest[rest.index('\n)\n"""') :]
    quoted = "".join(
        f"\n    {json.dumps(line)}" for line in lines
    )  # in double quotes, as the formatter has it
    path.write_text(f"{before}WEIGHTS = ({quoted}{after}", encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
