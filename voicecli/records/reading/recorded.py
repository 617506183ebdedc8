"""A folder that a recorder made, read again. Anybody may have changed it: all is checked before it is used.

Raises AudioFileError, in one line, for whatever is not as docs/recordings.md describes it.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, NoReturn

from voicecli.audio.recordings.recording import Recording
from voicecli.errors import AudioFileError
from voicecli.events import Heard, Interrupted, TurnDone
from voicecli.records import notes
from voicecli.records.reading.tally import TalkTally
from voicecli.waiting.buffers import LOST

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from voicecli.events import Event
    from voicecli.messages import Float32

LONGEST_LINE = 1_000_000
"""Bytes. A line of a recording has less than a hundredth of it."""

MOST_LINES = 10_000_000
"""Lines that are read: years of talk."""

USER, AGENT = 1, 2
"""Channels of the sound."""


@dataclass(frozen=True, slots=True)
class SoundPiece:
    """A file of sound and the time of its first sample, s from the start of the talk."""

    path: Path
    t: float


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the transcript."""

    number: int
    """From 1 on."""
    name: str
    t: float
    fields: Mapping[str, object]

    def text(self, name: str) -> str:
        """A field that holds words; empty where it is absent or something else."""
        value = self.fields.get(name)
        return value if isinstance(value, str) else ""

    def turn(self) -> int:
        """The turn it belongs to; 0 where it belongs to none."""
        value = self.fields.get("turn")
        return value if isinstance(value, int) else 0

    def numbers(self, name: str) -> dict[str, float]:
        """A field that holds named numbers; what in it is none is left out."""
        value = self.fields.get(name)
        if not isinstance(value, dict):
            return {}
        return {
            str(key): number
            for key, number in value.items()
            if isinstance(number, int | float) and abs(number) < 1e12  # NaN fails the comparison, too
        }


class Recorded:
    """A recorded talk."""

    def __init__(self, folder: Path) -> None:
        """Look whether it is one. Raises AudioFileError."""
        self.folder = folder
        self._transcript = folder / notes.TRANSCRIPT
        try:
            is_one = self._transcript.is_file()
        except (OSError, ValueError):
            is_one = False
        if not is_one:
            raise AudioFileError(
                f"{folder} is no recorded talk: it has no {notes.TRANSCRIPT}",
                "give a folder that --record made",
            )

    def lines(self) -> Iterator[Line]:
        """All lines, in order. A last line that was cut off is left out."""
        try:
            with self._transcript.open("rb") as file:
                for number in range(1, MOST_LINES):
                    text = file.readline(LONGEST_LINE + 1)
                    if len(text) > LONGEST_LINE:
                        raise self._refusal(number, "is too long")
                    if not text.endswith(b"\n"):
                        return
                    yield self._line(number, text)
        except OSError as error:
            raise AudioFileError(
                f"{self._transcript} cannot be read ({error.strerror})", "check its permissions"
            ) from error

    def _line(self, number: int, text: bytes) -> Line:
        try:
            found = json.loads(text, parse_constant=_no_number)
        except (ValueError, RecursionError):
            raise self._refusal(number, "is not JSON") from None
        match found:
            case {"event": str(name), "t": float() | int() as t} if abs(t) < 1e9 and math.isfinite(t):
                return Line(number, name, float(t), found)
            case _:
                raise self._refusal(number, "has no event and time")

    def _refusal(self, number: int, why: str) -> AudioFileError:
        return AudioFileError(f"{self._transcript}, line {number} {why}", "record the talk again")

    def pieces(self) -> list[SoundPiece]:
        """The files of sound that are there, in order. Raises AudioFileError where there is none."""
        # Names come from the folder, not from the transcript: that could name any file.
        found = sorted(path for path in self.folder.glob("conversation*.flac") if path.is_file())
        if not found:
            raise AudioFileError(f"{self.folder} has no sound in it", "give a folder that --record made")
        times = {line.text("file"): line.t for line in self.lines() if line.name == "sound"}
        pieces, t = [], 0.0
        for path in found:
            t = times.get(path.name, t)
            pieces.append(SoundPiece(path, t))
        return sorted(pieces, key=lambda piece: piece.t)

    def side(self, rate_hz: int, channel: int) -> Iterator[Float32]:
        """The sound of one side, (n,) float32 blocks, all pieces one after the other."""
        for piece in self.pieces():
            yield from Recording(piece.path, rate_hz, channel=channel)

    def events(self) -> Iterator[Event]:
        """Words, interruptions and ends of turns, as a talk told them."""
        for line in self.lines():
            if (event := event_of(line)) is not None:
                yield event

    def tally(self) -> TalkTally:
        """The figures of the talk."""
        tally = TalkTally()
        for line in self.lines():
            if (event := event_of(line)) is not None:
                tally.add(event)
            elif line.name == "losses":
                losses = line.numbers("losses")
                tally.losses = {name: int(losses[name]) for name in LOST if name in losses}
        return tally


def event_of(line: Line) -> Event | None:
    """The event that a line holds, of those that figures and comparisons need."""
    match line.name:
        case "transcript":
            return Heard(line.t, line.turn(), line.text("text"), line.text("language"), 0.0)
        case "interrupted":
            return Interrupted(line.t, line.turn(), line.text("heard"))
        case "turn_done":
            return TurnDone(line.t, line.turn(), line.text("heard"), line.numbers("latency_ms"))
        case _:
            return None


def _no_number(name: str) -> NoReturn:
    raise ValueError(name)
