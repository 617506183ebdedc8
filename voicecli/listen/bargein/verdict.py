"""What was said over the agent -> whether it was an interruption. Pure; tables by language, ISO 639-1.

onset   held  speech goes on ... 0.8 s            -> interrupted, once the recogniser has found words in it
  |------|-------------------------- 1.6 s        -> interrupted, if the words are not known by then
  |------|------------------- pause > words       -> interrupted, stopped, or the agent goes on
  |------|------------------- pause > ... 1 s     -> words not known yet: the agent goes on; they still count
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal, TypeAlias

from voicecli.listen.recognise.partial import words_of

LONG_S = 0.8
"""Seconds of speech. Nobody who only agrees speaks this long, except with "yeah, right" and the like: those
`may_end_otherwise` waits for."""

UNHEARD_S = 1.6
"""Seconds of speech of which the words are not known. More than this interrupts the agent, whatever it holds.
The agent is silent meanwhile, and no user would wait for a recogniser that takes longer."""

GIVE_UP_S = 1.0
"""Seconds of pause after which the agent goes on although the words are not known yet."""

SEVERAL = 3
"""Words. Chosen: an echo so long that it has three of them is rarely misheard in all of them."""

STOP_PAUSE_S = 0.4
"""Seconds of quiet after "stop" or "wait" that end the reply: words that follow sooner belong to it."""

Kind: TypeAlias = Literal["nothing", "back_channel", "stop", "words"]
Verdict: TypeAlias = Literal["wait", "resume", "dismiss", "stop", "interrupt"]
"""wait: not decided yet; resume: not decided yet, but the agent goes on; dismiss: it was nothing; stop: the
reply ends, and the user wants no answer; interrupt: the words are the user's next turn."""

_HUMS = r"(?:[aeou]?[hm]+){2,3}|m+h*m*|h+m+|a+h+a*|o+h+|[ue]+[hm]+|uh+ hu+h+|uh+hu+h+|[hm]+ h+m+"
"""Whisper's ways to write a hum, without hyphens: "Mm-hmm.", "Mhm", "Hmm", "Uh-huh.", "Aha", "Emem."."""

# Words as they are compared: no case, no punctuation, "ss" for the German sharp s.
_AGREES = {
    # "you", "bye" and thanks are also what Whisper makes of a breath.
    "en": "yeah|yes|yep|yup|right|all right|alright|ok|okay|k|sure|i see|i know|got it|good|great|cool|"
    "nice|wow|so|exactly|true|of course|go on|thank you|thanks|you|bye|thats right|thats true|"
    "that makes sense|makes sense|fair enough|really|haha|hahaha|ha",
    "de": "ja|jaja|jo|genau|richtig|okay|ok|gut|na gut|ach so|achso|ach|ach ja|verstehe|ich verstehe|"
    "ich weiss|stimmt|das stimmt|klar|so|alles klar|danke|schön|tja|macht nichts|wirklich|"
    "ach wirklich|na klar|eben|haha|hahaha",
    "fr": "oui|ouais|daccord|okay|ok|bien|très bien|bon|ah bon|je vois|je sais|je comprends|exactement|"
    "voilà|cest vrai|cest ça|vraiment|bien sûr|merci|hein|euh|haha|hahaha",
    "es": "sí|si|vale|claro|claro que sí|ya|ajá|aja|bueno|bien|muy bien|ya veo|ya sé|lo sé|entiendo|"
    "de acuerdo|exacto|es verdad|eso es|tiene sentido|okay|ok|gracias|eh|jaja|jajaja|de verdad",
    "it": "sì|si|certo|giusto|esatto|esattamente|vero|è vero|capito|ho capito|capisco|va bene|daccordo|"
    "bene|ah sì|lo so|davvero|okay|ok|grazie|eh",
    "nl": "ja|jaja|juist|precies|klopt|dat klopt|inderdaad|goed|oké|okay|ok|ik snap het|snap ik|"
    "ik begrijp het|begrepen|ik weet het|natuurlijk|echt|echt waar|bedankt|dank je|tja",
    "pt": "sim|claro|certo|exato|exatamente|verdade|é verdade|entendi|entendo|percebi|percebo|tá|"
    "tá bom|está bem|está bom|bom|bem|muito bem|beleza|pois|pois é|eu sei|a sério|sério|okay|ok|"
    "obrigado|obrigada|isso",
    "": "ok|okay",
}
_STOPS = {
    "en": "stop|stop it|stop that|stop talking|wait|wait a minute|wait a moment|wait a second|"
    "wait a sec|hold on|hang on|a second|a moment|a minute|one second|one moment|one minute|"
    "one sec|never mind|nevermind|quiet|be quiet|silence|thats enough|enough|shut up|hush|sh+|"
    "forget it|forget about it|cancel",
    "de": "stop|stopp|halt|warte|warte mal|warten sie|moment|moment mal|einen moment|eine sekunde|"
    "sekunde|egal|schon gut|vergiss es|vergessen sie es|sei still|seien sie still|sei ruhig|ruhe|"
    "pst|psst|sch+|genug|das reicht|es reicht|schluss|schluss jetzt|schluss damit|hör auf|"
    "hören sie auf|abbrechen",
    "fr": "stop|arrête|arrêtez|arrête ça|attends|attendez|un moment|un instant|une seconde|une minute|"
    "laisse tomber|laissez tomber|peu importe|silence|chut|tais toi|taistoi|taisez vous|"
    "taisezvous|ça suffit|cest bon|cela suffit|oublie|oublie ça|oubliez",
    "es": "stop|para|pare|basta|ya basta|basta ya|alto|espera|espere|espera un momento|un momento|"
    "un segundo|un minuto|no importa|da igual|cállate|cállese|silencio|chist|chitón|sh+|olvídalo|"
    "olvídelo|déjalo|déjelo|es suficiente|suficiente",
    "it": "stop|basta|basta così|fermo|ferma|fermati|si fermi|aspetta|aspetti|aspetta un attimo|"
    "un attimo|un momento|un secondo|non importa|lascia stare|lasci stare|lascia perdere|"
    "silenzio|zitto|zitta|stai zitto|stai zitta",
    "nl": "stop|stop maar|wacht|wacht even|wacht eens|momentje|een moment|een ogenblik|laat maar|stil|"
    "wees stil|stilte|genoeg|zo is het genoeg|hou op|houd op|hou je mond|vergeet het",
    "pt": "stop|para|pare|chega|já chega|basta|espera|espere|espera aí|espere aí|um momento|"
    "um instante|um segundo|um minuto|não importa|deixa|deixa pra lá|deixa para lá|deixe para lá|"
    "silêncio|cala a boca|esquece|esqueça",
    "": "stop",
}
"""The row "" is for languages that have no row of their own."""
_POLITE = {
    "en": "please|now|oh|okay|ok|no|hey|thanks|thank you|just",
    "de": "bitte|jetzt|oh|okay|ok|nein|hey|danke|mal",
    "fr": "sil te plaît|sil vous plaît|maintenant|oh|okay|ok|non|hé|merci",
    "es": "por favor|ahora|oh|okay|ok|no|oye|gracias|ya",
    "it": "per favore|adesso|ora|oh|okay|ok|no|ehi|grazie",
    "nl": "alsjeblieft|alstublieft|nu|oh|oké|okay|ok|nee|hé|bedankt",
    "pt": "por favor|agora|oh|okay|ok|não|ei|obrigado|obrigada",
    "": "ok|okay",
}
"""Words that may stand around one that stops."""


_OBJECTS = {
    "en": "no|nope|no way|hey|hello|what|why|but|excuse me|sorry|pardon|pardon me|wrong|thats wrong|listen",
    "de": "nein|nee|hey|hallo|was|wie|warum|aber|doch|entschuldigung|falsch|das ist falsch|hör zu",
    "fr": "non|hé|quoi|pourquoi|mais|pardon|excusez moi|cest faux|écoute|écoutez",
    "es": "no|oye|oiga|hola|qué|por qué|pero|perdón|perdona|disculpa|disculpe|escucha|escuche",
    "it": "no|ehi|cosa|che cosa|perché|ma|scusa|scusi|sbagliato|ascolta|ascolti",
    "nl": "nee|hé|hallo|wat|waarom|maar|sorry|pardon|fout|luister",
    "pt": "não|ei|olá|quê|por quê|mas|desculpa|desculpe|errado|escuta|escute",
    "": "no|hello",
}
"""Short words by which people interrupt, and which are over before the agent has fallen silent."""


def _row(table: str) -> str:
    """Pattern: one phrase of the table after another, the longest tried first.

    The group is atomic, so that "ach so" is not tried again as "ach" and "so".
    """
    longest_first = "|".join(sorted(table.split("|"), key=len, reverse=True))
    return rf"(?>(?:{longest_first})(?: |$))+"


def _only(*tables: str) -> re.Pattern[str]:
    """Pattern that matches when all words are of these tables."""
    return re.compile(_row("|".join(tables)))


def _stops(stops: str, polite: str) -> re.Pattern[str]:
    """Pattern that matches when all words are of the two tables, and at least one of them stops."""
    return re.compile(rf"(?=.*\b(?:{stops})(?: |$))" + _row(f"{stops}|{polite}"))


def _tails(*tables: str) -> list[str]:
    """All that can complete a phrase begun: "that makes sense" gives "makes sense" and "sense"."""
    phrases = [phrase.split() for table in tables for phrase in table.split("|")]
    return sorted({" ".join(phrase[at:]) for phrase in phrases for at in range(1, len(phrase))})


_AGREED = {language: _only(_HUMS, table) for language, table in _AGREES.items()}
_STOPPED = {language: _stops(table, _POLITE[language]) for language, table in _STOPS.items()}
_OBJECTED = {language: _stops(table, _POLITE[language]) for language, table in _OBJECTS.items()}
_TAILS = {language: _tails(table, _STOPS[language]) for language, table in _AGREES.items()}


def kind_of(text: str, language: str) -> Kind:
    """What the user wants of the agent with `text`, which is all that was said.

    `language` is an ISO 639-1 code. Hums, "okay" and "stop" are known in any language.
    """
    said = " ".join(words_of(text.replace("-", "").replace("\N{HYPHEN}", "")))
    known = language if language in _STOPS else ""
    if not said:
        return "nothing"
    if _AGREED[known].fullmatch(said):
        return "back_channel"
    return "stop" if _STOPPED[known].fullmatch(said) else "words"


def may_end_otherwise(text: str, language: str) -> bool:
    """Whether more words could turn these into some that agree or stop, as "right" does after "That's"."""
    return any(kind_of(f"{text} {tail}", language) != "words" for tail in _TAILS.get(language, ()))


def cannot_be_echo(text: str, language: str, agent_said: str) -> bool:
    """Whether `text` cannot be the echo of what the agent said just now, even one that was misheard.

    What a recogniser makes of an echo is like what was said. So none of the agent's words may begin as these
    do, and they must be `SEVERAL`, or an objection: one or two words may have been misheard.
    """
    said = words_of(text)
    known = language if language in _OBJECTED else ""
    like = tuple(word[:3] for word in said)
    # "Know" sounds as "no" does.
    own = any(word.removeprefix("k").startswith(like) for word in words_of(agent_said))
    enough = len(said) >= SEVERAL or _OBJECTED[known].fullmatch(" ".join(said)) is not None
    return bool(said) and not own and enough


@dataclass(frozen=True, slots=True)
class OverlapEvidence:
    """Speech over the agent, as far as it is known."""

    spoken_s: float
    """Seconds of speech in it."""
    pause_s: float
    """Seconds since the last speech; 0 while it goes on."""
    words: str | None
    """What the newest pass found; None: no pass is done yet."""
    language: str
    heard_s: float
    """Seconds of speech in the sound that this pass was made over."""
    whole: bool
    """That sound holds all that was said."""
    asked: bool
    """The agent was asking something: "yes" is an answer."""


def verdict(overlap: OverlapEvidence) -> Verdict:
    """What the agent is to do about the overlap, as far as it is known now."""
    words, language = overlap.words, overlap.language
    kind = None if words is None else kind_of(words, language)
    if kind == "back_channel" and overlap.asked:
        kind = "words"
    if overlap.whole and kind is not None:
        return _of_all(kind, overlap.pause_s)
    if words and kind == "words" and overlap.spoken_s >= LONG_S:
        open_ended = not overlap.asked and may_end_otherwise(words, language)
        if not open_ended:
            return "interrupt"
    unheard = overlap.spoken_s - overlap.heard_s >= UNHEARD_S
    if unheard and kind != "nothing":
        return "interrupt"
    # Less sound may be half a word, in which Whisper finds no words either.
    silent = kind == "nothing" and overlap.heard_s >= LONG_S
    return "resume" if silent or unheard or overlap.pause_s >= GIVE_UP_S else "wait"


def _of_all(kind: Kind, pause_s: float) -> Verdict:
    match kind:
        case "words":
            return "interrupt"
        case "stop":
            return "stop" if pause_s >= STOP_PAUSE_S else "wait"
        case _:
            return "dismiss"
