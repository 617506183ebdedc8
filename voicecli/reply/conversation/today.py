"""Date and time -> what the model is told: the date always, the time where the user asks for it.

The date stands first in the system prompt, which is read once and kept: it costs nothing at a question, and
at midnight the prompt is read again. The time is different at every question, and the model would have to
read it each time; so it stands in front of the user's words, and only where they ask for it. Measured:
docs/answers.md.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from voicecli.reply.conversation.aside import with_aside

if TYPE_CHECKING:
    from datetime import datetime

# `strftime` would take the names from the locale of the process.
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip

_ASKS_TIME = re.compile(
    r"\b(?:(?P<english>time|o['’]?clock|clock|how (?:late|early)"
    r"|(?:hours?|minutes?|long) (?:until|till|to|left))"
    r"|uhr|uhrzeit|wie ?viel uhr|(?:wie|schon|so) (?:spät|früh)"
    r"|l['’]heure|quelle heure|heure est|combien d['’]heures"
    r"|horas?|che or[ae]|l['’]ora|ore sono|hoe laat|tijd)\b",
    re.IGNORECASE,
)
"""English, German, French, Spanish and Portuguese, Italian, Dutch. In doubt, the model is told the time."""


def date_line(now: datetime) -> str:
    """Tell the date, for the beginning of a system prompt."""
    return f"Today is {_DAYS[now.weekday()]}, {_MONTHS[now.month - 1]} {now.day}, {now.year}."


def with_time(words: str, now: datetime) -> str:
    """Put the time of day before the user's words where they ask for it."""
    asks = _ASKS_TIME.search(words)
    if asks is None:
        return words
    if asks["english"]:
        time = f"{now.hour % 12 or 12}:{now.minute:02} {'a.m.' if now.hour < 12 else 'p.m.'}"
    else:
        time = f"{now.hour}:{now.minute:02}"
    return with_aside(words, f"It is {time}")
