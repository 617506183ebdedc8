"""How a draft gets its reply: written clause by clause, voiced, heard in whole or part, remembered. Pure.

    draft is due ->  Write  -> ClauseWritten, ClauseWritten, ReplyWritten
                                  Say  -> ClauseVoiced,  Say -> ClauseVoiced,  End -> ReplyEnded
    and when it is the answer and over: the turn is final, and the next draft is due

One reply at a time is written, and one clause at a time is voiced. The author is told to go on as the voice
takes clauses, so that it is ahead by a bounded number.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from voicecli import events
from voicecli.aloud.clauses import ClauseSplitter
from voicecli.floor.agent.ended import remember
from voicecli.floor.facts import (
    ClauseSounds,
    ClauseVoiced,
    ClauseWritten,
    ReplyEnded,
    ReplyWritten,
    TakenBack,
)
from voicecli.floor.orders import End, GoOn, Hurry, ReadAhead, Say, Unsay, Write
from voicecli.floor.stages import LANGUAGE_MODEL, VOICE
from voicecli.floor.turns.turn import REPLY, Writing
from voicecli.listen.bargein.verdict import kind_of
from voicecli.listen.recognise.passes import NO_WORDS
from voicecli.messages import Clause, GenerationStats

if TYPE_CHECKING:
    from voicecli.floor.agent.excuse import Excuse
    from voicecli.floor.agent.memory import Memory
    from voicecli.floor.turns.exchange import Exchange, Numbers, Out
    from voicecli.floor.turns.faults import Strikes
    from voicecli.floor.turns.turn import Draft, Turn
    from voicecli.messages import ChatMessage, Transcript
    from voicecli.waiting.buffers import BufferFill

DATE_CHECK_S = 30.0
"""s between two checks whether another day has begun, while the author has nothing to do."""


class Answering:
    """Gives author and voice their work, one order at a time each."""

    def __init__(
        self,
        out: Out,
        exchange: Exchange,
        numbers: Numbers,
        strikes: Strikes,
        memory: Memory,
        excuse: Excuse,
    ) -> None:
        self._out = out
        self._exchange = exchange
        self._numbers = numbers
        self._strikes = strikes
        self._memory = memory
        self._excuse = excuse
        self._languages = memory.languages
        self._with_author: ReadAhead | Write | None = None
        self._has_read = False
        self._asked_at = out.now
        self._woken = False
        self._with_voice: Clause | None = None
        self._ending: Draft | None = None
        self._words: tuple[Turn, Transcript] | None = None  # to be read ahead next
        self._peak = 0
        self._owed = False  # the event `listening` is still to be told
        self._newest = self.saying = ""
        """The clause that began to sound last; for `saying` with the one before it."""

    # ---- author

    def read_first(self) -> None:
        """Have the language model loaded, and let it read the prompt that comes before all words."""
        self._read(first=self._memory.messages_for("Hello"))

    def read_ahead(self, turn: Turn, words: Transcript) -> None:
        """Have these words of an open turn read ahead; the author stops as soon as there is a draft."""
        newest = self._exchange.draft
        if not self._exchange.means.drafts:
            return
        busy = self._exchange.due() is not None or (newest is not None and not self._numbers.is_void(newest))
        if turn.is_open and not busy:
            self._words = turn, words

    def has_read(self) -> None:
        """The author is free again."""
        self._has_read = True
        self._with_author = None
        self._tell_owed()

    def written(self, fact: ClauseWritten | TakenBack | ReplyWritten) -> None:
        """Take what the author reports of a reply."""
        draft = self._exchange.find(fact.draft)
        match fact:
            case ReplyWritten():
                self._with_author = None
                self._asked_at = self._out.now
                if draft is not None:
                    self._reply_written(draft, fact)
            case ClauseWritten(_, index, text, token_at) if draft is not None:
                self._clause(draft, index, text, token_at)
            case TakenBack(_, clauses) if draft is not None:
                draft.take_back(clauses)
                if draft.voiced:
                    self._out.add(Unsay(draft.number, clauses))

    def _reply_written(self, draft: Draft, fact: ReplyWritten) -> None:
        draft.writing, draft.stats = Writing.WRITTEN, fact.stats
        draft.generate_s, draft.beginning = fact.seconds, fact.beginning
        draft.times.first_token_at = draft.times.first_token_at or fact.token_at
        if fact.fault is not None:
            draft.failed, draft.apologised = True, fact.fault.apologise
            self._strikes.failed(LANGUAGE_MODEL, draft.turn, fact.fault)
            failed = events.Failed(self._out.t, fact.fault.found, fact.fault.remedy, draft.turn)
            self._exchange.tell(draft, failed)
        elif not fact.cancelled:
            self._strikes.worked(LANGUAGE_MODEL)

    # ---- voice

    def voiced(self, fact: ClauseVoiced | ClauseSounds | ReplyEnded) -> None:
        """Take what the voice reports of a reply."""
        draft = self._exchange.find(fact.draft)
        match fact:
            case ClauseVoiced():
                self._with_voice = None
                if draft is not None:
                    self._clause_voiced(draft, fact)
            case ClauseSounds(_, index, text, first_at) if draft is not None and index >= draft.begins_at:
                draft.times.playback_at = draft.times.playback_at or first_at
                self._newest, self.saying = text, f"{self._newest} {text}"
                self._out.tell(events.Speaking(self._out.t, draft.turn, index, text))
            case ReplyEnded(_, _, _, first_at):
                self._ending = None
                if draft is not None:
                    draft.times.playback_at = draft.times.playback_at or first_at
                    draft.over(fact)

    def _clause_voiced(self, draft: Draft, fact: ClauseVoiced) -> None:
        if draft.writing is Writing.UNDER_WAY:
            self._out.add(GoOn(draft.number))
        if fact.fault is not None:
            draft.failed = True
            self._strikes.failed(VOICE, draft.turn, fact.fault)
            if not draft.voice_failed:
                draft.voice_failed = True
                failed = events.Failed(self._out.t, fact.fault.found, fact.fault.remedy, draft.turn)
                self._exchange.tell(draft, failed)
        elif fact.made_at is not None:
            self._strikes.worked(VOICE)
            draft.synthesize_s += fact.seconds
            if fact.index >= draft.begins_at:
                draft.times.first_audio_at = draft.times.first_audio_at or fact.made_at

    def stats(self) -> BufferFill:
        """What waits for the voice."""
        waits = len(draft.clauses) if (draft := self._exchange.due()) is not None else 0
        return REPLY.filled(waits, self._peak)

    # ---- what is to be done next

    def advance(self) -> None:
        """Ask for all that can be done now; to be called after every fact."""
        self._wake()
        while (draft := self._exchange.due()) is not None:
            if draft.writing is Writing.WAITING:
                if self._with_author is not None or not self._may_begin(draft):
                    break
                self._begin(draft)
            self._voice(draft)
            self._end(draft)
            turn = self._exchange.turns[draft.turn]
            self._languages.tell_missing(turn, draft)
            if draft.writing is not Writing.OVER or turn.answer is not draft:
                break
            self._finalise(turn, draft)
        self._read_next()

    def _wake(self) -> None:
        """Wake an author that sleeps on a void draft, and stop one that reads ahead when there is a draft."""
        match self._with_author:
            case Write(draft=number) if number < self._numbers.void_before and not self._woken:
                self._woken = True
                self._out.add(GoOn(number))
            case ReadAhead() if not self._woken and (self._words is not None or self._exchange.due()):
                self._woken = True
                self._out.add(Hurry())
        ending = self._ending
        if ending is not None and self._numbers.is_void(ending) and not ending.told_void:
            ending.told_void = True
            self._out.add(End(ending.number))

    def _may_begin(self, draft: Draft) -> bool:
        """Whether the draft may be written now: without drafts only the answer is, one for each turn."""
        return self._exchange.means.drafts or self._exchange.turns[draft.turn].answer is draft

    def _begin(self, draft: Draft) -> None:
        """The draft is due: have it written, unless there is nothing to write."""
        said, turn = draft.transcript, self._exchange.turns[draft.turn]
        rejoins = turn.rejoins_with(said)
        messages = self._memory.messages_for(said.text, said.language, rejoins=rejoins)
        draft.answerable = bool(self._memory.last if draft.repeats else messages[-1].content)
        if not draft.answerable:
            draft.writing = Writing.OVER
            return
        language = said.language or self._languages.main  # for a user who types before they ever spoke
        if said.text:
            heard = events.Heard(self._out.t, turn.number, said.text, language, said.confidence)
            self._exchange.tell(draft, heard)
        draft.writing, draft.stats = Writing.WRITTEN, GenerationStats()
        if self._numbers.is_void(draft) or (turn.may_stop and kind_of(said.text, language) == "stop"):
            return
        if draft.repeats:
            draft.times.first_token_at, draft.language = self._out.now, self._memory.language
            splitter = ClauseSplitter(draft.language or self._languages.main)
            for text in (*splitter.push(self._memory.last), *splitter.finish()):
                self._clause(draft, draft.written, text, self._out.now)
            return
        draft.writing, draft.stats, self._woken = Writing.UNDER_WAY, None, False
        draft.language = self._languages.of_reply(said.language)
        long = self._exchange.means.quality.long_clauses
        self._with_author = Write(draft.number, turn.number, messages, turn.is_open, draft.language, long)
        self._out.add(self._with_author)

    def _clause(self, draft: Draft, index: int, text: str, token_at: float) -> None:
        times = draft.times
        times.first_token_at = times.first_token_at or token_at
        times.first_clause_at = times.first_clause_at or self._out.now
        draft.written = index + 1
        draft.clauses.append(Clause(draft.turn, draft.number, index, text, draft.language))
        self._peak = max(self._peak, len(draft.clauses))
        self._exchange.tell(draft, events.ReplyClause(self._out.t, draft.turn, index, text))

    def _voice(self, draft: Draft) -> None:
        """Have the next clause voiced.

        Not while the user speaks: the words may change, and the voice cannot stop a clause it has begun.
        """
        if self._numbers.is_void(draft):
            draft.clauses.clear()
        elif draft.clauses and self._with_voice is None and self._exchange.paused == draft.segment:
            self._with_voice = draft.clauses.popleft()
            draft.voiced = True
            self._out.add(Say(self._with_voice))

    def _end(self, draft: Draft) -> None:
        """Once all is written and voiced, or the draft is void, ask the voice to report the end."""
        void = self._numbers.is_void(draft)
        saying = self._with_voice is not None and self._with_voice.draft == draft.number
        if draft.writing is not Writing.WRITTEN or draft.clauses or saying:
            return
        if draft.voiced:
            draft.writing, draft.told_void = Writing.ENDING, void
            self._ending = draft
            self._out.add(End(draft.number))
        else:
            draft.over(ReplyEnded(draft.number, "", whole=not void))

    def _finalise(self, turn: Turn, draft: Draft) -> None:
        """The answer is over: remember what was said and what sounded, and tell how long it took."""
        remember(self._out, self._exchange, self._memory, turn, draft)
        self._excuse.over(turn, draft)
        self._exchange.finalise(turn)
        self._owed = True
        if draft.answerable and draft.stats is not None and self._exchange.due() is None:
            self._read()
        self._tell_owed()

    def _read_next(self) -> None:
        """Have the author read ahead, where there is nothing better to do."""
        if not self._has_read or self._with_author is not None or self._exchange.due() is not None:
            return
        words, self._words = self._words, None
        if words is not None and words[0].is_open:
            self._read(words[1], rejoins=words[0].rejoins_with(words[1]))
        elif self._out.now - self._asked_at >= DATE_CHECK_S:
            self._asked_at = self._out.now
            if self._memory.date_changed:
                self._read()

    def _read(
        self, words: Transcript = NO_WORDS, first: tuple[ChatMessage, ...] = (), *, rejoins: bool = False
    ) -> None:
        self._asked_at, self._woken = self._out.now, False
        messages = self._memory.messages_for(words.text, words.language, rejoins=rejoins)
        self._with_author = ReadAhead(messages, first)
        self._out.add(self._with_author)

    def _tell_owed(self) -> None:
        if self._owed and self._with_author is None:
            self._owed = False
            self._out.tell(events.Listening(self._out.t))
