"""A server that may fail -> a generator that says so soon, spares the server, and has somebody stand in.

    breaker closed      the server answers; if it fails before its first word, the stand-in does
    open                the stand-in answers at once
    half open           one question goes to the server, the others to the stand-in

Without a stand-in, a failure is an error. After the first word it always is: what was said stands.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from voicecli.errors import EngineError, ServerError, VoicecliError
from voicecli.reply.generate import Notify, Remark, ignore, never

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from voicecli.messages import ChatMessage, GenerationStats
    from voicecli.network.breaker import Breaker, BreakerState
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
        self._breaker = breaker
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
        return self._breaker.state

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
        return self._server.reads_ahead and self._breaker.state == "closed"

    def warm(self, messages: Sequence[ChatMessage], cancelled: Cancelled = never) -> None:
        """Let the server read ahead, unless it has just failed. Raises EngineError."""
        if self._breaker.state == "closed":
            self._server.notify = self.notify
            self._server.warm(messages, cancelled)

    def generate(self, messages: Sequence[ChatMessage], emit: Emit, cancelled: Cancelled) -> GenerationStats:
        """Stream the reply of whoever answers. Raises ServerError where nobody does."""
        if not (question := self._breaker.ask()):
            rest_s = self._breaker.open_for_s
            when = f"for {rest_s:.0f} s" if rest_s >= 1 else "at the moment"
            found = f"{self.name} failed again and again, so it is not asked {when}"
            resting = ServerError(found, "wait, or start it")
            return self._without(resting, messages, emit, cancelled, known=True)
        spoke = settled = False

        def on_text(piece: str) -> None:
            nonlocal spoke, settled
            if not settled:
                settled = True
                self._worked(question)
            spoke = True
            emit(piece)

        self._server.notify = self.notify
        try:
            stats = self._server.generate(messages, on_text, cancelled)
        except ServerError as error:
            settled = True
            self._failed(question, error)
            if spoke:
                raise
            return self._without(error, messages, emit, cancelled)
        except EngineError as error:
            # The server works; its model, or the conversation, is what is wrong.
            settled = True
            self._worked(question)
            raise ServerError(error.found, error.remedy) from error
        finally:
            if not settled:
                self._breaker.left(question)
        return stats

    def ending(self, messages: Sequence[ChatMessage]) -> Ending | None:
        """What the server says of it: nothing."""
        return self._server.ending(messages)

    def close(self) -> None:
        """End the call under way, close the connection."""
        self._server.close()
        if self._stand_in is not None:
            self._stand_in.close()

    def _without(
        self,
        error: ServerError,
        messages: Sequence[ChatMessage],
        emit: Emit,
        cancelled: Cancelled,
        *,
        known: bool = False,
    ) -> GenerationStats:
        """Have the stand-in answer; `known`: the user was told that it does.

        Raises ServerError where there is none, or where it fails, too.
        """
        error.apologise = self._apologise
        if self._make_stand_in is None or cancelled():
            raise error
        try:
            self._stand_in = self._stand_in or self._make_stand_in()
            if not known:
                remedy = f"{self._stand_in.name} answers meanwhile; {error.remedy}"
                self.notify(Remark(error.found, remedy))
            self._stand_in.notify = self.notify
            return self._stand_in.generate(messages, emit, cancelled)
        except VoicecliError as failed:
            raise error from failed

    def _worked(self, question: int) -> None:
        if self._breaker.worked(question):
            self.notify(Remark(f"{self.name} answers again", "nothing need be done", of_reply=False))

    def _failed(self, question: int, error: ServerError) -> None:
        if self._breaker.failed(question, error.wait_s):
            found = f"{self.name} is not asked for {self._breaker.open_for_s:.0f} s, because it keeps failing"
            remedy = "it is tried again by itself"
            self.notify(Remark(found, remedy, of_reply=False))
