"""Why there is no connection, in words, and whether it is worth trying again. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from voicecli.errors import ServerError
from voicecli.satellite.server_url import TOKEN_VARIABLE

if TYPE_CHECKING:
    from collections.abc import Callable

FIRST_WAIT_S, LONGEST_WAIT_S = 0.25, 4.0
"""s: bounds of the wait before the first attempt, and before each later one."""

MOST_ASKED_S = 30.0
"""Longest wait that a server may ask for, s."""

FULL = 1013
"""Code of a WebSocket's close: try again later (RFC 6455, its registry)."""

TAKEN_UP_ELSEWHERE = 4000
RESTARTING = 1012

_REASON_CHARS = 120


class Lost(Exception):  # noqa: N818  # like ChannelClosed: what happened, not an error
    """There is no connection now. `why` completes "the connection to NAME ..."."""

    def __init__(
        self, why: str, wait_s: float = 0.0, *, took_s: float = 0.0, forgotten: bool = False
    ) -> None:
        """`wait_s`: how long the server wants to be left alone. `forgotten`: it does not keep the talk.

        `took_s`: for so long the attempt waited for an answer in vain.
        """
        super().__init__(why)
        self.why = why
        self.wait_s = min(wait_s, MOST_ASKED_S)
        self.took_s = took_s
        self.forgotten = forgotten


@dataclass(slots=True)
class Backoff:
    """Waits that double, each drawn from zero up to its bound ("full jitter").

    Many clients of a server that comes back do not all ask at one moment. Source: Brooker, "Exponential
    Backoff And Jitter", AWS Architecture Blog, 2015.
    """

    chance: Callable[[], float]
    """Gives a number from 0 up to 1."""
    tries: int = 0

    def next_s(self, took_s: float = 0.0) -> float:
        """The wait before the next attempt; for `took_s` the last one has waited itself."""
        bound = min(LONGEST_WAIT_S, FIRST_WAIT_S * 2 ** min(self.tries, 16))
        self.tries += 1
        return max(0.0, float(bound * self.chance()) - took_s)

    def reset(self) -> None:
        """An attempt was right."""
        self.tries = 0


def refused(shown: str, status: int, wait_s: float, *, known: bool, resumes: bool) -> Lost:
    """What an answer means that opens no socket. Raises ServerError where it is no use to try again.

    `known`: the server has held a talk with us. `resumes`: the request was to take one up again.
    """
    match status:
        case 401:
            raise ServerError(
                f"{shown} refuses the token, or wants one (401)",
                f"give the server's with --token-file, or in {TOKEN_VARIABLE}",
            )
        case 403:
            raise ServerError(
                f"{shown} refuses this connection (403)",
                "it is not known by that name: start it with --name, or use its address",
            )
        case 404 if resumes:
            return Lost("is there again, and the talk is not kept any more", forgotten=True)
        case 429 | 503:
            return Lost("is refused: the server is full", wait_s)
        case _ if status >= 500 or known:
            return Lost(f"is refused ({status})", wait_s)
        case _:
            raise ServerError(
                f"{shown} is no voicecli server: it answers {status}",
                'start "voicecli serve" there, or give another --server',
            )


def closed(shown: str, code: int | None, reason: str) -> Lost:
    """What the end of a socket means. Raises ServerError where it is no use to try again."""
    match code:
        case 4000:
            raise ServerError(f"the talk with {shown} was taken up elsewhere", "begin another one here")
        case 1013:
            return Lost("is refused: the server is full", 1.0)
        case 1012:
            return Lost("is lost: the server restarts")
        case 1000 | 1011 if reason:
            return Lost(f"was ended there ({reason[:_REASON_CHARS]})")
        case _:
            return Lost("is lost")
