"""The two answering threads: what the user said -> clauses, and clauses -> sound."""

from __future__ import annotations

from typing import TYPE_CHECKING

from voicecli import events
from voicecli.errors import EngineError, ModelError
from voicecli.messages import Clause, EndOfReply, ReplyOutcome, SpokenChunk
from voicecli.reply.clauses import ClauseSplitter
from voicecli.reply.conversation import Conversation

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from voicecli.channel import Channel
    from voicecli.config import ConversationConfig
    from voicecli.engines import Engines
    from voicecli.messages import ChatMessage, UserTurn
    from voicecli.pipeline.turns import Turns
    from voicecli.speak.playback import Playback
    from voicecli.speak.synthesize import Synthesizer

TICK_S = 0.01
"""How often the speaking thread moves samples on and looks at what has sounded."""


class Replying:
    """Owns the conversation. One reply at a time: it is remembered, as far as heard, before the next."""

    def __init__(
        self,
        engines: Engines,
        config: ConversationConfig,
        turns: Turns,
        said: Channel[UserTurn],
        clauses: Channel[Clause | EndOfReply],
        outcomes: Channel[ReplyOutcome],
    ) -> None:
        self._generator = engines.generator
        self._hint = engines.hint
        self._language = engines.synthesizer.language
        self._conversation = Conversation(config.system_prompt, config.history_tokens)
        self._turns = turns
        self._said = said
        self._clauses = clauses
        self._outcomes = outcomes

    def run(self) -> None:
        """Until `said` closes."""
        if not self._generator.is_local:
            found = f"what you say goes to another computer: {self._generator.name}"
            self._turns.emit(events.Warned(self._turns.elapsed_s(), found, "--engine embedded keeps it here"))
        self._warm()
        self._turns.ready = True
        opened = events.Listening(self._turns.elapsed_s(), self._generator.name, self._hint or None)
        while True:
            self._turns.emit(opened)
            user = self._said.get()
            answered = self._answer(user)
            self._turns.settle(user.turn)
            if answered:
                self._warm()
            opened = events.Listening(self._turns.elapsed_s())

    def _warm(self) -> None:
        """Let the model read what it already can; one that fails says so, and talk goes on."""
        try:
            self._generator.warm(self._conversation.messages_for(""))
        except (EngineError, ModelError) as error:
            self._turns.emit(events.Warned(self._turns.elapsed_s(), error.found, error.remedy))

    def _answer(self, user: UserTurn) -> bool:
        """See a turn through; False where there was nothing to answer, or no model that could."""
        turn, heard = user.turn, user.transcript
        messages = self._conversation.messages_for(heard.text)
        if heard.text:
            now = self._turns.elapsed_s()
            self._turns.emit(events.Heard(now, turn, heard.text, heard.language, heard.confidence))
        if not messages[-1].content:
            return False  # a sound without words, and nothing said before it was left unanswered
        failed = False
        try:
            self._generate(turn, messages)
        except (EngineError, ModelError) as error:
            failed = True
            self._turns.emit(events.Failed(self._turns.elapsed_s(), error.found, error.remedy, turn))
        self._clauses.put(EndOfReply(turn))
        outcome = self._outcomes.get()
        self._conversation.remember(heard.text, outcome.heard, outcome.interrupted)
        if outcome.interrupted:
            self._turns.emit(events.Interrupted(self._turns.elapsed_s(), turn, outcome.heard))
        latency_ms = self._turns.times[turn].latency_ms()
        self._turns.emit(events.TurnDone(self._turns.elapsed_s(), turn, outcome.heard, latency_ms))
        return not failed

    def _generate(self, turn: int, messages: list[ChatMessage]) -> None:
        times, splitter, count = self._turns.times[turn], ClauseSplitter(self._language), 0

        def say(texts: Iterable[str]) -> None:
            nonlocal count
            for text in texts:
                times.first_clause_at = times.first_clause_at or self._turns.clock.now()
                self._turns.emit(events.ReplyClause(self._turns.elapsed_s(), turn, count, text))
                self._clauses.put(Clause(turn, count, text))
                count += 1

        def on_text(delta: str) -> None:
            times.first_token_at = times.first_token_at or self._turns.clock.now()
            say(splitter.push(delta))

        def cancelled() -> bool:
            return self._turns.cancelled(turn)

        if not cancelled():
            self._generator.generate(messages, on_text, cancelled)
        if not cancelled():
            say(splitter.finish())


class Speaking:
    """Synthesises clause after clause and sees each to the loudspeaker."""

    def __init__(
        self,
        synthesizer: Synthesizer,
        playback: Playback,
        turns: Turns,
        clauses: Channel[Clause | EndOfReply],
        outcomes: Channel[ReplyOutcome],
    ) -> None:
        self._synthesizer = synthesizer
        self._playback = playback
        self._turns = turns
        self._clauses = clauses
        self._outcomes = outcomes
        self._turn = 0

    def run(self) -> None:
        """Until `clauses` closes."""
        while True:
            item = self._next()
            if item.turn != self._turn:
                self._turn = item.turn
                self._playback.begin(item.turn)
            match item:
                case Clause():
                    self._say(item)
                case EndOfReply():
                    self._end()

    def _next(self) -> Clause | EndOfReply:
        """The next item; while there is none, still tell what begins to sound."""
        while True:
            try:
                return self._clauses.get(TICK_S if self._turn else None)
            except TimeoutError:
                self._announce()

    def _say(self, clause: Clause) -> None:
        if self._turns.cancelled(clause.turn):
            return
        try:
            samples = self._synthesizer.synthesize(clause.text)
        except EngineError as error:
            failed = events.Failed(self._turns.elapsed_s(), error.found, error.remedy, clause.turn)
            self._turns.emit(failed)
            return
        times = self._turns.times[clause.turn]
        times.first_audio_at = times.first_audio_at or self._turns.clock.now()
        self._playback.load(SpokenChunk(clause, samples, self._synthesizer.rate_hz))
        self._wait(lambda _: self._playback.pump())

    def _end(self) -> None:
        self._playback.finish()
        whole = self._wait(self._playback.done)
        heard = self._playback.heard(self._turns.clock.now())
        turn, self._turn = self._turn, 0
        self._outcomes.put(ReplyOutcome(turn, heard, interrupted=not whole))

    def _wait(self, until: Callable[[float], bool]) -> bool:
        """Wait until `until(now)`; False when the reply stops being wanted before that."""
        while not until(self._turns.clock.now()):
            if self._turns.cancelled(self._turn):
                return False
            self._announce()
            self._turns.clock.wait(self._turns.stop, TICK_S)
        self._announce()
        return True

    def _announce(self) -> None:
        times = self._turns.times[self._turn]
        times.playback_at = times.playback_at or self._playback.first_sound_at()
        for clause in self._playback.begun(self._turns.clock.now()):
            self._turns.emit(events.Speaking(self._turns.elapsed_s(), clause.turn, clause.index, clause.text))
