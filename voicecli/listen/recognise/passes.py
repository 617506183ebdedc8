"""Passes over what is being said -> its words: again and again while it goes on, once more at a pause."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from voicecli.listen.recognise.mixed import may_be_mixed, parts_of
from voicecli.listen.whisper.guards import missed
from voicecli.messages import Transcript

if TYPE_CHECKING:
    from voicecli.listen.recogniser import Recogniser
    from voicecli.messages import Utterance

NO_WORDS = Transcript(text="", language="", confidence=0.0)


@dataclass(frozen=True, slots=True)
class _Pass:
    """The newest pass, and what it gave."""

    segment: int = 0
    until: float = 0.0
    """When the last sample that it heard was captured, s."""
    transcript: Transcript = NO_WORDS
    missed: bool = False
    """In a part of the sound somebody speaks, and the pass found no words."""
    provisional: bool = True


class Passes:
    """Makes passes. Where the newest pass heard all words so far, its result is used again."""

    def __init__(self, recogniser: Recogniser) -> None:
        self._recogniser = recogniser
        self._newest = _Pass()

    def over(
        self, utterance: Utterance, segment: int, *, paused: bool, language: str
    ) -> tuple[Transcript, bool]:
        """The utterance's words, and whether a part of it is speech in which no words were found.

        `segment` is the number of its segment. `paused`: the user has paused, so the pass is final.
        `language` is the one spoken last, "" if unknown. Raises EngineError.
        """
        if not utterance.complete:  # the gate split it: more follows, and no pass comes back to this part
            self._newest = _Pass()
            return self._written_down(utterance, language)
        newest = self._newest
        heard_all = newest.segment == segment and newest.until >= utterance.words_ended_at
        if heard_all and newest.transcript.text and not (paused and self._unsettled(utterance)):
            return newest.transcript, newest.missed
        if paused:
            words, part_missed = self._written_down(utterance, language)
        else:
            samples, clear_s = utterance.samples, utterance.clear_s
            words = self._recogniser.transcribe(samples, provisional=True, clear_s=clear_s)
            part_missed = False
        self._newest = _Pass(segment, utterance.decided_at, words, part_missed, provisional=not paused)
        return words, part_missed

    def _written_down(self, utterance: Utterance, language: str) -> tuple[Transcript, bool]:
        """As `over` gives them, by a final pass: each part is written down in its own language."""
        parts = parts_of(utterance, self._recogniser, language)
        found = [
            self._recogniser.transcribe(part.samples, language=part.language, clear_s=part.clear_s)
            for part in parts
        ]
        part_missed = any(missed(given, part.clear_s) for given, part in zip(found, parts, strict=True))
        return joined(found), part_missed

    def _unsettled(self, utterance: Utterance) -> bool:
        """Whether another pass may find other words, although the newest one heard the same sound."""
        mixed = self._newest.provisional and may_be_mixed(utterance, self._recogniser)
        return mixed or not self._newest.transcript.settled


def joined(pieces: list[Transcript]) -> Transcript:
    """One transcript of what was heard in pieces."""
    spoken = [piece for piece in pieces if piece.text]
    likely = max((piece.spoken for piece in pieces), default=0.0)
    if not spoken:
        reason = next((piece.reason for piece in pieces if piece.reason), "")
        return replace(NO_WORDS, spoken=likely, reason=reason)
    text = " ".join(piece.text for piece in spoken)
    return Transcript(text, spoken[-1].language, min(piece.confidence for piece in spoken), likely)
