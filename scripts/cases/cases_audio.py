"""Sound files -> whether `voicecli transcribe --json` writes down what is said in them.

The files are those of FOLDER/audio that its INDEX.tsv lists, and files of the same kinds that
`cases_audio_made.py` makes from speech.
"""

from __future__ import annotations

import csv
import json
import re
import subprocess
import sys
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import cases_audio_made
from cases import Outcome, wanted

from voicecli.bench.word_errors import distance, normalised

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

TIMEOUT_S = 900.0
KINDS = {
    "01": "a tag that is not UTF-8",
    "02": "the form changes in the middle",
    "04": "damage in the middle",
    "05": "a header that lies",
    "07": "samples out of range",
    "08": "telephone, faint, far, offset",
    "10": "two languages",
    "11": "longer than a window",
    "13": "silence, then speech",
    "14": "a whisper",
    "16": "a recorder that was forgotten",
}
ROUND = "one two three"
FRENCH = "et c'est la dictée numéro un"
WHISPERED = "What time does the museum open on Sunday?"


@dataclass(frozen=True, slots=True)
class WantedOfFile:
    """What is right for one file."""

    path: Path
    says: tuple[str, ...] = (ROUND,)
    """Texts, of which any is right."""
    errors: float = 0.0
    """Share of the words that may be wrong."""
    ends_only: bool = False
    """Whether the first three and the last three words must also be those of the text."""
    audio_s: float | None = None
    """How long the sound is; None: not judged."""
    warns: bool = False
    """Whether one line on stderr must tell of damage."""
    languages: tuple[str, ...] = ()
    """Languages that must be found, in this order. Empty: the command is told that English is spoken."""


@dataclass(frozen=True, slots=True)
class HeardFile:
    """What the program made of a file."""

    text: str
    languages: tuple[str, ...]
    audio_s: float
    code: int
    stderr: str


def outcomes(folder: Path, only: Collection[str]) -> Iterator[Outcome]:
    """Run every case that the user asked for."""
    with tempfile.TemporaryDirectory() as temporary:
        made = [
            WantedOfFile(path, one.says, one.errors, one.ends_only, one.audio_s, one.warns, one.languages)
            for one, path in cases_audio_made.files(Path(temporary), lambda case: wanted(case, only))
        ]
        files = [case for case in _given(folder / "audio") if wanted(case.path.name, only)] + made
        for group in (
            [case for case in files if case.languages],
            [case for case in files if not case.languages and not case.warns],
        ):
            for case, heard in zip(group, _transcribed(group), strict=True):
                yield _outcome(case, heard)
        for case in files:
            if case.warns:  # a process of its own, because its line on stderr and exit code are judged, too
                yield _outcome(case, next(_transcribed([case])))


def _given(folder: Path) -> Iterator[WantedOfFile]:
    if not (folder / "INDEX.tsv").is_file():
        return
    with (folder / "INDEX.tsv").open(encoding="utf-8", newline="") as index:
        names = [row[0] for row in csv.reader(index, delimiter="\t", quoting=csv.QUOTE_NONE) if row]
    rounds = f"{ROUND} {ROUND}"
    special = {
        "02": WantedOfFile(folder, (rounds,), audio_s=5.6),
        "04": WantedOfFile(folder, (rounds, f"{rounds} {ROUND}"), 0.5, warns=True, ends_only=True),
        "05-two-data.wav": WantedOfFile(folder, (ROUND, "one", "one two")),
        "08-two-sides-24-db-apart.wav": WantedOfFile(folder, (rounds,)),
        "08-peak-minus-60-dbfs.wav": WantedOfFile(folder, (ROUND, "")),
        "10": WantedOfFile(folder, (f"{ROUND} {FRENCH} {ROUND}",), 0.2, languages=("en", "fr", "en")),
        "13-three-seconds-of-one-bit.wav": WantedOfFile(folder, ("",)),
        "14": WantedOfFile(folder, (WHISPERED,), 0.3),
    }
    for name in names:
        case = special.get(name) or special.get(name[:2]) or WantedOfFile(folder)
        yield replace(case, path=folder / name)


def _transcribed(cases: Sequence[WantedOfFile]) -> Iterator[HeardFile]:
    """What the command gives for each, all in one process."""
    if not cases:
        return
    language = [] if cases[0].languages else ["--language", "en"]
    command = [sys.executable, "-m", "voicecli", "transcribe", "--json", *language]
    done = subprocess.run(
        [*command, "--", *(str(case.path) for case in cases)],
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S,
        check=False,
    )
    found = {entry["file"]: entry for entry in map(json.loads, done.stdout.splitlines())}
    for case in cases:
        entry = found.get(str(case.path))
        lines = [line for line in done.stderr.splitlines() if case.path.name in line or len(cases) == 1]
        if entry is None:
            yield HeardFile("", (), 0.0, done.returncode or 1, "\n".join(lines))
        else:
            spoken = tuple(stretch["language"] for stretch in entry.get("stretches", ()))
            code = done.returncode if len(cases) == 1 else 0
            yield HeardFile(entry["text"], spoken, entry["audio_s"], code, "\n".join(lines))


def _outcome(case: WantedOfFile, heard: HeardFile) -> Outcome:
    wrong = _wrong(case, heard)
    name = case.path.name
    kind = KINDS.get(name.removeprefix("own-")[:2], "")
    return Outcome(name, kind, not wrong, f"{heard.text!r}" + (f": {wrong}" if wrong else ""))


def _wrong(case: WantedOfFile, heard: HeardFile) -> str:
    """What is wrong with the outcome; empty where it is right."""
    if heard.code:
        return heard.stderr.strip().replace("\n", " / ") or f"exit code {heard.code}"
    words = spelled(heard.text)
    if not any(_says(spelled(said), words, case) for said in case.says):
        return f"not {case.says[0]!r}"
    if case.audio_s is not None and abs(heard.audio_s - case.audio_s) > 0.1:
        return f"{heard.audio_s:g} s, not {case.audio_s:g}"
    if case.warns and len(heard.stderr.splitlines()) != 1:
        return f"{len(heard.stderr.splitlines())} lines tell of the damage"
    if case.languages and heard.languages != case.languages:
        return f"languages {' '.join(heard.languages)}"
    return ""


def _says(said: list[str], words: list[str], case: WantedOfFile) -> bool:
    if case.ends_only and (words[:3] != said[:3] or words[-3:] != said[-3:]):
        return False
    return distance(said, words) <= case.errors * len(said)


def spelled(text: str) -> list[str]:
    """Words in the form that is compared: 123 is one two three."""
    return normalised(re.sub(r"\b123\b", "1 2 3", text))
