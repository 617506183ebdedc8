"""What the agent says, in each language, when a server gives no answer. Only data."""

from __future__ import annotations

APOLOGIES = {
    "en": "Sorry, I cannot answer at the moment. Please ask me again.",
    "de": "Entschuldigung, ich kann gerade nicht antworten. Bitte frag mich noch einmal.",
    "fr": "Désolé, je ne peux pas répondre pour le moment. Merci de me redemander.",
    "es": "Lo siento, ahora mismo no puedo responder. Por favor, pregúntame otra vez.",
    "it": "Mi dispiace, al momento non posso rispondere. Chiedimelo di nuovo, per favore.",
    "nl": "Sorry, ik kan nu even geen antwoord geven. Vraag het me alsjeblieft nog eens.",
    "pt": "Desculpe, não consigo responder agora. Pergunte-me outra vez, por favor.",
}
"""ISO 639-1 code -> an apology. In other languages nothing is said, and only a line is shown."""
