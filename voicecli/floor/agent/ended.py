"""A reply is over -> what is remembered and told of it, and what is learnt of the user's pauses. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from voicecli import events
from voicecli.floor.turns.turn import LATE_S

if TYPE_CHECKING:
    from voicecli.floor.agent.memory import Memory
    from voicecli.floor.turns.exchange import Exchange, Out
    from voicecli.floor.turns.turn import Draft, Turn

_ASK_AGAIN = "ask again, or in other words"

TOO_MANY_WORDS = (
    "too many words wait for an answer: the oldest of them are forgotten",
    "pause until you hear an answer; conversation.history_tokens is how much is kept",
)
"""What was found, and what to do."""


def remember(out: Out, exchange: Exchange, memory: Memory, turn: Turn, answer: Draft) -> None:
    """Remember what was said and what sounded, and tell how long it took; or what was not answered."""
    outcome = answer.outcome
    if outcome is None:
        if turn.fault is None:
            out.drop("key" if answer.repeats else answer.transcript.reason or "no_words", turn.number)
        return
    times = turn.times_of(answer)
    newest = exchange.turns[exchange.newest]
    answered_at = times.playback_at if outcome.heard else None
    continued = not outcome.whole and turn.continued_by(newest, answered_at)
    if answer.stats is not None and outcome.whole and (shown := answer.wordless):
        found = f"the reply has no words to say, only {shown}"
        out.tell(events.Warned(out.t, found, _ASK_AGAIN, turn.number))
    if memory.keep(answer, continued=continued, rejoins=turn.rejoins_with(answer.transcript)):
        out.drop("unanswered", turn.number)
        out.tell(events.Warned(out.t, *TOO_MANY_WORDS, turn.number))
    _learn(memory, turn, answer, newest if continued else None)
    if not outcome.whole:
        out.tell(events.Interrupted(out.t, turn.number, outcome.heard))
    out.tell(turn.done(out.t, answer, outcome.heard))


def _learn(memory: Memory, turn: Turn, answer: Draft, rest: Turn | None) -> None:
    """Learn how the speaker pauses; `rest`: the turn in which they go on with this one."""
    if turn.longest_pause_s is None or not turn.says_something(answer.transcript):
        return
    if turn.rejoins:
        memory.cut_off()
        turn.cut = True
    if rest is None or rest.longest_pause_s is None:
        memory.habits = memory.habits.spoke(turn.longest_pause_s, cut=turn.cut)
        return
    longest_s = turn.longest_pause_s
    if answer.times.playback_at is not None:
        memory.cut_off()
        turn.cut = True
    elif turn.speech_ended_at is not None and turn.decided_at is not None:
        unnoticed = rest.began_at - turn.decided_at <= LATE_S  # later the user may have waited for an answer
        longest_s = max(longest_s, rest.began_at - turn.speech_ended_at if unnoticed else 0.0)
    rest.longest_pause_s, rest.cut = max(longest_s, rest.longest_pause_s), turn.cut
