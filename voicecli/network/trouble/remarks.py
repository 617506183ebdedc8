"""What an engine that asks a server tells besides its result."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class Remark:
    """Something the user should know and can do, while the engine's work goes on."""

    found: str
    remedy: str
    of_reply: bool = True
    """False: it is so, whatever becomes of this reply."""


@dataclass(frozen=True, slots=True)
class TooManyRequests:
    """The server takes no more requests for now: HTTP status 429 or 503."""


Tell: TypeAlias = Callable[[Remark], None]
"""Is told a remark."""


def untold(_remark: Remark) -> None:
    """Be a `Tell` that does nothing."""
