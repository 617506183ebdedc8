"""Facts for the floor about how well the talk keeps up: two more, beside those of `facts`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from voicecli.waiting.pressure import Level
    from voicecli.waiting.quality import Step


@dataclass(frozen=True, slots=True)
class QualityChanged:
    """The level of pressure has changed, or what the talk does without."""

    level: Level
    steps: tuple[Step, ...]
    """The steps that are taken, in the order in which they were taken."""


@dataclass(frozen=True, slots=True)
class ServerBusy:
    """The server of the language model takes no more requests for now: HTTP status 429 or 503."""


LoadFact: TypeAlias = QualityChanged | ServerBusy
