"""Fits the weights of the turn decision to the train split of a labelled set; prints them and what they do.

    .venv/bin/python scripts/turn/turn_set.py FOLDER
    .venv/bin/python scripts/turn/turn_fit.py FOLDER [OTHER ...] [--held-out]

The turns of FOLDER, which are like those that people say to an agent, count FIRST_COUNTS times as much as
those of the OTHER folders, each as a whole. The script keeps the evidence of each pause in
FOLDER/evidence.jsonl, so that only the first run takes minutes. Without --held-out it does not look at that
split: figures are worth nothing on turns that somebody has tuned the decision on.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import sys
from functools import cache
from math import exp
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent.parent))

from voicecli.bench.labels import Label, read_labels
from voicecli.bench.turns import Judges, Pause, Replayed, best, curves, replay
from voicecli.config import ConversationConfig, GenerateConfig, TurnConfig
from voicecli.listen.gate.detect import Silero
from voicecli.listen.whisper.transcriber import Transcriber
from voicecli.listen.whisper.whisper import Whisper
from voicecli.models.store import models_root
from voicecli.reply.conversation.prompt import begin
from voicecli.reply.embedded import EmbeddedGenerator
from voicecli.reply.gguf import Gguf
from voicecli.turn import decision
from voicecli.turn.complete import SmartTurn
from voicecli.turn.decision import Evidence, features
from voicecli.turn.witness import Ending

RIDGE = 1.0
"""Ridge regularisation: how much the squared weights count beside the log-likelihood. It keeps the weights of
rare features small."""
SYNTHETIC = ("piper", "flite", "espeak-ng")
"""How the names of synthetic voices begin. Only people teach what sound is worth: other melody tells
little."""
FIRST_COUNTS = 3.0
"""How often the first folder counts. A choice: with 1 its turns are cut off as often as before, and with 3
the turns of acted dialogue are still cut off less often than before (docs/decisions/0031)."""
KINDS: dict[str, str | tuple[str, ...]] = {
    "all": "",
    "neural": "piper",
    "flat": ("flite", "espeak-ng"),
}
"""Kinds of voices, and how the names of their voices begin."""


SOUND_BESIDE_ENDING = 0.6
"""Weight of the sound where the ending is known. It is given, not fitted: people's melody tells more than
this, that of synthesisers nothing."""

SIGNS = {
    **dict.fromkeys(("sound", "ends", "asks", "short answer", "ending", "finished"), 1),
    **dict.fromkeys(("goes on", "hangs", "dictates"), -1),
}
"""The sign that each weight must have. Where the fit gives the other one, for want of examples, it is 0."""


def load_judges() -> Judges:
    """Load the models of a talk; Whisper gets one thread, as it does on two cores."""
    models = models_root()
    transcriber = Transcriber(Whisper(models / "whisper-base", threads=1), "en")
    transcriber.warm()
    gguf = next((models / "llm-qwen2-5-coder-0-5b").glob("*.gguf"))  # what answers on two cores
    generator = EmbeddedGenerator(Gguf(GenerateConfig(), gguf))
    conversation = begin(ConversationConfig(history_tokens=0), generator)
    generator.warm(conversation.messages_for(""))
    return Judges(
        Silero(models / "vad-silero" / "silero_vad_16k_op15.onnx").session(),
        SmartTurn(models / "turn-smart-v3" / "smart-turn-v3.2-cpu.onnx"),
        transcriber,
        lambda words: generator.ending(conversation.messages_for(words)),
    )


def gathered(folder: Path, labels: list[Label]) -> list[Replayed]:
    """Give the evidence of all turns; replay those that are not yet in the file of evidence, and add them."""
    path = folder / "evidence.jsonl"
    kept: dict[str, list[Pause]] = {}
    if path.is_file():
        for line in path.read_text(encoding="utf-8").splitlines():
            found = json.loads(line)
            kept[found["file"]] = [_pause(**pause) for pause in found["pauses"]]
    missing = [label for label in labels if label.file not in kept]
    if missing:
        judges = load_judges()
        with path.open("a", encoding="utf-8") as file:
            for label in missing:
                kept[label.file] = replay(folder, label, judges).pauses
                pauses = [dataclasses.asdict(pause) for pause in kept[label.file]]
                file.write(json.dumps({"file": label.file, "pauses": pauses}) + "\n")
    return [Replayed(label, _unknown(folder, label.file, kept[label.file])) for label in labels]


def _unknown(folder: Path, file: str, pauses: list[Pause]) -> list[Pause]:
    """The same pauses. Where the turn model knows the speaker, `sound` is by a layer that does not."""
    path = folder / "melody.json"
    found = _melody(path).get(file, {}) if path.is_file() else {}
    return [_heard(pause, found.get(f"{pause.begin_s:.3f}")) for pause in pauses]


def _heard(pause: Pause, log_odds: float | None) -> Pause:
    if log_odds is None:
        return pause
    evidence = dataclasses.replace(pause.evidence, sound=1 / (1 + exp(-log_odds)))
    return dataclasses.replace(pause, evidence=evidence)


@cache
def _melody(path: Path) -> dict[str, dict[str, float]]:
    """What melody_fit.py wrote there: log-odds by recording and beginning of the pause."""
    found: dict[str, dict[str, float]] = json.loads(path.read_text(encoding="utf-8"))
    return found


def _pause(begin_s: float, end_s: float, evidence: dict[str, Any]) -> Pause:
    """A pause as the file of evidence has it."""
    ending = evidence.pop("ending")
    return Pause(begin_s, end_s, Evidence(**evidence, ending=None if ending is None else Ending(*ending)))


def examples(turns: list[Replayed], names: list[str], *, with_ending: bool) -> tuple[np.ndarray, np.ndarray]:
    """Features (n, names), and whether each pause is the end of its turn (n,).

    With `with_ending`, one row a pause, with all that is known. Without, each pause has a row in which also
    the sound is unknown. A person's pause has two more: the sound is known, with and without the words.
    """
    rows, ends = [], []
    for replayed in turns:
        for pause in replayed.pauses:
            unknowns: tuple[tuple[str, ...], ...] = ((),)
            if not with_ending:
                unknowns = (("ending", "sound"),)
                if not replayed.label.voice.startswith(SYNTHETIC):
                    unknowns += (("ending",), ("ending", "words"))
            for unknown in unknowns:
                found = features(dataclasses.replace(pause.evidence, **dict.fromkeys(unknown)))
                rows.append([found.get(name, 0.0) for name in names])
                ends.append(pause.end_s > replayed.label.turn_end_s)
    return np.array(rows), np.array(ends, float)


def fit(
    rows: np.ndarray, ends: np.ndarray, counts: np.ndarray, free: np.ndarray, given: np.ndarray
) -> np.ndarray:
    """Logistic regression by Newton's method.

    `counts`: how much each row counts. `free`: 1 for each weight that `RIDGE` holds near 0. `given`: log-odds
    of each row that are not fitted.
    """
    weights = np.zeros(rows.shape[1])
    for _ in range(50):
        p = 1 / (1 + np.exp(-rows @ weights - given))
        gradient = rows.T @ (counts * (p - ends)) + RIDGE * free * weights
        curvature = (rows * (counts * p * (1 - p))[:, None]).T @ rows + np.diag(RIDGE * free + 1e-6)
        weights -= np.linalg.solve(curvature, gradient)
    return weights


def fit_table(folders: list[list[Replayed]], table: dict[str, float], *, with_ending: bool) -> None:
    """Fit the weights, put them into the table, and print them."""
    names = list(table)
    found = [examples(turns, names, with_ending=with_ending) for turns in folders]
    rows, ends = (np.concatenate(parts) for parts in zip(*found, strict=True))
    shares = [FIRST_COUNTS if first else 1.0 for first in (True, *[False] * (len(found) - 1))]
    counts = np.concatenate(
        [np.full(len(of), share / len(of)) for (_, of), share in zip(found, shares, strict=True)]
    )
    counts *= len(ends) / counts.sum()
    given = np.zeros(len(rows))
    if with_ending:
        sound = names.index("sound")
        given = SOUND_BESIDE_ENDING * rows[:, sound]
        rows[:, sound] = 0.0
    free = np.array([name != "always" for name in names], float)
    weights = fit(rows, ends, counts, free, given)
    while wrong := [at for at, name in enumerate(names) if weights[at] * SIGNS.get(name, 0) < 0]:
        rows[:, wrong] = 0.0
        weights = fit(rows, ends, counts, free, given)
    if with_ending:
        weights[names.index("sound")] = SOUND_BESIDE_ENDING
    print(f"{len(rows)} examples, {int(ends.sum())} of them ends")
    for name, weight in zip(names, weights, strict=True):
        print(f'    "{name}": {weight:.2f},')
        table[name] = round(float(weight), 2)


def report(split: str, all_turns: list[Replayed]) -> None:
    """Print, by kind of voice, the best of each way to decide, and ours with the default settings."""
    kinds = {
        kind: [turn for turn in all_turns if turn.label.voice.startswith(voices)]
        for kind, voices in KINDS.items()
    }
    kinds["people"] = [turn for turn in all_turns if not turn.label.voice.startswith(SYNTHETIC)]
    for kind, turns in kinds.items():
        if turns:
            report_kind(f"{split}, {kind}", turns)


def report_kind(split: str, turns: list[Replayed]) -> None:
    """Print the same of these turns, under this name."""
    print(f"\n{split}: {len(turns)} turns, {sum(t.label.pauses for t in turns)} labelled pauses inside")
    found = curves(turns, TurnConfig())
    shown = {name: best(points) for name, points in found.ways.items()}
    for name, point in (*shown.items(), ("as it is set", found.as_set)):
        if point is None:
            print(f"{name:16} none with so few cut-offs")
            continue
        low, high = point.cut_off_bounds
        print(
            f"{name:16} {point.setting:28} cut off {point.cut_off:3} = {100 * point.cut_off_rate:4.1f} % "
            f"({100 * low:.1f}-{100 * high:.1f}), dead air median {point.dead_air_s:.2f} s, "
            f"p90 {point.dead_air_p90_s:.2f} s, missed {point.missed}"
        )


def main() -> int:
    """Fit the weights to the train split, and print what they do."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folders", type=Path, nargs="+")
    parser.add_argument("--held-out", action="store_true", help="show the figures of that split, too")
    args = parser.parse_args()
    labels = {folder: read_labels(folder) for folder in args.folders}

    def turns_of(split: str, folder: Path) -> list[Replayed]:
        return gathered(folder, [label for label in labels[folder] if label.split == split])

    train = [turns_of("train", folder) for folder in args.folders]
    fit_table(train, decision.WEIGHTS_WITHOUT_ENDING, with_ending=False)
    fit_table(train, decision.WEIGHTS, with_ending=True)
    for folder, turns in zip(args.folders, train, strict=True):
        report(f"{folder.name}, train", turns)
        if args.held_out:
            report(f"{folder.name}, held-out", turns_of("held-out", folder))
    return 0


if __name__ == "__main__":
    sys.exit(main())
