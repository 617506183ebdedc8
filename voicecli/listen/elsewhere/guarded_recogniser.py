"""A recogniser on a server that may fail -> one that says so soon, and has another stand in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from voicecli.errors import ServerError, VoicecliError
from voicecli.listen.recogniser import AUTO
from voicecli.listen.whisper.window import LONGEST_S, SHORTEST_S, check_samples
from voicecli.messages import RATE_HZ, Transcript
from voicecli.network.trouble.guard import Guard

if TYPE_CHECKING:
    from collections.abc import Sequence

    from voicecli.listen.recogniser import Recogniser
    from voicecli.messages import Float32
    from voicecli.network.trouble.breaker import Breaker
    from voicecli.network.trouble.stand_in import StandIn


def one_or_any(setting: str) -> frozenset[str] | None:
    """The language of `transcribe.language`; None for "auto": the server finds it, and lists none."""
    return None if setting == AUTO else frozenset({setting})


class HearingServer(Protocol):
    """Writes down speech by asking a server."""

    @property
    def name(self) -> str:
        """What it runs and where, for people."""
        ...

    @property
    def is_local(self) -> bool:
        """Whether the sound stays on this computer."""
        ...

    @property
    def language(self) -> str:
        """The language of words of which the server does not tell it."""
        ...

    @property
    def languages(self) -> frozenset[str] | None:
        """The language of all its words; None: they may be in any."""
        ...

    def warm(self) -> None:
        """See whether the server is there. Raises ServerError."""
        ...

    def close(self) -> None:
        """End the request under way. Any thread."""
        ...

    def transcribe(self, samples: Float32, language: str | None) -> Transcript:
        """Write down (n,) float32 in [-1, 1], 16 kHz, in which there is some sound. Raises ServerError."""
        ...


class GuardedRecogniser:
    """One talk's recogniser on a server, and its stand-in. Raises ServerError, which ends no talk."""

    window_s = LONGEST_S
    finds_language = False
    """It does, but tells it only with the words."""

    def __init__(self, server: HearingServer, breaker: Breaker, stand_in: StandIn[Recogniser] | None) -> None:
        """`breaker` is shared by all that ask this server; `stand_in` is loaded when it is first needed."""
        self.guard = Guard(breaker, lambda: server.name, is_local=server.is_local)
        self._server = server
        self._stand_in = stand_in
        self._other: Recogniser | None = None
        """The recogniser that stands in, once it was needed."""
        self._narrow = False

    @property
    def looks_ahead(self) -> bool:
        """Only a server of this computer is sent speech that goes on: one elsewhere gets it at a pause."""
        return self._server.is_local

    @property
    def languages(self) -> frozenset[str] | None:
        """The language of the settings; None where the server finds it, because it lists none."""
        return self._server.languages

    def narrow(self, *, on: bool) -> None:
        """Ask the stand-in; a server is not told."""
        self._narrow = on

    def language_odds(self, samples: Float32, spans: Sequence[tuple[float, float]]) -> list[dict[str, float]]:
        """The language that words have if nobody tells it, for each part. Raises ValueError."""
        check_samples(samples)
        return [{self._server.language: 1.0} for _ in spans]

    def transcribe(
        self,
        samples: Float32,
        *,
        provisional: bool = False,
        language: str | None = None,
        clear_s: float = 0.0,
    ) -> Transcript:
        """Write down what is said in `samples`: (n,) float32 in [-1, 1], 16 kHz, 0 < n <= 28 s.

        The server gets no silence. Raises ValueError for other samples; ServerError where nobody answers.
        """
        check_samples(samples)
        if samples.size < SHORTEST_S * RATE_HZ or not samples.any():
            return Transcript("", language or self._server.language, 0.0)
        try:
            with self.guard.ask() as question:
                found = self._server.transcribe(samples, language)
                question.worked()
                return found
        except ServerError as error:
            if self._stand_in is None:
                raise
            other = self._standing_in(self._stand_in, error)
            with self._stand_in.turn:
                other.narrow(on=self._narrow)
                return other.transcribe(samples, provisional=provisional, language=language, clear_s=clear_s)

    def close(self) -> None:
        """End the request under way. Any thread."""
        self._server.close()

    def _standing_in(self, stand_in: StandIn[Recogniser], error: ServerError) -> Recogniser:
        """The recogniser that stands in. Raises ServerError where there is none that can be loaded."""
        try:
            self._other = self._other or stand_in.session()
        except VoicecliError as failed:
            raise error from failed
        self.guard.replaced(error, stand_in.name, "listens")
        return self._other
