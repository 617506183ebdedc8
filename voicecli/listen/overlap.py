"""What was said over the agent -> whether it was an interruption. Pure; tables by language, ISO 639-1.

onset   held  speech goes on ... 0.8 s            -> interrupted, unless it holds no words
  |------|------------------- pause > words       -> interrupted, stopped, or nothing: it goes on
  |------|------------------- pause > ... 1 s     -> no words yet: it goes on, and they still count
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal, TypeAlias

from voicecli.listen.partial import words_of

LONG_S = 0.8
"""Nobody who only agrees speaks for so long."""

GIVE_UP_S = 1.0
"""Nobody is held in a pause for longer because the words are not known yet."""

STOP_PAUSE_S = 0.4
"""Quiet after "stop" or "wait": what follows sooner belongs to it."""

Kind: TypeAlias = Literal["nothing", "back_channel", "stop", "words"]
Verdict: TypeAlias = Literal["wait", "resume", "dismiss", "stop", "interrupt"]
"""resume: the agent goes on, and it is not decided; dismiss: it was nothing; stop: no answer is wanted."""

_HUMS = r"(?:[aeou]?[hm]+){2,3}|m+h*m*|h+m+|a+h+a*|o+h+|[ue]+[hm]+|uh+ ?hu+h+|[hm]+ ?h+m+"
"""Whisper's ways to write a hum, without hyphens: "Mm-hmm.", "Mhm", "Hmm", "Uh-huh.", "Aha", "Emem."."""

_BACK_CHANNELS = {
    # "you", "bye" and thanks are also what Whisper makes of a breath.
    "en": "yeah|yes|yep|yup|right|all right|alright|okay|ok|k|sure|i see|got it|good|great|cool|nice|wow|so|"
    "exactly|true|of course|go on|thank you|thanks|you|bye",
    "de": "ja|jaja|jo|genau|richtig|okay|ok|gut|na gut|ach so|achso|ach|verstehe|ich verstehe|stimmt|klar|so|"
    "alles klar|danke|schön|tja",
    "fr": "oui|ouais|daccord|okay|ok|bien|très bien|bon|ah bon|je vois|exactement|voilà|cest vrai|merci|hein|"
    "euh",
    "es": "sí|si|vale|claro|ya|ajá|aja|bueno|bien|ya veo|entiendo|de acuerdo|exacto|okay|ok|gracias|eh",
}
_STOPS = {
    "en": "stop|stop it|stop that|stop talking|wait|wait a (?:minute|moment|second)|hold on|never ?mind|"
    "quiet|be quiet|silence|thats enough|enough|shut up|hush|forget it|cancel",
    "de": "stopp?|halt|warte|warte mal|warten sie|moment|moment mal|egal|schon gut|vergiss es|sei still|"
    "seien sie still|sei ruhig|ruhe|genug|das reicht|es reicht|hör auf|hören sie auf|abbrechen",
    "fr": "stop|arrête|arrêtez|attends|attendez|un moment|une seconde|laisse tomber|laissez tomber|silence|"
    "tais ?toi|taisez ?vous|ça suffit|cest bon|cela suffit",
    "es": "para|pare|basta|ya basta|alto|espera|espere|un momento|cállate|cállese|silencio|olvídalo|olvídelo|"
    "déjalo|déjelo|es suficiente|suficiente",
}
_POLITE = {
    "en": "please|now|oh|okay|ok|no|hey|thanks|thank you|just",
    "de": "bitte|jetzt|oh|okay|ok|nein|hey|danke",
    "fr": "sil (?:te|vous) plaît|maintenant|oh|okay|ok|non|hé|merci",
    "es": "por favor|ahora|oh|okay|ok|no|oye|gracias",
}
"""May stand around a word that stops."""


def _only(*tables: str) -> re.Pattern[str]:
    """All words are of these tables."""
    one = "|".join(tables)
    return re.compile(rf"(?:(?:{one})(?: |$))+")


_AGREES = {language: _only(_HUMS, table) for language, table in _BACK_CHANNELS.items()}
_HUMMED = _only(_HUMS)
_ENDS = {
    language: re.compile(rf"(?=.*\b(?:{table})(?: |$))(?:(?:{table}|{_POLITE[language]})(?: |$))+")
    for language, table in _STOPS.items()
}


def kind_of(text: str, language: str) -> Kind:
    """What the words, all that was said, want of the one who is speaking. Hums are known in any language."""
    said = " ".join(words_of(text.replace("-", "").replace("\N{HYPHEN}", "")))
    if not said:
        return "nothing"
    if _AGREES.get(language, _HUMMED).fullmatch(said):
        return "back_channel"
    stops = _ENDS.get(language)
    return "stop" if stops is not None and stops.fullmatch(said) else "words"


@dataclass(frozen=True, slots=True)
class Overlap:
    """Speech over the agent, as far as it is known."""

    spoken_s: float
    """Speech in it."""
    pause_s: float
    """Since the last speech; 0 while it goes on."""
    words: str | None
    """None: not known yet."""
    language: str
    heard_s: float
    """Speech in what the words were found in."""
    whole: bool
    """The words are of all that was said."""
    asked: bool
    """The agent was asking something: "yes" is an answer."""


def verdict(overlap: Overlap) -> Verdict:
    """What to make of it now."""
    words = overlap.words
    kind = None if words is None else kind_of(words, overlap.language)
    if kind == "back_channel" and overlap.asked:
        kind = "words"
    if overlap.whole and kind is not None:
        return _of_all(kind, overlap.pause_s)
    if overlap.spoken_s >= LONG_S and kind in (None, "words"):
        return "interrupt"
    if kind == "nothing":  # Whisper finds none in half a word, either
        return "resume" if overlap.heard_s >= LONG_S else "wait"
    return "resume" if overlap.pause_s >= GIVE_UP_S else "wait"


def _of_all(kind: Kind, pause_s: float) -> Verdict:
    match kind:
        case "words":
            return "interrupt"
        case "stop":
            return "stop" if pause_s >= STOP_PAUSE_S else "wait"
        case _:
            return "dismiss"
