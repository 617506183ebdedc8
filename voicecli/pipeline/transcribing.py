"""The thread that knows what was said: speech -> words -> drafts."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from voicecli import events
from voicecli.listen.guards import missed
from voicecli.listen.mixed import may_be_mixed, parts_of
from voicecli.listen.partial import Agreement, same_words
from voicecli.listen.words import word_evidence
from voicecli.messages import Draft, Speech, Transcript, Typed, Utterance, WordsSoFar
from voicecli.pipeline.faults import TRANSCRIBER, Fault
from voicecli.pipeline.times import TurnTimes

if TYPE_CHECKING:
    from voicecli.channel import Channel
    from voicecli.listen.transcribe import Transcriber
    from voicecli.pipeline.faults import Faults
    from voicecli.pipeline.turns import Turns

SHARE = 0.5
"""Of the time, at most, that the transcriber spends on words that may still change: a pause may begin at any
moment, and waits for the pass that is going on."""

MIN_WORDS = 3
"""Fewer words are hardly ever all that is said when more sound follows."""

NOT_CAUGHT = ("I did not catch that", "please say it again")
"""Speech without words: what was found, and what to do."""

PARTLY_CAUGHT = ("I did not catch a part of that", "please say again what is missing")
"""The same of one piece of a long turn, of which others have words."""

NO_WORDS = Transcript(text="", language="", confidence=0.0)


@dataclass(frozen=True, slots=True)
class _Pass:
    """What the newest look at a turn gave."""

    stretch: int = 0
    until: float = 0.0
    """When the last sample met the air that it heard."""
    transcript: Transcript = NO_WORDS
    missed: bool = False
    """A part of it is speech without words."""
    provisional: bool = True


class Transcribing:
    """Body of the transcribing thread; decides what is worth a draft."""

    def __init__(
        self,
        transcriber: Transcriber,
        heard: Channel[Speech | Typed],
        turns: Turns,
        said: Channel[Draft | WordsSoFar],
        faults: Faults,
    ) -> None:
        self._transcriber = transcriber
        self._heard = heard
        self._turns = turns
        self._said = said
        self._faults = faults
        self._fault: Fault | None = None
        """What the newest pass over this turn that failed did so with."""
        self._turn = 0
        self._pieces: list[Transcript] = []
        """Of a turn that was split because it grew long."""
        self._missed = False
        """One of them is speech without words."""
        self._agreement = Agreement()
        self._draft: Draft | None = None
        """The newest."""
        self._language = ""
        """That the user spoke last, and is taken to type in."""
        self._newest = _Pass()
        self.overheard = (0, NO_WORDS)
        """Written by the transcribing thread: the newest aside and its words."""
        self._busy = False
        self._rest_until = 0.0

    def offer(self, speech: Speech | Typed) -> None:
        """Listening thread: have it transcribed; the oldest that waits is lost when too many do."""
        self._heard.put(speech)

    def has_time(self, *, dipped: bool) -> bool:
        """Listening thread: whether words that may still change can be looked at without being in the way.

        Between two looks it rests; not so where the words may be complete.
        """
        return not self._busy and (dipped or self._turns.clock.now() >= self._rest_until)

    def run(self) -> None:
        """Until `heard` closes."""
        while True:
            self.take(self._heard.get())

    def take(self, speech: Speech | Typed) -> None:
        """The next of `heard`."""
        began_at = self._turns.clock.now()
        self._busy = True
        match speech:
            case Speech(utterance=Utterance() as utterance) if speech.aside:
                self.overheard = speech.aside, self._words_of_aside(speech, utterance)
            case Speech():
                self._on_speech(speech, began_at)
            case Typed():
                self._on_typed(speech, began_at)
        ended_at = self._turns.clock.now()
        self._rest_until = ended_at + (ended_at - began_at) * (1 / SHARE - 1)
        self._busy = False

    def _on_speech(self, speech: Speech, began_at: float) -> None:
        if speech.turn != self._turn:
            self._turn, self._pieces, self._missed, self._fault = speech.turn, [], False, None
            self._agreement = Agreement()
        if speech.utterance is None:
            self._propose(speech, NO_WORDS, began_at)
            return
        if not speech.utterance.complete:
            self._on_piece(speech, speech.utterance)
            return
        if not self._turns.may_count(speech.turn, speech.stretch):
            return  # the user went on: what comes next holds this as well
        transcript, fault = self._transcript(speech, speech.utterance)
        self._fault = fault or self._fault
        if not (speech.paused or (transcript.text and fault is None)):
            return
        self._language = transcript.language or self._language
        self._agreement.push(transcript.text)
        if self._agreement.text:
            partial = events.Partial(self._turns.elapsed_s(), speech.turn, self._agreement.text)
            self._turns.tell_partial(partial)
        if speech.paused or may_be_all(transcript):
            self._propose(speech, transcript, began_at, fault)
            return
        if self._draft is not None and not same(self._draft.transcript, transcript):
            self._draft = None
            self._turns.withdraw()
        if not self._said.stats().fill:
            self._said.put(WordsSoFar(speech.turn, transcript.text))

    def _written_down(self, utterance: Utterance) -> tuple[Transcript, bool]:
        """All its words, each part in its own language, and whether a part is speech without words."""
        parts = parts_of(utterance, self._transcriber, self._language)
        found = [
            self._transcriber.transcribe(part.samples, language=part.language, clear_s=part.clear_s)
            for part in parts
        ]
        part_missed = any(missed(given, part.clear_s) for given, part in zip(found, parts, strict=True))
        return joined(found), part_missed

    def _tell_missed(self, draft: Draft, fault: Fault | None) -> None:
        """Say that words are missing, when the turn ends here, and what failed."""
        now = self._turns.elapsed_s()
        if fault is not None:
            kind = events.Warned if draft.transcript.text else events.Failed
            self._turns.tell(draft, kind(now, fault.found, fault.remedy, draft.turn))
            return
        if self._fault is not None:
            found = f"{self._fault.found}, and then worked"
            self._turns.tell(draft, events.Warned(now, found, "", draft.turn))
        if self._missed or self._newest.missed:
            missing = PARTLY_CAUGHT if draft.transcript.text else NOT_CAUGHT
            self._turns.tell(draft, events.Warned(now, *missing, draft.turn))

    def _on_typed(self, typed: Typed, began_at: float) -> None:
        """Have the words answered as they are: there is no sound that could say otherwise."""
        transcript = Transcript(typed.text, self._language, 1.0) if typed.text else NO_WORDS
        number = self._turns.draft + 1
        self._draft = Draft(typed.turn, typed.stretch, number, transcript, repeats=not typed.text)
        self._turns.propose(self._draft, TurnTimes(draft_at=began_at, transcribed_at=began_at))
        self._turns.confirm(self._draft)
        self._said.put(self._draft)

    def _on_piece(self, speech: Speech, utterance: Utterance) -> None:
        """More of the turn follows, and this is not looked at again."""
        written = self._faults.attempt(TRANSCRIBER, speech.turn, lambda: self._written_down(utterance))
        if isinstance(written, Fault):
            self._faults.warn(TRANSCRIBER, written)
        else:
            transcript, part_missed = written
            self._pieces.append(transcript)
            self._missed = self._missed or part_missed
        self._newest = _Pass()  # its words are in the piece

    def _words_of_aside(self, speech: Speech, utterance: Utterance) -> Transcript:
        """What fails is as if there were no words: the agent, which is held, goes on."""
        words = self._faults.attempt(TRANSCRIBER, speech.turn, lambda: self._pass(speech, utterance))
        if isinstance(words, Fault):
            self._faults.warn(TRANSCRIBER, words)
            return NO_WORDS
        return words

    def _transcript(self, speech: Speech, utterance: Utterance) -> tuple[Transcript, Fault | None]:
        """Words of the whole turn; of its pieces alone, where the rest fails."""
        words = self._faults.attempt(TRANSCRIBER, speech.turn, lambda: self._pass(speech, utterance))
        if isinstance(words, Fault):
            return joined(self._pieces), words
        return joined([*self._pieces, words]), None

    def _pass(self, speech: Speech, utterance: Utterance) -> Transcript:
        """Words of the utterance; those of the pass before, when it had heard all that can be heard."""
        newest = self._newest
        heard_all = newest.stretch == speech.stretch and newest.until >= utterance.words_ended_at
        if heard_all and newest.transcript.text and not (speech.paused and self._unsettled(utterance)):
            return newest.transcript
        if speech.paused:
            given = self._written_down(utterance)
        else:
            samples, clear_s = utterance.samples, utterance.clear_s
            given = self._transcriber.transcribe(samples, provisional=True, clear_s=clear_s), False
        self._newest = _Pass(speech.stretch, utterance.decided_at, *given, provisional=not speech.paused)
        return self._newest.transcript

    def _unsettled(self, utterance: Utterance) -> bool:
        """Whether another pass may find other words although the newest heard all."""
        mixed = self._newest.provisional and may_be_mixed(utterance, self._transcriber)
        return mixed or not self._newest.transcript.settled

    def _propose(
        self, speech: Speech, transcript: Transcript, began_at: float, fault: Fault | None = None
    ) -> None:
        """Have the words answered, unless they are being answered already or do not count any more."""
        if not self._turns.may_count(speech.turn, speech.stretch):
            return
        draft = self._draft
        known = draft is not None and draft.stretch == speech.stretch and same(draft.transcript, transcript)
        if draft is None or not known:
            draft = self._draft = Draft(speech.turn, speech.stretch, self._turns.draft + 1, transcript)
            times = TurnTimes(draft_at=began_at, transcribed_at=self._turns.clock.now())
            self._turns.propose(draft, times)
        if speech.paused:
            if speech.utterance is not None:
                self._tell_missed(draft, fault)
            self._turns.confirm(draft)
        if not known:
            self._said.put(draft)  # last: who takes it may find that the user went on, and it is the answer


def same(one: Transcript, other: Transcript) -> bool:
    """Whether two transcripts differ at most in punctuation and case."""
    return same_words(one.text, other.text)


def may_be_all(transcript: Transcript) -> bool:
    """Whether the user, still speaking, may be about to end with these words: worth a draft.

    A draft that comes to nothing costs time of a core that would be idle while the user speaks.
    """
    said = word_evidence(transcript.text, transcript.language)
    return (said.ends or said.asks) and said.words >= MIN_WORDS and not (said.hangs or said.goes_on)


def joined(pieces: list[Transcript]) -> Transcript:
    """One transcript of a turn that was split because it grew long."""
    spoken = [piece for piece in pieces if piece.text]
    likely = max((piece.spoken for piece in pieces), default=0.0)
    if not spoken:
        return replace(NO_WORDS, spoken=likely)
    text = " ".join(piece.text for piece in spoken)
    return Transcript(text, spoken[-1].language, min(piece.confidence for piece in spoken), likely)
