"""Events of a talk -> events of OpenAI's Realtime protocol, in the order that its clients rely on. Pure.

    listening, partial, ...   a talk's event, or a block of its sound        in
    speech_started, ...       objects to be sent, without their event ids    out

It keeps the items of the conversation: the user's words, and of the agent's what was heard of them.

`speech_started` means "stop playing". Of speech over the agent a talk tells it only once that is known to be
an interruption. After it no sound of the interrupted response is given.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from typing import TYPE_CHECKING, Literal

from voicecli import events
from voicecli.serve.wire.items import ConversationItem, Response, fresh, previous

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from voicecli.events import Event
    from voicecli.serve.wire.settings import Json, SessionSettings

MOST_ITEMS = 200
"""Items that are kept: an hour of talk. Beyond that the oldest are forgotten."""


MOST_EARLY = 50
"""Blocks of sound that may come before the event that tells of their reply: 1 s."""


class Ledger:
    """One session's items, the turn under way and the response under way."""

    def __init__(self, wanted: Callable[[], SessionSettings]) -> None:
        """`wanted` gives the session's settings as they are now."""
        self._wanted = wanted
        self.items: OrderedDict[str, ConversationItem] = OrderedDict()
        self._said = ""  # id of the item for what the user is saying
        self._turn = 0  # the turn that speech began last
        self._typed: deque[str] = deque(maxlen=MOST_ITEMS)  # items of the lines that the talk was given
        self._told: list[str] = []  # its words that were told
        self._before: list[str] = []  # its words when they were looked at last
        self._response: Response | None = None
        self._silenced = False  # the user has interrupted: what still comes of the sound is not wanted
        self._metadata: dict[str, str] = {}
        self._early: deque[object] = deque(
            maxlen=MOST_EARLY
        )  # sound of the next reply, until that is told of
        self._by_client = False  # the client asked for the next cancellation
        self._began_ms = 0
        self._latency_ms: float | None = None

    # ---- what the client does

    def add(self, item: ConversationItem) -> Iterator[Json]:
        """The client adds an item. Raises KeyError if there is one of its name."""
        if item.id in self.items:
            raise KeyError(item.id)
        yield from self._added(item)
        yield self._done(item)

    def delete(self, item_id: str) -> Iterator[Json]:
        """The client deletes an item. Raises KeyError."""
        del self.items[item_id]
        yield {"type": "conversation.item.deleted", "item_id": item_id}

    def cancel(self) -> bool:
        """The client cancels the response; False where there is none."""
        self._by_client = self._response is not None
        return self._by_client

    @property
    def silenced(self) -> bool:
        """Whether the user has interrupted, and no reply is told of since: sound is not wanted."""
        return self._silenced

    @property
    def busy(self) -> bool:
        """Whether a response is under way, or the client's line has yet to be taken up."""
        return self._response is not None or bool(self._typed)

    # ---- what the talk tells

    def on_event(self, event: Event) -> Iterator[Json]:
        """What to send for an event of the talk."""
        match event:
            case events.SpeechBegan(t, turn):
                self._turn = turn
                yield from self._speech_began(round(t * 1000))
            case events.Partial(_, _, text):
                yield from self._partial(text)
            case events.Heard():
                yield from self._heard(event)
            case events.ReplyClause(_, _, _, text):
                yield from self._clause(text)
                yield from self._may_sound()
            case events.Speaking() | events.Cued():
                yield from self._may_sound()
            case events.Interrupted(_, _, heard):
                yield from self._ended("cancelled", heard)
            case events.TurnDone(heard=heard, latency_ms=latency_ms):
                self._latency_ms = latency_ms.get("total")
                yield from self._ended("completed", heard)
            case events.Failed(message=message) if event.turn is not None:
                yield from self._respond()
                yield from self._ended("failed", "", message)
            case _:
                pass

    def on_sound(self, audio: object, *, fades: bool = False) -> Iterator[Json]:
        """What to send for the next block of the agent's voice, which is passed on as it is.

        `fades`: it is the end of a reply that is over, was dropped, or put on hold.
        """
        if not self._wanted().aloud:
            return
        if self._silenced:
            if self._early or not fades:  # else it is the end of the reply before
                self._early.append(audio)
            return
        if not fades:  # with that no response begins
            yield from self._respond()
        response = self._response
        if response is None:
            return
        if not response.sounds:
            response.sounds = True
            yield {"type": "output_audio_buffer.started", "response_id": response.id}
        yield {"type": "response.output_audio.delta", **response.place, "delta": audio}

    def _may_sound(self) -> Iterator[Json]:
        """A reply is told of, so its sound, which may have come first, is wanted."""
        self._silenced = False
        while self._early:
            yield from self.on_sound(self._early.popleft())

    # ---- the user

    def _speech_began(self, at_ms: int) -> Iterator[Json]:
        self._said, self._told, self._before = fresh("item"), [], []
        self._began_ms = at_ms
        yield {"type": "input_audio_buffer.speech_started", "audio_start_ms": at_ms, "item_id": self._said}
        self._silenced = True
        self._early.clear()
        if self._response is not None:
            if self._response.sounds:
                yield {"type": "output_audio_buffer.cleared", "response_id": self._response.id}
            yield from self._ended("cancelled", None)

    def _partial(self, text: str) -> Iterator[Json]:
        """The words on which two looks agree, without the newest, which changes most."""
        self._early.clear()  # they speak: what came was of the reply before
        words = text.split()
        agreed = [one for one, other in zip(words, self._before, strict=False) if one == other]
        agreed = agreed[: max(0, len(words) - 1)] if agreed == words[: len(agreed)] else []
        self._before = words
        fresh_words = agreed[len(self._told) :]
        if not self._wanted().transcribes or not fresh_words or agreed[: len(self._told)] != self._told:
            return
        delta = ("" if not self._told else " ") + " ".join(fresh_words)
        self._told = agreed
        yield {
            "type": "conversation.item.input_audio_transcription.delta",
            "item_id": self._item_of_user(),
            "content_index": 0,
            "delta": delta,
        }

    def _item_of_user(self) -> str:
        self._said = self._said or fresh("item")
        return self._said

    def _heard(self, heard: events.Heard) -> Iterator[Json]:
        if heard.turn != self._turn and self._typed:
            self._typed.popleft()  # the client knows what it typed
            return
        item_id = self._item_of_user()
        item = ConversationItem(item_id, "user", "input_audio", status="in_progress")
        end_ms = round(heard.t * 1000)
        yield {"type": "input_audio_buffer.speech_stopped", "audio_end_ms": end_ms, "item_id": item.id}
        yield {
            "type": "input_audio_buffer.committed",
            "item_id": item.id,
            "previous_item_id": next(reversed(self.items), None),
        }
        yield from self._added(item)  # without its words: clients add those of the next event
        item.text, item.status = heard.text, "completed"
        if self._wanted().transcribes:
            yield {
                "type": "conversation.item.input_audio_transcription.completed",
                "item_id": item.id,
                "content_index": 0,
                "transcript": heard.text,
                "usage": {"type": "duration", "seconds": max(0, end_ms - self._began_ms) / 1000},
                "language": heard.language,
            }
        yield self._done(item)
        self._said = ""

    def expect_typed(self, item_id: str, metadata: dict[str, str]) -> None:
        """The talk is given a line that the client has typed, in this item.

        `metadata`: what the response to it bears.
        """
        self._typed.append(item_id)
        self._metadata = metadata

    # ---- the agent

    def _respond(self) -> Iterator[Json]:
        """Begin a response, unless one is under way."""
        if self._response is not None:
            return
        kind: Literal["output_audio", "output_text"] = (
            "output_audio" if self._wanted().aloud else "output_text"
        )
        item = ConversationItem(fresh("item"), "assistant", kind, status="in_progress")
        metadata, self._metadata = self._metadata, {}
        self._response = response = Response(fresh("resp"), item, metadata=metadata)
        yield {"type": "response.created", "response": response.as_json("in_progress")}
        yield {
            "type": "response.output_item.added",
            "response_id": response.id,
            "output_index": 0,
            "item": item.as_json(),
        }
        yield from self._added(item)
        yield {"type": "response.content_part.added", **response.place, "part": response.part}

    def _clause(self, text: str) -> Iterator[Json]:
        yield from self._respond()
        response = self._response
        if response is None:
            return
        delta = f" {text}" if response.clauses else text
        response.clauses.append(text)
        kind = "output_audio_transcript" if self._wanted().aloud else "output_text"
        yield {"type": f"response.{kind}.delta", **response.place, "delta": delta}

    def _ended(
        self, status: Literal["completed", "cancelled", "failed"], heard: str | None, message: str = ""
    ) -> Iterator[Json]:
        """The response is over; `heard`: the words that sounded, None where that is not known yet."""
        response, self._response = self._response, None
        if response is None:
            if heard is not None:
                self._correct(heard)
            return
        by_client, self._by_client = self._by_client, False
        if by_client:
            response.cancelled_by = "client_cancelled"
            status = "cancelled" if status == "completed" else status
        item, written = response.item, response.written
        item.text = written if heard is None or not self._wanted().aloud else heard
        item.status = "completed" if status == "completed" else "incomplete"
        place, part = response.place, response.part
        if item.kind == "output_audio":
            yield {"type": "response.output_audio.done", **place}
            yield {"type": "response.output_audio_transcript.done", **place, "transcript": written}
        else:
            yield {"type": "response.output_text.done", **place, "text": written}
        yield {"type": "response.content_part.done", **place, "part": part}
        yield {
            "type": "response.output_item.done",
            "response_id": response.id,
            "output_index": 0,
            "item": item.as_json(),
        }
        yield self._done(item)
        if response.sounds and status == "completed":
            yield {"type": "output_audio_buffer.stopped", "response_id": response.id}
        yield {"type": "response.done", "response": response.as_json(status, message, self._latency_ms)}

    def _correct(self, heard: str) -> None:
        """What was heard of the newest reply is known now: a client that asks for the item is told this."""
        for item in reversed(self.items.values()):
            if item.role == "assistant":
                if item.status == "incomplete":
                    item.text = heard
                return

    # ---- items

    def _done(self, item: ConversationItem) -> Json:
        before = previous(self.items, item)
        return {"type": "conversation.item.done", "previous_item_id": before, "item": item.as_json()}

    def _added(self, item: ConversationItem) -> Iterator[Json]:
        self.items[item.id] = item
        while len(self.items) > MOST_ITEMS:
            self.items.popitem(last=False)
        yield {
            "type": "conversation.item.added",
            "previous_item_id": previous(self.items, item),
            "item": item.as_json(),
        }
