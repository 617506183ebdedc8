"""One engine's questions to a server that may fail: whether to ask it, what came of that, what is told.

    breaker closed      the server is asked
    open                RestingError at once
    half open           one question goes to the server, the others get RestingError

Whoever owns the engine says what happens without the server.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, Self, runtime_checkable

from voicecli.errors import ServerError
from voicecli.network.trouble.remarks import Remark, untold

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

    from voicecli.network.trouble.breaker import Breaker
    from voicecli.network.trouble.remarks import Tell


class RestingError(ServerError):
    """The server failed again and again, so it is not asked at the moment: the user knows that already."""


class Guard:
    """The questions of one talk's engine. The breaker is shared with all that ask the same server."""

    def __init__(self, breaker: Breaker, name: Callable[[], str], *, is_local: bool) -> None:
        """`name` gives what the server is called, for people. `is_local`: it runs on this computer."""
        self.breaker = breaker
        self.is_local = is_local
        self.notify: Tell = untold
        """Is told when the server is given a rest, and when it answers again; callers set it."""
        self._name = name

    @property
    def name(self) -> str:
        """The server and what it runs, for people."""
        return self._name()

    def ask(self) -> GuardedQuestion:
        """Begin a question: use it in a `with`, and ask the server inside. Raises RestingError."""
        if number := self.breaker.ask():
            return GuardedQuestion(self, number)
        rest_s = self.breaker.open_for_s
        when = f"for {rest_s:.0f} s" if rest_s >= 1 else "at the moment"
        raise RestingError(
            f"{self.name} failed again and again, so it is not asked {when}", "wait, or start it"
        )

    def replaced(self, error: ServerError, stand_in: str, does: str) -> None:
        """Tell that a stand-in does the work, unless the user knows: `does` is "answers" or the like."""
        if not isinstance(error, RestingError):
            self.notify(Remark(error.found, f"{stand_in} {does} meanwhile; {error.remedy}"))


class GuardedQuestion:
    """One question that may go to the server. Left without an outcome, it proves nothing."""

    def __init__(self, guard: Guard, number: int) -> None:
        self._guard = guard
        self._number = number
        self._settled = False

    def __enter__(self) -> Self:
        """Begin."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Note a failure of the server; where nothing is known of it, that nobody wants the answer now."""
        if isinstance(error, ServerError):
            self.failed(error)
        elif not self._settled:
            self._guard.breaker.left(self._number)

    def worked(self) -> None:
        """The server has answered; a second call does nothing."""
        if not self._settled:
            self._settled = True
            if self._guard.breaker.worked(self._number):
                found = f"{self._guard.name} answers again"
                self._guard.notify(Remark(found, "nothing need be done", of_reply=False))

    def failed(self, error: ServerError) -> None:
        """The server has failed."""
        self._settled = True
        breaker = self._guard.breaker
        if breaker.failed(self._number, error.wait_s):
            found = (
                f"{self._guard.name} is not asked for {breaker.open_for_s:.0f} s, because it keeps failing"
            )
            self._guard.notify(Remark(found, "it is tried again by itself", of_reply=False))


@runtime_checkable
class Guarded(Protocol):
    """An engine that asks a server."""

    @property
    def guard(self) -> Guard:
        """Its questions."""
        ...


def guard_of(engine: object) -> Guard | None:
    """The guard of an engine that asks a server; None for one that computes in this process."""
    return engine.guard if isinstance(engine, Guarded) else None


def tell_by(engine: object, notify: Tell) -> None:
    """Have what an engine remarks told by `notify`, if it asks a server."""
    if (guard := guard_of(engine)) is not None:
        guard.notify = notify
