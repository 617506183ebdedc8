"""A folder of labelled recordings of turns: `labels.jsonl` -> labels.

The file has a line for each recording, a JSON object:

    file        name of the recording in the folder, any kind `voicecli transcribe` reads
    turn_end_s  where the speaker has finished, seconds; silence or noise of 3 s or more follows
    split       "train" or "held-out"; "held-out" when it is absent
    language    ISO 639-1; "en" when absent
    asked       whether the agent had asked a question; false when absent
    pauses      inside the turn: [begin_s, end_s, kind], in time order; for counting only
    voice       who speaks; for the fit only

`scripts/turn/turn_set.py` makes such a folder.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from voicecli.errors import ConfigError

if TYPE_CHECKING:
    from pathlib import Path

LABELS = "labels.jsonl"


@dataclass(frozen=True, slots=True)
class LabelledPause:
    """A pause inside a turn, seconds into the recording."""

    begin_s: float
    end_s: float
    """Where the speaker goes on."""


@dataclass(frozen=True, slots=True)
class Label:
    """The label of one recording."""

    file: str
    turn_end_s: float
    split: str = "held-out"
    language: str = "en"
    asked: bool = False
    inside: tuple[LabelledPause, ...] = ()
    """The pauses inside the turn."""
    voice: str = ""
    """Who speaks."""

    @property
    def pauses(self) -> int:
        """Number of pauses inside the turn."""
        return len(self.inside)


def read_labels(folder: Path) -> list[Label]:
    """Read the labels. Raises ConfigError for a file that is absent or holds something else."""
    path = folder / LABELS
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(
            f"{path} cannot be read", "scripts/turn/turn_set.py makes a labelled folder"
        ) from error
    labels = [_label(path, number, line) for number, line in enumerate(lines, 1) if line.strip()]
    if not labels:
        raise ConfigError(f"{path} is empty", "scripts/turn/turn_set.py makes a labelled folder")
    return labels


def _label(path: Path, number: int, line: str) -> Label:
    try:
        found = json.loads(line)
        label = Label(
            file=found["file"],
            turn_end_s=float(found["turn_end_s"]),
            split=found.get("split", "held-out"),
            language=found.get("language", "en"),
            asked=bool(found.get("asked", False)),
            inside=tuple(LabelledPause(float(one[0]), float(one[1])) for one in found.get("pauses", [])),
            voice=str(found.get("voice", "")),
        )
    except (ValueError, TypeError, LookupError, AttributeError, ArithmeticError, RecursionError) as error:
        raise ConfigError(
            f"{path} line {number} is no label", 'want {"file": ..., "turn_end_s": ...}'
        ) from error
    if not isinstance(label.file, str) or label.split not in ("train", "held-out"):
        raise ConfigError(
            f"{path} line {number} is no label", 'file must be a name, split "train" or "held-out"'
        )
    return label
