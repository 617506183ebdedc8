"""A voice on a server that may fail -> one that says so soon, spares the server, and has another stand in.

After the first sound of a clause a failure is an error: what was heard stands.
"""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING, Protocol

from voicecli.errors import ServerError, VoicecliError
from voicecli.network.trouble.guard import Guard
from voicecli.speak.elsewhere.one_rate import ONE_RATE_HZ, OneRate
from voicecli.speak.streamed_voice import ClauseSource, StreamedVoice

if TYPE_CHECKING:
    from collections.abc import Generator

    from voicecli.network.trouble.breaker import Breaker
    from voicecli.network.trouble.stand_in import StandIn
    from voicecli.speak.voice import Piece, Voice


class ServerSounds(ClauseSource, Protocol):
    """Says clauses by asking a server."""

    @property
    def name(self) -> str:
        """What it runs and where, for people."""
        ...

    @property
    def is_local(self) -> bool:
        """Whether the words stay on this computer."""
        ...

    def warm(self) -> None:
        """See whether the server is there. Raises ServerError."""
        ...

    def close(self) -> None:
        """End the request under way. Any thread."""
        ...


class GuardedVoice:
    """One talk's voice on a server, and what stands in for it. Raises ServerError, which ends no talk."""

    rate_hz = ONE_RATE_HZ

    def __init__(self, server: ServerSounds, breaker: Breaker, stand_in: StandIn[Voice] | None) -> None:
        """`breaker` is shared by all that ask this server; `stand_in` is loaded when it is first needed."""
        self.language = server.language
        self.languages = frozenset({server.language})
        self.guard = Guard(breaker, lambda: server.name, is_local=server.is_local)
        self._server = server
        self._voice = StreamedVoice(server)
        self._stand_in = stand_in
        self._other: Voice | None = None
        """The voice that stands in, once it was needed."""

    def say(self, text: str) -> Generator[Piece, None, None]:
        """Give the clause as it comes from whoever speaks. Raises ServerError where nobody does."""
        begun = False
        try:
            with self.guard.ask() as question, closing(self._voice.say(text)) as pieces:
                for piece in pieces:
                    question.worked()
                    begun = True
                    yield piece
        except ServerError as error:
            if begun or self._stand_in is None:
                raise
            failed = error
        else:
            return
        yield from self._instead(self._stand_in, failed, text)

    def close(self) -> None:
        """End the request under way. Any thread."""
        self._server.close()

    def _instead(
        self, stand_in: StandIn[Voice], error: ServerError, text: str
    ) -> Generator[Piece, None, None]:
        """Have the stand-in say the clause. Raises ServerError where it fails, too."""
        try:
            self._other = voice = self._other or stand_in.session()
            self.guard.replaced(error, stand_in.name, "speaks")
            one_rate, ends = OneRate(), tuple[int, ...]()
            pieces = iter(voice.say(text))
            while True:
                with stand_in.turn:
                    piece = next(pieces, None)
                if piece is None:
                    return
                sound = one_rate.push(piece.samples, voice.rate_hz, last=not piece.to_come)
                ends = ends or piece.word_ends
                if sound.size:
                    yield _at_one_rate(replace(piece, samples=sound, word_ends=ends), voice.rate_hz)
                    ends = ()
        except VoicecliError as failed:
            raise error from failed


def _at_one_rate(piece: Piece, rate_hz: int) -> Piece:
    """What a piece tells, in samples at ONE_RATE_HZ; its sound has that rate already."""
    ratio = ONE_RATE_HZ / rate_hz
    to_come = max(1, round(piece.to_come * ratio)) if piece.to_come else 0
    return replace(piece, to_come=to_come, word_ends=tuple(round(end * ratio) for end in piece.word_ends))
