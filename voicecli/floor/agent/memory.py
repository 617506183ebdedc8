"""What the floor remembers of the talk, and in which words. Pure: the time is what it was told last."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, TypeAlias

from voicecli.turn.habits import Habits

if TYPE_CHECKING:
    from collections.abc import Callable

    from voicecli.floor.agent.reply_language import Languages
    from voicecli.floor.turns.turn import Draft
    from voicecli.messages import ChatMessage
    from voicecli.reply.conversation.conversation import Conversation
    from voicecli.waiting.buffers import BufferFill

    Begin: TypeAlias = Callable[[Callable[[], datetime]], Conversation]


class Memory:
    """The conversation, the agent's last words, and what waits for the rest of a question.

    how the reply ended                     the user's words            the reply
    cut off, and they go on                 before their next ones      -
    whole, and without a word               before their next ones      -
    an engine failed, nothing was heard     before their next ones      -
    no answer, but an apology               before their next ones      -
    whole, but short, and they go on        before their next ones      taken back once the next is answered
    it repeated the last one                -                           -
    otherwise                               remembered                  as far as it was heard, if at all
    """

    def __init__(self, begin: Begin, languages: Languages) -> None:
        """`begin` makes a conversation; its argument is a function that gives date and time."""
        self.languages = languages
        self.local = datetime.min
        """What the clock on the wall showed last."""
        self._conversation = begin(lambda: self.local)
        self.last = ""
        """The words of the last reply that sounded."""
        self.language = ""
        """The language of that reply; empty: the main voice's."""
        self._before = ("", "")
        """Words and language of the reply before that one."""
        self.asked = False
        """The agent's last words were a question."""
        self.habits = Habits()
        """How the user pauses."""
        self.cut_offs = 0
        """Turns that were answered too early: the user went on."""

    def messages_for(self, words: str, spoken: str = "", *, rejoins: bool = False) -> tuple[ChatMessage, ...]:
        """The messages that the language model gets to answer these words; `spoken`: their language.

        `rejoins`: they go on with the last question, and what was said to that does not count.
        """
        told = self.languages.to_be_told(spoken, self._before[1] if rejoins else self.language)
        return tuple(self._conversation.messages_for(words, told, rejoins=rejoins))

    def cut_off(self) -> None:
        """The user was answered too early, and went on."""
        self.habits, self.cut_offs = self.habits.cut(), self.cut_offs + 1

    def shorten(self, *, short: bool) -> None:
        """Have the model told only the newest turns from now on, or as many as usual."""
        self._conversation.short = short

    def stats(self) -> list[BufferFill]:
        """What waits for an answer, and how much is remembered."""
        return self._conversation.stats()

    @property
    def date_changed(self) -> bool:
        """Whether it is another day than the model was told last."""
        return self._conversation.date_changed

    def keep(self, draft: Draft, *, continued: bool, rejoins: bool) -> bool:
        """A turn is over, with this draft and its outcome; say whether unanswered words became too many.

        `continued`: the user went on instead. `rejoins`: they went on with the question before.
        """
        outcome, words, too_many = draft.outcome, draft.transcript.text, False
        if outcome is None:
            return False
        cut, heard = not outcome.whole, outcome.heard
        wordless = draft.stats is not None and not cut and draft.wordless
        failed = draft.apologised or (draft.failed and not (draft.repeats or cut or heard))
        waits = continued or wordless or failed
        if rejoins and (waits or heard):
            self._conversation.take_back()
            self.last, self.language = self._before
        if waits:
            too_many = self._conversation.go_on(words)
        elif not draft.repeats:
            self._conversation.remember(words, heard, cut or draft.failed)
            if heard:
                self._before = self.last, self.language
                self.last, self.language = heard, draft.language
        self.asked = not cut and heard.rstrip().endswith("?")
        return too_many
