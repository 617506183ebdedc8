"""What a message of the server means for the talk here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from voicecli.events import Event
    from voicecli.satellite.protocol.requests import Offers
    from voicecli.satellite.protocol.sound_blocks import ReplyBlock


@dataclass(frozen=True, slots=True)
class Began:
    """A session is there; its settings may be asked for."""

    offers: Offers
    model: str
    resumed: bool
    token: str
    """With which it can be taken up again; empty where it cannot."""
    heard_ms: int | None = None
    """Of one that is taken up: until when the server heard the microphone, ms modulo 2^32 on its clock."""


@dataclass(frozen=True, slots=True)
class Settled:
    """The settings are in effect: sound and requests may be sent."""

    offers: Offers


@dataclass(frozen=True, slots=True)
class EventTold:
    """An event of the talk. Its time, and its turn, are the server's."""

    event: Event


@dataclass(frozen=True, slots=True)
class Sounds:
    """Sound of a reply."""

    block: ReplyBlock


@dataclass(frozen=True, slots=True)
class Cleared:
    """Nobody may hear any more of the replies up to this one."""

    reply: int


@dataclass(frozen=True, slots=True)
class AllSent:
    """All the sound of the newest reply has come."""


@dataclass(frozen=True, slots=True)
class Cut:
    """The reply in this item was interrupted here: the server is to know how much of it was heard."""

    item_id: str


Meaning: TypeAlias = Began | Settled | EventTold | Sounds | Cleared | AllSent | Cut
