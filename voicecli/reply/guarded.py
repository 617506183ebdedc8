"""A server that may fail -> a generator that says so soon, spares the server, and has somebody stand in.

    breaker closed      the server answers; if it fails before its first word, the stand-in does
    open                the stand-in answers at once
    half open           one question goes to the server, the others to the stand-in

Without a stand-in, a failure is an error. After the first word it always is: what was said stands.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from voicecli.errors import EngineError, ServerError, VoicecliError
from voicecli.network.trouble.guard import Guard
from voicecli.reply.generate import Notify, ignore, never

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from voicecli.messages import ChatMessage, GenerationStats
    from voicecli.network.trouble.breaker import Breaker, BreakerState
    from voicecli.reply.generate import Cancelled, Emit, Generator
    from voicecli.turn.witness import Ending


class GuardedGenerator:
    """A model on a server, and what stands in for it. Raises ServerError, which never ends a talk."""

    def __init__(
        self,
        server: Generator,
        breaker: Breaker,
        stand_in: Callable[[], Generator] | None = None,
        *,
        apologise: bool = False,
    ) -> None:
        """`breaker` is shared by all that ask this server; `stand_in` is made when it is first needed.

        `apologise`: where nobody answers, the user is to hear an apology.
        """
        self._server = server
        self._guard = Guard(breaker, lambda: server.name, is_local=server.is_local)
        self._make_stand_in = stand_in
        self._stand_in: Generator | None = None
        self._apologise = apologise
        self.notify: Notify = ignore

    @property
    def name(self) -> str:
        """The model and where it runs, for people."""
        return self._server.name

    @property
    def breaker(self) -> BreakerState:
        """Whether the server is asked at all."""
        return self._guard.breaker.state

    @property
    def is_local(self) -> bool:
        """Whether the user's words stay on this computer."""
        return self._server.is_local

    @property
    def is_small(self) -> bool:
        """Whether the server's model is small."""
        return self._server.is_small

    @property
    def reads_ahead(self) -> bool:
        """Whether the server saves time by reading ahead; not while it fails."""
        return self._server.reads_ahead and self.breaker == "closed"

    def warm(self, messages: Sequence[ChatMessage], cancelled: Cancelled = never) -> None:
        """Let the server read ahead, unless it has just failed. Raises EngineError."""
        if self.breaker == "closed":
            self._server.notify = self.notify
            self._server.warm(messages, cancelled)

    def generate(self, messages: Sequence[ChatMessage], emit: Emit, cancelled: Cancelled) -> GenerationStats:
        """Stream the reply of whoever answers. Raises ServerError where nobody does."""
        self._server.notify = self._guard.notify = self.notify
        spoke = False
        try:
            with self._guard.ask() as question:

                def on_text(piece: str) -> None:
                    nonlocal spoke
                    question.worked()
                    spoke = True
                    emit(piece)

                try:
                    return self._server.generate(messages, on_text, cancelled)
                except ServerError:
                    raise
                except EngineError as error:
                    # The server works; its model, or the conversation, is what is wrong.
                    question.worked()
                    wrong = ServerError(error.found, error.remedy)
                    wrong.__cause__ = error
        except ServerError as error:
            if spoke:
                raise
            return self._without(error, messages, emit, cancelled)
        raise wrong

    def ending(self, messages: Sequence[ChatMessage]) -> Ending | None:
        """What the server says of it: nothing."""
        return self._server.ending(messages)

    def close(self) -> None:
        """End the call under way, close the connection."""
        self._server.close()
        if self._stand_in is not None:
            self._stand_in.close()

    def _without(
        self, error: ServerError, messages: Sequence[ChatMessage], emit: Emit, cancelled: Cancelled
    ) -> GenerationStats:
        """Have the stand-in answer. Raises ServerError where there is none, or where it fails, too."""
        error.apologise = self._apologise
        if self._make_stand_in is None or cancelled():
            raise error
        try:
            self._stand_in = self._stand_in or self._make_stand_in()
            self._guard.replaced(error, self._stand_in.name, "answers")
            self._stand_in.notify = self.notify
            return self._stand_in.generate(messages, emit, cancelled)
        except VoicecliError as failed:
            raise error from failed
