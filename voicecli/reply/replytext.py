"""The pieces a model gives -> the words of its reply: without thinking, and ended in time.

For every engine. This file decides what ends a reply, and which error or remark a bad end gets.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from voicecli.errors import EngineError
from voicecli.network.trouble.remarks import Remark
from voicecli.reply.generate import AllTakenBack, ignore
from voicecli.reply.thinking import Thinking

if TYPE_CHECKING:
    from voicecli.reply.generate import Emit, Notify

CIRCLE_WORDS = 3
"""A sentence that comes again ends the reply if it has at least this many words."""

LONGEST_SENTENCE = 2000
"""Characters: of a longer sentence only the end is compared with those that were said."""

RUNS_OVER = 2
"""A reply whose sentence does not end is cut at this many times its limit. Not at once: some servers
send pieces that are less than a token."""
_FEW = 32  # tokens, for a limit of hardly any

CHARS_PER_TOKEN = 32
"""Most characters of a reply for each token that it may have. Tokens have 4 on average; some servers send a
whole reply as one piece, and one that goes wrong may send a piece of any length."""

LARGER_CONTEXT = "give the model a larger context, or lower conversation.history_tokens"


class ReplyText:
    """Hands a reply on, piece by piece, and knows where it may end.

    A reply cut at the token limit would break off audibly, inside a sentence. So once half the limit
    is used up, the reply is over at the next end of a sentence. An engine without a limit of its own stops
    there as well. A reply is also over after a sentence that it repeats: small models may repeat without end.
    One that passes the limit all the same, as no sentence ends, is cut there.
    """

    _SENTENCE_END = re.compile(r"([^\W\d]{2}[.!?…][\"'”’)]*\s|[。！？])")
    _WHOLE = re.compile(r"[.!?…。！？][\"'”’)\]*_`]*\s*\Z")

    def __init__(
        self, emit: Emit, max_tokens: int, notify: Notify = ignore, *, thinks_first: bool = False
    ) -> None:
        """`thinks_first`: the model was seen to think before it speaks, without an opening tag."""
        self._emit = emit
        self._notify = notify
        self._max_tokens = max_tokens
        self._thinking = Thinking(begins_inside=thinks_first)
        self._tail = ""
        self._sentence = ""
        self._said: set[str] = set()
        self.pieces = 0
        """Pieces handed on; a piece is a token in every server known."""
        self.spoke = False
        """Something other than spaces was handed on."""
        self.ran_over = False
        """The reply passed its limit, and was cut there."""
        self._most = RUNS_OVER * max_tokens + _FEW
        self._room = self._most * CHARS_PER_TOKEN

    @property
    def thought(self) -> bool:
        """Whether the model has thought."""
        return self._thinking.thought

    @property
    def thinks_first(self) -> bool:
        """Whether thinking without an opening tag ended in this reply."""
        return self._thinking.unopened

    @property
    def whole(self) -> bool:
        """Whether what was handed on ends as a sentence does."""
        return bool(self._WHOLE.search(self._tail))

    def take(self, piece: str) -> bool:
        """Take a piece of what the model gives; say whether the reply may end here."""
        before = self._thinking.unopened
        said = self._thinking.feed(piece)
        if self._thinking.unopened and not before:
            self._take_back()
        return bool(said) and self._say(said)

    def thought_elsewhere(self) -> None:
        """The server gives the thinking apart from the text."""
        self._thinking.elsewhere()

    def finish(self, ended: str = "stop", prompt_tokens: int | None = None) -> None:
        """The reply is over: remark on its end, where there is something to say.

        `ended` is what the server calls the reason. Raises EngineError for a reply without a word.
        """
        if rest := self._thinking.finish(cut=ended == "length"):
            self._say(rest)
        if self.spoke:
            if remark := self._remark(ended):
                self._notify(remark)
            return
        raise self._failure(ended, prompt_tokens)

    def _remark(self, ended: str) -> Remark | None:
        """The remark on the end of a reply that has words."""
        match ended:
            case "length" if not self.whole:
                return Remark(
                    f"the reply was cut off at the limit, {self._max_tokens} tokens",
                    "raise generate.max_tokens, or give the model a larger context",
                )
            case "content_filter" | "safety" | "refusal":
                return Remark("the server withheld the rest of the reply (its filter)", "ask in other words")
            case "tool_calls" | "function_call":
                return Remark(
                    "the model asked for a tool, and there are none", "use another model, or ask it again"
                )
            case _:
                return None

    def _failure(self, ended: str, prompt_tokens: int | None) -> EngineError:
        """The error for a reply without words."""
        if self.thought:
            return EngineError(
                "the model only thought and said nothing",
                "raise generate.max_tokens, or use a model that does not think",
            )
        match ended:
            case "length":
                size = f" of {prompt_tokens} tokens" if prompt_tokens else ""
                found = (
                    f"the language model gave an empty reply: the prompt{size} leaves no room in its context"
                )
                return EngineError(found, LARGER_CONTEXT)
            case "content_filter" | "safety" | "refusal":
                return EngineError(
                    "the server withheld the reply (its filter)", "ask in other words, or use another model"
                )
            case "tool_calls" | "function_call":
                return EngineError(
                    "the model asked for a tool instead of answering, and there are none",
                    "use another model, or ask in other words",
                )
            case _:
                return EngineError(
                    "the language model gave an empty reply",
                    "ask again, use another model, or give it a larger context",
                )

    def _take_back(self) -> None:
        if self.pieces:
            self._notify(AllTakenBack())
        self._tail = self._sentence = ""
        self._said.clear()
        self.pieces, self.spoke = 0, False

    def _say(self, piece: str) -> bool:
        """Hand on words; say whether the reply may end here."""
        self.ran_over = self.pieces >= self._most or len(piece) > self._room
        if self.pieces >= self._most:
            return True
        piece = piece[: self._room]
        self._room -= len(piece)
        self._tail = self._tail[-8:] + piece
        end = self._SENTENCE_END.search(self._tail)
        # Only so much of this piece belongs to the finished sentence.
        own = None if end is None else max(0, len(piece) - (len(self._tail) - end.end()))
        circles = self._circles(piece, own)
        over = own is not None and (circles or self.pieces >= self._max_tokens // 2)
        self.pieces += 1
        self.spoke = self.spoke or bool(piece.strip())
        if said := piece[:own].rstrip() if over else piece:
            self._emit(said)
        return over or self.ran_over

    def _circles(self, piece: str, own: int | None) -> bool:
        """Whether this piece ends a sentence that was said before; "No. No." does not count."""
        if not own:
            self._sentence = (self._sentence + piece)[-LONGEST_SENTENCE:]
            return False
        words = re.findall(r"\w+", (self._sentence + piece[:own]).casefold())
        self._sentence = piece[own:]
        sentence = " ".join(words)
        circles = len(words) >= CIRCLE_WORDS and sentence in self._said
        self._said.add(sentence)
        return circles
