"""Events of OpenAI's Realtime protocol -> the events of a talk, for a server that is no voicecli. Pure.

    speech_started, ...transcription.completed, response.created, ...delta, response.done      in
    speech_started, transcript, reply, speaking, interrupted, turn_done, listening             out

Such a server does not say when a clause sounds, or how much of a reply was heard. So a reply is cut into
clauses at the ends of sentences, they count as sounding once its sound has begun, and the turn is over when
all that came was played. The times of stages are not known.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from voicecli import events
from voicecli.satellite.protocol import meanings as it
from voicecli.satellite.protocol.sound_blocks import WIRE_HZ, ReplyBlock, samples_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from voicecli.satellite.protocol.meanings import Meaning
    from voicecli.satellite.protocol.requests import Json

LONGEST_CLAUSE = 200
"""Characters; a sentence without an end is cut there, at a space."""

LONGEST_REPLY = 20_000
"""Characters that are kept of a reply."""

_SENTENCE = re.compile(r"[.!?\u2026]+[\"')\]]*\s+|[\u3002\uff01\uff1f]")


@dataclass(slots=True)
class _Answer:
    """A response, while it is written and sounds."""

    number: int
    turn: int
    item_id: str = ""
    rest: str = ""
    """What of it is no clause yet."""
    clauses: list[str] = field(default_factory=list)
    sounded: int = 0
    """Clauses that were told to sound."""
    sent_samples: int = 0
    done: bool = False


class PlainTalk:
    """One session."""

    def __init__(self) -> None:
        self._turn = 0
        self._replies = 0
        self._words = ""  # of the user, so far
        self._answer: _Answer | None = None

    def take(self, kind: str, message: Json, t: float) -> Iterator[Meaning]:  # noqa: C901  # a case a kind
        """What a message means. Raises ValueError, TypeError."""
        match kind:
            case "input_audio_buffer.speech_started":
                yield from self._interrupted(t)
                self._turn, self._words = self._turn + 1, ""
                yield it.EventTold(events.SpeechBegan(t, self._turn))
            case "conversation.item.input_audio_transcription.delta":
                self._words = (self._words + _text(message.get("delta")))[:LONGEST_REPLY]
                if self._words.strip():
                    yield it.EventTold(events.Partial(t, self._turn, self._words.strip()))
            case "conversation.item.input_audio_transcription.completed":
                words = _text(message.get("transcript")).strip()[:LONGEST_REPLY]
                language = message.get("language")
                if words:
                    code = language[:10] if isinstance(language, str) else ""
                    yield it.EventTold(events.Heard(t, self._turn, words, code, 1.0))
            case "response.created":
                yield from self._over(t)
                self._turn = max(1, self._turn)
                self._replies += 1
                self._answer = _Answer(self._replies, self._turn)
            case "response.output_audio.delta" | "response.audio.delta":
                yield from self._sound(message, t)
            case (
                "response.output_audio_transcript.delta"
                | "response.audio_transcript.delta"
                | "response.output_text.delta"
            ):
                yield from self._written(_text(message.get("delta")), t)
            case "response.output_audio.done" | "response.audio.done":
                yield it.AllSent()
            case "output_audio_buffer.cleared":
                yield from self._interrupted(t)
            case "response.done":
                yield from self._done(message, t)
            case _:
                pass

    def played(self, t: float) -> Iterator[Meaning]:
        """All that came was played: a reply that is written to its end is over."""
        if self._answer is not None and self._answer.done:
            yield from self._over(t)

    def typed(self, text: str, t: float) -> Iterator[Meaning]:
        """The user typed a line, which the server does not tell."""
        yield from self._interrupted(t)
        self._turn += 1
        yield it.EventTold(events.Heard(t, self._turn, text, "", 1.0))

    def _sound(self, message: Json, t: float) -> Iterator[Meaning]:
        answer = self._answer
        if answer is None:
            return
        answer.item_id = answer.item_id or _text(message.get("item_id"))[:LONGEST_CLAUSE]
        samples = samples_of(message.get("delta"))
        start_ms = answer.sent_samples * 1000 // WIRE_HZ
        answer.sent_samples += len(samples)
        yield it.Sounds(ReplyBlock(answer.number, start_ms, samples))
        yield from self._sounding(answer, t)

    def _written(self, text: str, t: float) -> Iterator[Meaning]:
        answer = self._answer
        if answer is None or sum(map(len, answer.clauses)) > LONGEST_REPLY:
            return
        answer.rest += text
        while (end := _clause_end(answer.rest)) > 0:
            clause, answer.rest = answer.rest[:end], answer.rest[end:]
            yield from self._clause(answer, clause, t)

    def _clause(self, answer: _Answer, text: str, t: float) -> Iterator[Meaning]:
        if words := " ".join(text.split()):
            yield it.EventTold(events.ReplyClause(t, answer.turn, len(answer.clauses), words))
            answer.clauses.append(words)
            yield from self._sounding(answer, t)

    def _sounding(self, answer: _Answer, t: float) -> Iterator[Meaning]:
        """Tell the clauses that are written to sound, once the sound has begun."""
        while answer.sent_samples and answer.sounded < len(answer.clauses):
            index = answer.sounded
            answer.sounded += 1
            yield it.EventTold(events.Speaking(t, answer.turn, index, answer.clauses[index]))

    def _done(self, message: Json, t: float) -> Iterator[Meaning]:
        answer = self._answer
        if answer is None:
            return
        response = message.get("response")
        status = response.get("status") if isinstance(response, dict) else ""
        yield from self._clause(answer, answer.rest, t)
        answer.rest, answer.done = "", True
        yield it.AllSent()
        if status in ("cancelled", "failed"):
            yield from self._interrupted(t)
        elif not answer.sent_samples:
            yield from self._over(t)

    def _interrupted(self, t: float) -> Iterator[Meaning]:
        """Whatever sounds, sounds no more."""
        answer, self._answer = self._answer, None
        yield it.Cleared(self._replies)
        if answer is None:
            return
        if answer.item_id:
            yield it.Cut(answer.item_id)
        heard = " ".join(answer.clauses[: answer.sounded])
        yield it.EventTold(events.Interrupted(t, answer.turn, heard))
        yield it.EventTold(events.TurnDone(t, answer.turn, heard))
        yield it.EventTold(events.Listening(t))

    def _over(self, t: float) -> Iterator[Meaning]:
        answer, self._answer = self._answer, None
        if answer is None:
            return
        yield from self._clause(answer, answer.rest, t)
        heard = " ".join(answer.clauses[: answer.sounded])
        yield it.EventTold(events.TurnDone(t, answer.turn, heard))
        yield it.EventTold(events.Listening(t))


def _clause_end(text: str) -> int:
    """Where its first clause ends; 0 while that is not certain."""
    if (found := _SENTENCE.search(text)) is not None:
        return found.end()
    return (text.rfind(" ", 0, LONGEST_CLAUSE) + 1 or LONGEST_CLAUSE) if len(text) > LONGEST_CLAUSE else 0


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
