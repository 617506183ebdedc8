"""When a server is asked again: after the wait that a refusal asks for, or soon after a passing failure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, TypeAlias

from voicecli.errors import ServerError
from voicecli.network.trouble.complaint import is_loading
from voicecli.network.trouble.remarks import Remark, TooManyRequests

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from tenacity import AsyncRetrying

    Sleep: TypeAlias = Callable[[float], Awaitable[None]]
    Notify: TypeAlias = Callable[[Remark | TooManyRequests], None]

LOAD_S = 180.0
"""Longest wait for a server that loads its model, s; Ollama does so at the first request."""

LOOK_AGAIN_S = 1.0
"""How often a server that loads its model is asked, s."""

SHORT_WAIT_S = 10.0
"""Longest time that a server may ask to wait, s; a longer one becomes an error that names it."""

TRIES = 3
"""How often a server that fails is asked one question, while no word of the answer has come."""

BACKOFF_S = 0.3
"""Wait before the second try, s; twice as long before the third. As much again at most is added by chance,
so that the users of a server that comes back do not all ask at the same moment."""

_TOO_MANY = (429, 503)
"""HTTP statuses of a server that has more requests than it can serve."""

_PASSING = (408, 429, 500, 502, 503, 504, 529)
"""HTTP statuses of failures that may be over in a moment."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """An answer that is no reply."""

    status: int
    body: str
    wait_s: float | None
    """How long the server asks to wait."""

    @property
    def passes(self) -> bool:
        """Whether it may be over in a moment, as far as the server says."""
        return self.status in _PASSING and self.wait_s is None


def again(worth: Callable[[ServerError], bool], sleep: Sleep) -> AsyncRetrying:
    """Try and try again: exponential backoff with jitter, after a failure that is `worth` it."""
    import tenacity

    return tenacity.AsyncRetrying(
        retry=tenacity.retry_if_exception(lambda error: isinstance(error, ServerError) and worth(error)),
        stop=tenacity.stop_after_attempt(TRIES),
        wait=tenacity.wait_exponential(multiplier=BACKOFF_S) + tenacity.wait_random(0, BACKOFF_S),
        sleep=sleep,
        reraise=True,
    )


class Waits:
    """Waits for one question, and knows how long it has waited."""

    def __init__(self, where: str, notify: Notify, sleep: Sleep) -> None:
        self._where = where
        self._notify = notify
        self._sleep = sleep
        self._waited_s = 0.0

    async def wait(self, refusal: Refusal) -> bool:
        """Where waiting helps, wait and remark on it; say whether to ask again."""
        loading = is_loading(refusal.status, refusal.body)
        if refusal.status in _TOO_MANY and not loading:
            self._notify(TooManyRequests())
        if loading:
            if self._waited_s >= LOAD_S:
                return False
            pause_s = min(refusal.wait_s or LOOK_AGAIN_S, SHORT_WAIT_S)
            found, remedy = f"{self._where} is loading its model", "it is asked again until it answers"
        elif refusal.status >= 400 and refusal.wait_s is not None:
            if self._waited_s + refusal.wait_s > SHORT_WAIT_S:
                return False
            pause_s = max(refusal.wait_s, 0.1)
            found = f"{self._where} takes no more requests for {pause_s:.3g} s"
            remedy = "it is asked again then"
        else:
            return False
        if not self._waited_s:
            self._notify(Remark(found, remedy))
        self._waited_s += pause_s
        await self._sleep(pause_s)
        return True


def wait_s(headers: Mapping[str, str]) -> float | None:
    """How long the server asks to wait: seconds, or a date; None where it asks for nothing."""
    exact, text = headers.get("retry-after-ms", ""), headers.get("retry-after", "").strip()
    try:
        return max(0.0, float(exact) / 1000 if exact else float(text))
    except ValueError:
        pass
    try:
        return max(0.0, (parsedate_to_datetime(text) - datetime.now(UTC)).total_seconds())
    except (ValueError, TypeError, OverflowError):
        return None
