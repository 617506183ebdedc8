"""The two threads that know what was said: speech -> words -> drafts, and speech -> is the turn complete."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from voicecli import events
from voicecli.listen.guards import missed
from voicecli.listen.mixed import may_be_mixed, parts_of
from voicecli.listen.partial import Agreement, same_words
from voicecli.listen.words import word_evidence
from voicecli.messages import Draft, Speech, Transcript, Typed, Utterance, WordsSoFar
from voicecli.pipeline.times import TurnTimes

if TYPE_CHECKING:
    from voicecli.channel import Channel
    from voicecli.listen.complete import CompletionModel
    from voicecli.listen.transcribe import Transcriber
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
    ) -> None:
        self._transcriber = transcriber
        self._heard = heard
        self._turns = turns
        self._said = said
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
                self.overheard = speech.aside, self._pass(speech, utterance)
            case Speech():
                self._on_speech(speech, began_at)
            case Typed():
                self._on_typed(speech, began_at)
        ended_at = self._turns.clock.now()
        self._rest_until = ended_at + (ended_at - began_at) * (1 / SHARE - 1)
        self._busy = False

    def _on_speech(self, speech: Speech, began_at: float) -> None:
        if speech.turn != self._turn:
            self._turn, self._pieces, self._missed = speech.turn, [], False
            self._agreement = Agreement()
        if speech.utterance is None:
            self._propose(speech, NO_WORDS, began_at)
            return
        if not speech.utterance.complete:
            transcript, part_missed = self._written_down(speech.utterance)
            self._pieces.append(transcript)
            self._missed = self._missed or part_missed
            self._newest = _Pass()  # its words are in the piece
            return
        if not self._turns.may_count(speech.turn, speech.stretch):
            return  # the user went on: what comes next holds this as well
        transcript = self._transcript(speech, speech.utterance)
        if not (speech.paused or transcript.text):
            return
        self._language = transcript.language or self._language
        self._agreement.push(transcript.text)
        if self._agreement.text:
            partial = events.Partial(self._turns.elapsed_s(), speech.turn, self._agreement.text)
            self._turns.tell_partial(partial)
        if speech.paused or may_be_all(transcript):
            self._propose(speech, transcript, began_at)
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

    def _tell_missed(self, draft: Draft) -> None:
        """Say that words are missing, when the turn ends here."""
        if self._missed or self._newest.missed:
            found = PARTLY_CAUGHT if draft.transcript.text else NOT_CAUGHT
            self._turns.tell(draft, events.Warned(self._turns.elapsed_s(), *found, draft.turn))

    def _on_typed(self, typed: Typed, began_at: float) -> None:
        """Have the words answered as they are: there is no sound that could say otherwise."""
        transcript = Transcript(typed.text, self._language, 1.0) if typed.text else NO_WORDS
        number = self._turns.draft + 1
        self._draft = Draft(typed.turn, typed.stretch, number, transcript, repeats=not typed.text)
        self._turns.propose(self._draft, TurnTimes(draft_at=began_at, transcribed_at=began_at))
        self._turns.confirm(self._draft)
        self._said.put(self._draft)

    def _transcript(self, speech: Speech, utterance: Utterance) -> Transcript:
        """Words of the whole turn."""
        return joined([*self._pieces, self._pass(speech, utterance)])

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

    def _propose(self, speech: Speech, transcript: Transcript, began_at: float) -> None:
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
                self._tell_missed(draft)
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


class Judging:
    """Body of the thread that asks the turn model at each pause; knows only the newest answer."""

    def __init__(self, model: CompletionModel, judged: Channel[Speech], turns: Turns) -> None:
        self._model = model
        self._judged = judged
        self._turns = turns
        self._answer = (0, 0.0)

    def offer(self, speech: Speech) -> None:
        """Listening thread: have it judged, in place of one that waits."""
        self._judged.put(speech)

    def probability_of(self, stretch: int) -> float | None:
        """Listening thread: that the turn is complete after this stretch, when that is known."""
        known, probability = self._answer
        return probability if known == stretch else None

    def run(self) -> None:
        """Until `judged` closes."""
        while True:
            speech = self._judged.get()
            if speech.utterance is not None and speech.stretch == self._turns.stretch:
                self._answer = (speech.stretch, self._model.complete(speech.utterance.samples))


def joined(pieces: list[Transcript]) -> Transcript:
    """One transcript of a turn that was split because it grew long."""
    spoken = [piece for piece in pieces if piece.text]
    likely = max((piece.spoken for piece in pieces), default=0.0)
    if not spoken:
        return replace(NO_WORDS, spoken=likely)
    text = " ".join(piece.text for piece in spoken)
    return Transcript(text, spoken[-1].language, min(piece.confidence for piece in spoken), likely)
