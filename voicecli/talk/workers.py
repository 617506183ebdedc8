"""Who carries out orders and reports what came of it: scribe, judge, author, voice. They decide nothing.

Each sleeps on an inbox of its own, and compares the number of what it works on with `void_before`, to know
that it is in vain. What an engine raises is reported with what it was asked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from voicecli.floor import facts, orders
from voicecli.floor.answering import CLAUSES_AHEAD
from voicecli.floor.faults import LANGUAGE_MODEL, TRANSCRIBER, TURN_MODEL, VOICE, Fault
from voicecli.floor.orders import End, GoOn, LetSound, ReadAhead, Say, Transcribe, Unsay, Write
from voicecli.listen.passes import NO_WORDS, Passes
from voicecli.messages import Clause, GenerationStats, SpokenChunk
from voicecli.reply.clauses import ClauseSplitter
from voicecli.reply.generate import Remark, TakenBack

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from voicecli.channel import Channel
    from voicecli.clock import Clock
    from voicecli.floor.orders import ToAuthor, ToVoice
    from voicecli.listen.complete import CompletionModel
    from voicecli.listen.transcribe import Transcriber
    from voicecli.messages import ChatMessage
    from voicecli.reply.generate import Generator
    from voicecli.speak.playback import Playback
    from voicecli.speak.synthesize import Synthesizer
    from voicecli.talk.attempts import Attempts

    Post: TypeAlias = Callable[[facts.Fact], None]
    VoidBefore: TypeAlias = Callable[[], int]

SHOWN_CHARS = 40
"""So much of a reply is kept, to be shown to the user where it has no words."""

TICK_S = 0.01
"""How often the voice looks at the loudspeaker's counters while its clauses sound: these cannot report."""


class Scribe:
    """Speech -> words."""

    def __init__(
        self, transcriber: Transcriber, attempts: Attempts, inbox: Channel[Transcribe], post: Post
    ) -> None:
        self._passes = Passes(transcriber)
        self._attempts = attempts
        self._inbox = inbox
        self._post = post

    def run(self) -> None:
        """Until the inbox closes."""
        while True:
            self.take(self._inbox.get())

    def take(self, order: Transcribe) -> None:
        """Write it down."""
        found = self._attempts.attempt(
            TRANSCRIBER,
            lambda: self._passes.over(
                order.utterance, order.segment, paused=order.paused, language=order.language
            ),
        )
        if isinstance(found, Fault):
            self._post(facts.Transcribed(order, NO_WORDS, fault=found))
        else:
            self._post(facts.Transcribed(order, *found))


class Judge:
    """Speech -> how likely the turn is over."""

    def __init__(
        self, model: CompletionModel, attempts: Attempts, inbox: Channel[orders.Judge], post: Post
    ) -> None:
        self._model = model
        self._attempts = attempts
        self._inbox = inbox
        self._post = post

    def run(self) -> None:
        """Until the inbox closes."""
        while True:
            self.take(self._inbox.get())

    def take(self, order: orders.Judge) -> None:
        """Judge it."""
        found = self._attempts.attempt(TURN_MODEL, lambda: self._model.complete(order.utterance.samples))
        fault = found if isinstance(found, Fault) else None
        probability = None if isinstance(found, Fault) else found
        self._post(facts.Judged(order.turn, order.segment, probability, fault))


class Author:
    """Words -> the clauses of a reply."""

    def __init__(
        self,
        generator: Generator,
        language: str,
        clock: Clock,
        attempts: Attempts,
        inbox: Channel[ToAuthor],
        post: Post,
        void_before: VoidBefore,
    ) -> None:
        """`language` is the voice's."""
        self._generator = generator
        self._language = language
        self._clock = clock
        self._attempts = attempts
        self._inbox = inbox
        self._post = post
        self._void_before = void_before

    def run(self) -> None:
        """Until the inbox closes."""
        while True:
            self.take(self._inbox.get())

    def take(self, order: ToAuthor) -> None:
        """Read, or write."""
        match order:
            case ReadAhead(number, messages, first):
                if first or self._generator.reads_ahead:
                    self._generator.notify = self._on_notice
                    self._in_passing(lambda: self._generator.warm(messages, self._void(number)), messages)
                if first:
                    self._in_passing(lambda: self._generator.ending(first), first)
                self._post(facts.HasRead(number))
            case Write():
                self._write(order)
            case GoOn():
                pass  # the reply was complete before it came

    def _void(self, number: int) -> Callable[[], bool]:
        return lambda: number < self._void_before()

    def _in_passing(self, call: Callable[[], object], messages: Sequence[ChatMessage]) -> None:
        """Do what saves time, and is not missed."""
        found = self._attempts.attempt(LANGUAGE_MODEL, call, _words(messages))
        if isinstance(found, Fault):
            self._post(facts.EngineFailed(LANGUAGE_MODEL, 0, found, counts=False))

    def _on_notice(self, notice: Remark | TakenBack) -> None:
        """What the model tells while it warms."""
        if isinstance(notice, Remark):
            self._post(facts.Noticed(notice.found, notice.remedy))

    def _write(self, order: Write) -> None:
        began_at = self._clock.now()
        reply = _Reply(order.draft, self._language, self._clock, self._post, self._pace(order.draft))
        cancelled = self._void(order.draft)

        def generate() -> GenerationStats:
            stats = GenerationStats()
            try:
                if not cancelled():
                    if order.judges:
                        log_odds = self._generator.ending(order.messages)
                        self._post(facts.EndingJudged(order.draft, log_odds))
                    self._generator.notify = reply.on_notice
                    on_text = self._attempts.apart(LANGUAGE_MODEL, reply.on_text)
                    stats = self._generator.generate(order.messages, on_text, cancelled)
            finally:
                if not cancelled():
                    reply.finish()  # nothing follows, or nothing can: what has come stands
            return stats

        found = self._attempts.attempt(LANGUAGE_MODEL, generate, _words(order.messages))
        self._post(
            facts.ReplyWritten(
                order.draft,
                None if isinstance(found, Fault) else found,
                self._clock.now() - began_at,
                reply.beginning,
                reply.token_at,
                cancelled=cancelled(),
                fault=found if isinstance(found, Fault) else None,
            )
        )

    def _pace(self, draft: int) -> Callable[[], None]:
        """To be called before each clause: sleeps while too many wait for the voice."""
        credit, void = CLAUSES_AHEAD, self._void(draft)

        def wait() -> None:
            nonlocal credit
            while (self._inbox.stats().fill or not credit) and not void():
                if self._inbox.get() == GoOn(draft):
                    credit += 1
            credit -= 1

        return wait


class _Reply:
    """One draft's reply while it is written: text -> clauses."""

    def __init__(self, draft: int, language: str, clock: Clock, post: Post, pace: Callable[[], None]) -> None:
        self._draft = draft
        self._language = language
        self._clock = clock
        self._post = post
        self._pace = pace
        self._splitter = ClauseSplitter(language)
        self._clauses = 0
        self.beginning = ""
        self.token_at: float | None = None

    def on_text(self, delta: str) -> None:
        """Take the next piece of the reply."""
        self.beginning = (self.beginning + delta)[:SHOWN_CHARS]
        self.token_at = self.token_at or self._clock.now()
        self._say(self._splitter.push(delta))

    def on_notice(self, notice: Remark | TakenBack) -> None:
        """Take what the language model tells besides words."""
        match notice:
            case Remark(found, remedy):
                self._post(facts.Noticed(found, remedy, self._draft))
            case TakenBack():
                self._splitter, self.beginning = ClauseSplitter(self._language), ""
                self._post(facts.TakenBack(self._draft, self._clauses))

    def finish(self) -> None:
        """Take what is left."""
        self._say(self._splitter.finish())

    def _say(self, texts: Iterable[str]) -> None:
        for text in texts:
            self._pace()
            token_at = self.token_at or self._clock.now()
            self._post(facts.ClauseWritten(self._draft, self._clauses, text, token_at))
            self._clauses += 1


class Voice:
    """Clauses -> sound, seen to the loudspeaker."""

    def __init__(
        self,
        synthesizer: Synthesizer,
        playback: Playback,
        clock: Clock,
        attempts: Attempts,
        inbox: Channel[ToVoice],
        post: Post,
        void_before: VoidBefore,
    ) -> None:
        self._synthesizer = synthesizer
        self._playback = playback
        self._clock = clock
        self._attempts = attempts
        self._inbox = inbox
        self._post = post
        self._void_before = void_before
        self._draft = 0  # of which clauses came last
        self._begins_at = 0  # index of the first clause that is part of its reply
        self._on_its_way: facts.ClauseVoiced | None = None  # to the jitter buffer
        self._ends = False
        self._may_sound = 0

    def run(self) -> None:
        """Until the inbox closes."""
        while True:
            at_work = self._on_its_way is not None or (self._draft and self._draft == self._may_sound)
            try:
                order = self._inbox.get(TICK_S if at_work else None)
            except TimeoutError:
                self.look()
            else:
                self.take(order)

    def take(self, order: ToVoice) -> None:
        """Do it, as far as it can be done now; `look` does the rest."""
        match order:
            case Say(clause):
                self._say(clause)
            case Unsay(draft, index) if draft == self._draft:
                self._begins_at = index
                self._playback.begin(draft)
                self._is_through()
            case End(draft) if draft == self._draft:
                self._ends = True
                self._playback.finish()
            case End(draft):
                self._post(facts.ReplyEnded(draft, "", whole=False))  # it was void before it came to this
            case LetSound(draft):
                self._may_sound = draft
        self.look()

    def look(self) -> None:
        """See what has become of the sound, and tell."""
        now = self._clock.now()
        if self._draft == self._may_sound:
            for clause in self._playback.begun(now):
                first_at = self._playback.first_sound_at()
                self._post(facts.ClauseSounds(clause.draft, clause.index, clause.text, first_at))
        void = self._draft < self._void_before()
        if self._on_its_way is not None and (self._playback.pump() or void):
            self._is_through()
        if self._ends and (void or self._playback.done(now)):
            self._end(whole=not void)

    def _is_through(self) -> None:
        told, self._on_its_way = self._on_its_way, None
        if told is not None:
            self._post(told)

    def _end(self, *, whole: bool) -> None:
        self._ends = False
        heard, first_at = self._playback.heard(self._clock.now()), self._playback.first_sound_at()
        draft, self._draft = self._draft, 0
        self._post(facts.ReplyEnded(draft, heard, whole, first_at))

    def _say(self, clause: Clause) -> None:
        nothing = facts.ClauseVoiced(clause.draft, clause.index)
        if clause.draft != self._draft:
            if self._ends:
                self._end(whole=False)
            if clause.draft >= self._void_before():
                self._draft, self._begins_at = clause.draft, 0
                self._playback.begin(clause.draft)
        if clause.draft < self._void_before() or clause.index < self._begins_at:
            self._post(nothing)
            return
        began_at = self._clock.now()
        samples = self._attempts.attempt(
            VOICE, lambda: self._synthesizer.synthesize(clause.text), [clause.text]
        )
        if isinstance(samples, Fault):
            self._post(facts.ClauseVoiced(clause.draft, clause.index, fault=samples))
            return
        while self._inbox.stats().fill:  # that it is no part of the reply, perhaps
            self.take(self._inbox.get(0))
        if clause.index < self._begins_at:
            self._post(nothing)
            return
        now, voice = self._clock.now(), self._synthesizer
        self._playback.load(SpokenChunk(clause, samples, voice.rate_hz, voice.word_ends))
        self._on_its_way = facts.ClauseVoiced(clause.draft, clause.index, now - began_at, now)


def _words(messages: Sequence[ChatMessage]) -> list[str]:
    """What was said, by either."""
    return [message.content for message in messages if message.role != "system"]
