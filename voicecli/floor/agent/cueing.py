"""When the user who waits for an answer is told by a cue that it comes: a tone, or "Let me think." Pure.

    user       speaks   pause | committed
    cue                       | thinking_after_ms   cue     AGAIN_S   tone     AGAIN_S   tone
    reply                     |                                                             sounds

A cue is no part of the reply: it is not remembered, and neither `heard` nor the times of a turn have it. It
never comes over the user, nor after the reply's first sound. Speech over it silences it at once.
The voice makes the phrases beforehand, one at a time, while nobody waits. If it cannot, a tone is heard.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from voicecli import events
from voicecli.floor.agent.reply_language import MAIN
from voicecli.floor.orders import Cue, MakeCue
from voicecli.floor.turns.turn import Writing

if TYPE_CHECKING:
    from collections.abc import Collection

    from voicecli.config import TurnConfig
    from voicecli.floor.agent.phrases import Phrases
    from voicecli.floor.agent.reply_language import Languages
    from voicecli.floor.facts import ClauseSounds
    from voicecli.floor.turns.exchange import Exchange, Numbers, Out
    from voicecli.floor.turns.turn import Draft

AGAIN_S = 4.0
"""s from a cue to the next in the same turn. A choice: sooner, it would sound like a telephone."""

MOST = 8
"""Cues in a turn: the last comes after about 30 s, when the user is told that an engine is late."""

SOON_S = 0.3
"""s without a cue, after the words of the turn or the first clause of the answer have become known: the
answer may sound at any moment. The voice needs 0.04 to 0.1 s to its first sound (0023), beside other work
more."""

PHRASES = {
    "en": ("Let me think.", "Hmm.", "One moment."),
    "de": ("Mal sehen.", "Hm.", "Moment."),
    "fr": ("Voyons.", "Euh.", "Un instant."),
    "es": ("A ver.", "Un momento."),
    "it": ("Vediamo.", "Un attimo."),
    "nl": ("Even kijken.", "Momentje."),
    "pt": ("Vejamos.", "Hum.", "Um momento."),
}
"""Written so that espeak-ng reads them as words: it would spell the English "Hm." and the German "Hmm."."""


class Cueing:
    """The turn that waits for its answer, and the cues that it has had."""

    def __init__(
        self,
        out: Out,
        exchange: Exchange,
        numbers: Numbers,
        languages: Languages,
        phrases: Phrases,
        others: Collection[str],
        config: TurnConfig,
    ) -> None:
        """`others`: the languages that voices speak besides the main one."""
        self._out = out
        self._exchange = exchange
        self._numbers = numbers
        self._languages = languages
        self._phrases = phrases
        self._on = config.thinking != "off"
        self._after_s = config.thinking_after_ms / 1000
        self._turn = 0  # the newest turn that has waited
        self._due_at = math.inf
        self._count = 0  # of its cues
        self._sounded = 0  # the newest turn with an answer that was heard
        self._said = 0  # phrases
        self._last = ""  # the newest cue's text
        if config.thinking == "words":
            spoken = {MAIN: languages.main, **{other: other for other in others}}
            self._texts = {voice: PHRASES.get(code, ()) for voice, code in spoken.items()}
            phrases.want(MakeCue(voice, text) for voice, texts in self._texts.items() for text in texts)
        else:
            self._texts = {}

    def take(self, fact: ClauseSounds) -> None:
        """Take the fact that an answer sounds."""
        if draft := self._exchange.find(fact.draft):
            self._sounded = max(self._sounded, draft.turn)

    def look(self, *, quiet: bool) -> None:
        """Give a cue if one is due; to be called after every fact.

        `quiet`: the user is silent and holds nothing up.
        """
        if not self._on or (draft := self._awaited()) is None:
            return
        now = self._out.now
        if draft.turn != self._turn:
            committed_at = self._exchange.turns[draft.turn].decided_at or now
            self._turn, self._count = draft.turn, 0
            self._due_at = max(committed_at + self._after_s, now + SOON_S)
        clause_at = draft.times.first_clause_at
        soon = clause_at is not None and now < clause_at + SOON_S
        if quiet and not soon and now >= self._due_at and self._count < MOST:
            self._give(draft)

    def _awaited(self) -> Draft | None:
        """The answer to what the user said last, while none of it has sounded."""
        turn = self._exchange.turns.get(self._exchange.newest)
        draft = None if turn is None else turn.answer
        if draft is None or draft.turn <= self._sounded or self._numbers.is_void(draft):
            return None  # a question that was called off has void drafts alone
        no_words = draft.writing is Writing.WAITING and not draft.transcript.text
        return None if no_words else draft

    def _give(self, draft: Draft) -> None:
        language = self._languages.of_reply(draft.transcript.language)
        made = [] if self._count else self._phrases.made(language, self._texts.get(language, ()))
        begin = self._said % len(made) if made else 0
        # Not the same twice in a row, even where the voice could make only one.
        text = next((each for each in made[begin:] + made[:begin] if each != self._last), "")
        self._said += bool(text)
        self._last = text
        self._count += 1
        self._due_at = self._out.now + AGAIN_S
        self._out.add(Cue(language, text))
        self._out.tell(events.Cued(self._out.t, draft.turn, self._count, text or None))
