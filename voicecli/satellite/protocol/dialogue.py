"""Messages of one connection -> what they mean, whether the server is a voicecli or another of the protocol.

A voicecli tells the events of the talk as they are (`voicecli.event`). Of any other server the events of
OpenAI's Realtime protocol are put into the same words (`plain_talk`).

What cannot be read is counted, and does no harm: a server is not trusted.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from voicecli.events import Warned
from voicecli.satellite.protocol import meanings as it
from voicecli.satellite.protocol.plain_talk import PlainTalk
from voicecli.satellite.protocol.requests import Offers
from voicecli.satellite.protocol.sound_blocks import (
    LEAST_HZ,
    MOST_HZ,
    WIRE_HZ,
    ReplyBlock,
    samples_of,
    unpacked,
)
from voicecli.satellite.protocol.told_events import told

if TYPE_CHECKING:
    from collections.abc import Iterator

    from voicecli.satellite.protocol.meanings import Meaning
    from voicecli.satellite.protocol.requests import Json

LONGEST_ID = 200
"""Characters of an id or of a token."""

LONGEST_COMPLAINT = 300
"""Characters that are shown of an error of the server."""

MOST_REPLIES = 1 << 32


class Dialogue:
    """One connection, from its first message on."""

    def __init__(self) -> None:
        self.offers = Offers()
        self.unread = 0
        """Messages that could not be read."""
        self.last_id = ""
        """Id of the newest event."""
        self._plain = PlainTalk()

    def binary(self, data: bytes) -> Iterator[Meaning]:
        """What a binary message means."""
        try:
            yield it.Sounds(unpacked(data, self.offers.output_hz))
        except ValueError:
            self.unread += 1

    def text(self, text: str, t: float) -> Iterator[Meaning]:
        """What a message means that came at time `t` of the talk, s."""
        try:
            message = json.loads(text)
            if not isinstance(message, dict):
                raise ValueError("no object")  # noqa: TRY004, TRY301  # caught below with the others
            event_id = message.get("event_id")
            if isinstance(event_id, str) and len(event_id) <= LONGEST_ID:
                self.last_id = event_id
            meanings = list(self._meanings(message, t))
        except (ValueError, TypeError, RecursionError):
            self.unread += 1
            return
        yield from meanings

    def typed(self, text: str, t: float) -> Iterator[Meaning]:
        """What follows when a typed line was sent."""
        if not self.offers.extended:
            yield from self._plain.typed(text, t)

    def played(self, t: float) -> Iterator[Meaning]:
        """What follows when all that came of a reply was played."""
        if not self.offers.extended:
            yield from self._plain.played(t)

    def _meanings(self, message: Json, t: float) -> Iterator[Meaning]:
        match message.get("type"):
            case "session.created":
                yield from self._began(_table(message.get("session")), t)
            case "session.updated":
                yield self._settled(_table(message.get("session")))
            case "error":
                yield it.EventTold(Warned(t, f"the server says: {_complaint(message)}", ""))
            case "voicecli.event":
                event = told(_table(message.get("event")))
                if event is not None:
                    yield it.EventTold(event)
            case "voicecli.clear":
                yield it.Cleared(_number(message.get("reply")))
            case "response.output_audio.delta" if "voicecli" in message:
                yield it.Sounds(_block(message, _table(message["voicecli"]), self.offers.output_hz))
            case "response.output_audio.done" if self.offers.extended:
                yield it.AllSent()
            case str() as kind if not self.offers.extended:
                yield from self._plain.take(kind, message, t)
            case _:
                pass

    def _began(self, session: Json, t: float) -> Iterator[Meaning]:
        ours = session.get("voicecli")
        extended = isinstance(ours, dict)
        self.offers = Offers(extended=extended)
        resume = _table(_table(ours).get("resume"))
        model = session.get("model")
        yield it.Began(
            self.offers,
            model[:LONGEST_ID] if isinstance(model, str) else "",
            _table(ours).get("resumed") is True,
            _short(resume.get("token")),
            _number(_table(ours)["heard_ms"]) if _table(ours).get("heard_ms") is not None else None,
        )
        if _table(ours).get("resumed") is True:  # its settings are those that it had
            yield self._settled(session)

    def _settled(self, session: Json) -> it.Settled:
        ours = _table(session.get("voicecli"))
        extended = ours.get("events") is True
        rates = _table(ours.get("rates")) if extended else {}
        self.offers = Offers(
            extended=extended,
            binary=extended and ours.get("audio") == "binary",
            input_hz=_hertz(rates.get("input")),
            output_hz=_hertz(rates.get("output")),
        )
        return it.Settled(self.offers)


def _table(value: object) -> Json:
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise ValueError("no object")  # noqa: TRY004  # all of them are values of a message
    return value


def _short(value: object) -> str:
    return value if isinstance(value, str) and len(value) <= LONGEST_ID and value.isascii() else ""


def _number(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < MOST_REPLIES:
        raise ValueError("no number")
    return value


def _hertz(value: object) -> int:
    """A rate; the protocol's, where the server tells none. Raises ValueError."""
    if value is None:
        return WIRE_HZ
    if not LEAST_HZ <= _number(value) <= MOST_HZ:
        raise ValueError("no rate")
    return _number(value)


def _complaint(message: Json) -> str:
    found = _table(message.get("error")).get("message")
    return found[:LONGEST_COMPLAINT] if isinstance(found, str) else "an error"


def _block(message: Json, ours: Json, rate_hz: int) -> ReplyBlock:
    return ReplyBlock(
        _number(ours.get("reply")),
        _number(ours.get("start_ms")),
        samples_of(message.get("delta")),
        ours.get("fades") is True,
        rate_hz,
    )
