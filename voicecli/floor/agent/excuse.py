"""A failure that ends a turn, told by voice to a user who does not look at the screen. Pure.

    user       asks . .
    engine            fails, told on the screen
    agent                       (what of the reply could be said)  "Sorry, I cannot answer that now."

The excuse is said once for each failure, and not over the user. Like a cue, it falls silent when somebody
speaks. It is no part of the reply: not remembered, not in `heard`. The voice has made it beforehand. If the
voice itself fails, nothing is said.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from voicecli.floor.agent.reply_language import MAIN
from voicecli.floor.orders import Cue, MakeCue

if TYPE_CHECKING:
    from collections.abc import Collection

    from voicecli.floor.agent.phrases import Phrases
    from voicecli.floor.agent.reply_language import Languages
    from voicecli.floor.turns.exchange import Exchange, Out
    from voicecli.floor.turns.turn import Draft, Turn

WAITS_S = 2.0
"""s for which the excuse waits until the user is silent; later it would be taken for the answer to something
else. A choice: somebody who coughs is done by then."""

LONGEST_S = 4.0
"""s: a phrase that takes longer is not used."""

NOT_HEARD, NO_ANSWER = 0, 1
"""What failed: speech to text, or the answer."""

PHRASES = {
    "en": ("Sorry, I could not hear that. Please say it again.", "Sorry, I cannot answer that now."),
    "de": ("Das habe ich leider nicht verstanden.", "Das kann ich gerade leider nicht beantworten."),
    "fr": ("Désolé, je n'ai pas entendu.", "Désolé, je ne peux pas répondre maintenant."),
    "es": ("Perdón, no lo he oído.", "Perdón, ahora no puedo responder."),
    "it": ("Scusa, non ho sentito.", "Scusa, ora non posso rispondere."),
    "nl": ("Sorry, dat heb ik niet gehoord.", "Sorry, ik kan nu niet antwoorden."),
    "pt": ("Desculpe, não ouvi.", "Desculpe, não posso responder agora."),
}
"""What is said for NOT_HEARD and for NO_ANSWER, by the voice's language; any other voice says the English."""


class Excuse:
    """The failure that is still to be told by voice, if there is one."""

    def __init__(
        self,
        out: Out,
        exchange: Exchange,
        languages: Languages,
        phrases: Phrases,
        others: Collection[str],
        *,
        speaks: bool,
    ) -> None:
        """`others`: those that voices speak besides the main one. `speaks`: failures are told by voice."""
        self._out = out
        self._exchange = exchange
        self._languages = languages
        self._phrases = phrases
        self._texts: dict[str, tuple[str, str]] = {}
        self._due: tuple[int, float, Cue] | None = None  # its turn, when that ended, and what is to be said
        if speaks:
            spoken = {MAIN: languages.main, **{other: other for other in others}}
            self._texts = {voice: PHRASES.get(code, PHRASES["en"]) for voice, code in spoken.items()}
            phrases.want(
                MakeCue(voice, text, LONGEST_S) for voice, texts in self._texts.items() for text in texts
            )

    def over(self, turn: Turn, draft: Draft) -> None:
        """Take the end of a turn, with its answer."""
        if turn.called_off or draft.voice_failed or draft.apologised:
            return
        if draft.failed:
            kind = NO_ANSWER
        elif turn.fault is not None and not draft.answerable:
            kind = NOT_HEARD
        else:
            return
        language = self._languages.of_reply(draft.transcript.language)
        if language in self._texts:
            said = self._phrases.made(language, [self._texts[language][kind]])
            self._due = (turn.number, self._out.now, Cue(language, said[0])) if said else None

    def look(self, *, quiet: bool) -> None:
        """Have it said, if it is due; to be called after every fact. `quiet`: the user is silent."""
        if self._due is None:
            return
        turn, ended_at, cue = self._due
        if turn != self._exchange.newest or self._out.now - ended_at > WAITS_S:
            self._due = None
        elif quiet:
            self._due = None
            self._out.add(cue)
