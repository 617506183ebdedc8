"""A refusal that asks to wait -> the wait, and a remark that says so."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

from voicecli.reply.generate import Remark
from voicecli.reply.server.complaint import is_loading

if TYPE_CHECKING:
    from collections.abc import Mapping

    from voicecli.reply.generate import Notify

LOAD_S = 180.0
"""Longest wait for a server that loads its model, s; Ollama does so at the first request."""

LOOK_AGAIN_S = 1.0
"""How often a server that loads its model is asked, s."""

SHORT_WAIT_S = 10.0
"""Longest time that a server may ask to wait, s; a longer one becomes an error that names it."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """An answer that is no reply."""

    status: int
    body: str
    wait_s: float | None
    """How long the server asks to wait."""


class Waits:
    """Waits for one question, and knows how long it has waited."""

    def __init__(self, where: str, notify: Notify) -> None:
        self._where = where
        self._notify = notify
        self._waited_s = 0.0

    async def wait(self, refusal: Refusal) -> bool:
        """Where waiting helps, wait and remark on it; say whether to ask again."""
        if is_loading(refusal.status, refusal.body):
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
        await asyncio.sleep(pause_s)
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
