"""What was said -> the messages for the language model: system prompt, past turns, the new words."""

from __future__ import annotations

import re
import unicodedata
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

from voicecli.messages import ChatMessage
from voicecli.reply.conversation.aside import with_aside
from voicecli.reply.conversation.today import date_line, with_time
from voicecli.waiting.buffers import Buffer

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from voicecli.waiting.buffers import BufferFill

BYTES_PER_TOKEN = 3.5
"""Bytes of UTF-8 for one token, an estimate: with SmolLM2's tokeniser English measures 4.3 to 5.0, German
3.0, Russian 2.5, Japanese 1.6 (a sentence or three of each). Where this is too high, the messages do not fit,
and the embedded engine drops turns itself. Bytes rather than characters, because scripts other than Latin
take more bytes and more tokens for a character."""

TOKENS_PER_MESSAGE = 5
"""What a chat template puts round a message: `<|im_start|>user\\n ... <|im_end|>\\n`."""

UNANSWERED_TOKENS = 200
"""Words that wait for an answer are kept up to this many tokens, even if the history may have fewer."""

CUT_OFF = "—"
"""Ends a reply that was interrupted, as a dialogue in print does. Words such as "(interrupted)" would be
copied by small models and then spoken."""

_JOINERS = "\u200c\u200d"  # format characters that change how words are read in Persian and Indic scripts
_OPENING = re.compile(r"([<\[{])(?=\S)")


def plain_words(text: str) -> str:
    """Make one line of words out of anything: data for a model, never instructions to its tokeniser.

    Control, direction and invisible characters and lone surrogates go. The tokens chat templates are built of
    (`<|im_start|>`, `</s>`, `[INST]`, `<start_of_turn>`, `<think>`) are found by their exact spelling, so a
    space after each opening bracket leaves them ordinary text.
    """
    visible = (
        " " if kind == "Cc" else "" if kind in ("Cf", "Cs") and character not in _JOINERS else character
        for character in text
        for kind in (unicodedata.category(character),)
    )
    return _OPENING.sub(r"\1 ", " ".join("".join(visible).split()))


def estimated_tokens(text: str) -> int:
    """Tokens of one message, estimated: see `BYTES_PER_TOKEN`."""
    return TOKENS_PER_MESSAGE + int(len(text.encode()) / BYTES_PER_TOKEN)


def newest_words(text: str, tokens: int) -> str:
    """The end of a message, at most `tokens` tokens by estimate; it begins with a whole word."""
    room = int((tokens - TOKENS_PER_MESSAGE + 1) * BYTES_PER_TOKEN) - 1
    packed = text.encode()
    if len(packed) <= room:
        return text
    end = packed[-room:].decode(errors="ignore")
    return end.partition(" ")[2] or end  # a script without spaces is cut between two characters


@dataclass(frozen=True, slots=True)
class _Turn:
    user: str
    reply: str
    words: str
    """`user` as it was said, without the time."""

    @property
    def tokens(self) -> int:
        return estimated_tokens(self.user) + estimated_tokens(self.reply)


def unanswered(history_tokens: int) -> Buffer:
    """Words that got no answer, until the next ones do."""
    return Buffer(
        "unanswered words",
        "tokens",
        max(history_tokens, UNANSWERED_TOKENS),
        "drop_oldest",
        "they stand before the user's next words, so that the user need not repeat them; of too many the "
        "newest are kept, because the user no longer waits for an answer to the older ones",
        "conversation.history_tokens",
    )


def history(tokens: int) -> Buffer:
    """The past turns that the model is told of."""
    return Buffer(
        "conversation",
        "tokens",
        max(1, tokens),
        "drop_oldest",
        "a small model takes seconds to read the conversation again when its beginning changes, so the older "
        "half is dropped in one go, and that seldom",
        "conversation.history_tokens",
    )


class Conversation:
    """The memory of one talk. Used by one thread."""

    def __init__(
        self, system_prompt: str, history_tokens: int, local: Callable[[], datetime] | None = None
    ) -> None:
        """`history_tokens` bounds the past turns, by estimate; with 0 there are none.

        `local` gives date and time; without it, or without a system prompt, the model is told of neither.
        """
        self._prompt = system_prompt.strip()
        self._local = local if self._prompt else None
        self._budget = history_tokens
        self._peak = self._forgotten = self._words_peak = self._words_lost = 0
        self._date_told = ""
        self._told = ("", "")
        """The user's last words, and the text that the model read for them, which is remembered."""
        self._turns: deque[_Turn] = deque()
        self.short = False
        """Tell only the newest turns, up to half of the bound; the others are kept for later."""
        self._skipped = 0
        """How many of the oldest turns the model is not told."""
        self._newest: _Turn | None = None
        """The turn remembered last, even if it was forgotten since; None once it was taken back."""
        self._unanswered = ""

    def messages_for(self, user_text: str, language: str = "", *, rejoins: bool = False) -> list[ChatMessage]:
        """All messages that the model needs to answer `user_text`; an empty text gives those before it.

        `language`: the name of the language to answer in, if the model must be told. It stands with the
        user's words and not in the system prompt, because the model reads that once and keeps it.
        With `rejoins` the messages are those that there would be if the last turn had been taken back.
        """
        messages, before = self._system(), self._newest if rejoins else None
        for turn in self._told_turns():
            if turn is not before:
                messages += [ChatMessage("user", turn.user), ChatMessage("assistant", turn.reply)]
        words = self._with_unanswered(plain_words(user_text))
        words = f"{before.words} {words}".strip() if before else words
        told = self._timed(words)
        self._told = words, with_aside(told, f"Answer in {language}.") if language and words else told
        return [*messages, ChatMessage("user", self._told[1])]

    @property
    def date_changed(self) -> bool:
        """Whether it is another day than the model was told last: it will read everything again."""
        return self._date() != self._date_told

    def remember(self, user_text: str, reply_text: str, interrupted: bool) -> None:  # noqa: FBT001  # a fact, not a mode
        """Add a turn: the user's words, and the part of the reply that sounded; if no part did, add none."""
        words, reply = self._with_unanswered(plain_words(user_text)), plain_words(reply_text)
        self._unanswered = ""
        if reply:
            user = self._told[1] if words == self._told[0] else self._timed(words)
            self._newest = _Turn(user, f"{reply} {CUT_OFF}" if interrupted else reply, words)
            self._turns.append(self._newest)
            self._forget()

    def take_back(self) -> None:
        """The user goes on with the question of the last turn: it stands before the next words."""
        if (newest := self._newest) is not None:
            later, self._unanswered, self._newest = self._unanswered, newest.words, None
            self._turns = deque(turn for turn in self._turns if turn is not newest)
            self.go_on(later)

    def go_on(self, user_text: str) -> bool:
        """Keep words that were not answered, to put them before the next ones.

        If there are too many, the newest stay; says whether older ones were dropped.
        """
        words = self._with_unanswered(plain_words(user_text))
        self._unanswered = newest_words(words, int(unanswered(self._budget).capacity))
        dropped = self._unanswered != words
        self._words_lost += dropped
        self._words_peak = max(self._words_peak, estimated_tokens(self._unanswered))
        return dropped

    def stats(self) -> list[BufferFill]:
        """How much is remembered, and what waits for an answer. A loss is a turn, or words said at once."""
        waits = estimated_tokens(self._unanswered) if self._unanswered else 0
        return [
            history(self._budget).filled(
                sum(turn.tokens for turn in self._turns), self._peak, self._forgotten
            ),
            unanswered(self._budget).filled(waits, self._words_peak, self._words_lost),
        ]

    def _system(self) -> list[ChatMessage]:
        if not self._prompt:
            return []
        self._date_told = self._date()
        return [ChatMessage("system", f"{self._date_told} {self._prompt}".strip())]

    def _date(self) -> str:
        return date_line(self._local()) if self._local else ""

    def _timed(self, words: str) -> str:
        return with_time(words, self._local()) if self._local else words

    def _with_unanswered(self, words: str) -> str:
        return f"{self._unanswered} {words}".strip()

    def _told_turns(self) -> list[_Turn]:
        """The turns that the model is told: what it is told begins with the same turn as long as it can."""
        turns = list(self._turns)
        if not self.short:
            self._skipped = 0
            return turns
        told = turns[self._skipped :]
        if sum(turn.tokens for turn in told) > self._budget / 2:
            while len(told) > 1 and sum(turn.tokens for turn in told) > self._budget / 4:
                told.pop(0)
        self._skipped = len(turns) - len(told)
        return told

    def _forget(self) -> None:
        """Above the bound, drop the oldest turns until half of the bound is left.

        The model keeps what it has evaluated as long as the beginning does not change. Dropping one turn at
        every turn would change it every time; dropping many at once makes that rare.
        """
        tokens = sum(turn.tokens for turn in self._turns)
        self._peak = max(self._peak, min(tokens, self._budget))
        if tokens <= self._budget:
            return
        while self._turns and (tokens > self._budget or (len(self._turns) > 1 and tokens > self._budget / 2)):
            tokens -= self._turns.popleft().tokens
            self._skipped = max(0, self._skipped - 1)
            self._forgotten += 1
