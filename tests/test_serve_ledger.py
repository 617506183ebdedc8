"""A talk's events -> the Realtime protocol's, in the order that its clients rely on."""

from __future__ import annotations

from collections.abc import Iterable

import hypothesis
import pytest
from hypothesis import given
from hypothesis import strategies as st

from voicecli import events
from voicecli.events import Event
from voicecli.serve.wire.items import ConversationItem
from voicecli.serve.wire.ledger import MOST_ITEMS, Ledger
from voicecli.serve.wire.settings import Json, SessionSettings

SOUND = "AAAA"


class Session:
    """A ledger, and all that it gave."""

    def __init__(self, wanted: SessionSettings | None = None) -> None:
        self.ledger = Ledger(lambda: wanted or SessionSettings())
        self.sent: list[Json] = []

    def tell(self, *told: Event) -> None:
        for event in told:
            self.keep(self.ledger.on_event(event))

    def sound(self, *, fades: bool = False) -> None:
        self.keep(self.ledger.on_sound(SOUND, fades=fades))

    def keep(self, messages: Iterable[Json]) -> None:
        self.sent.extend(messages)

    @property
    def kinds(self) -> list[object]:
        return [message["type"] for message in self.sent]

    def of(self, kind: str) -> list[Json]:
        return [message for message in self.sent if message["type"] == kind]


def asks(session: Session, turn: int = 1, text: str = "How are you?") -> None:
    session.tell(
        events.SpeechBegan(1.0, turn), events.Heard(2.0, turn, text, "en", 0.9), events.Listening(2.0)
    )


def test_a_turn_is_told_in_order() -> None:
    session = Session()
    asks(session)
    session.tell(events.ReplyClause(2.1, 1, 0, "I am well,"))
    session.sound()
    session.tell(events.Speaking(2.2, 1, 0, "I am well,"), events.ReplyClause(2.3, 1, 1, "thank you."))
    session.sound()
    session.tell(events.TurnDone(4.0, 1, "I am well, thank you."))
    assert session.kinds == [
        "input_audio_buffer.speech_started",
        "input_audio_buffer.speech_stopped",
        "input_audio_buffer.committed",
        "conversation.item.added",
        "conversation.item.input_audio_transcription.completed",
        "conversation.item.done",
        "response.created",
        "response.output_item.added",
        "conversation.item.added",
        "response.content_part.added",
        "response.output_audio_transcript.delta",
        "output_audio_buffer.started",
        "response.output_audio.delta",
        "response.output_audio_transcript.delta",
        "response.output_audio.delta",
        "response.output_audio.done",
        "response.output_audio_transcript.done",
        "response.content_part.done",
        "response.output_item.done",
        "conversation.item.done",
        "output_audio_buffer.stopped",
        "response.done",
    ]
    (done,) = session.of("response.done")
    assert done["response"]["status"] == "completed"  # type: ignore[index]
    deltas = "".join(str(delta["delta"]) for delta in session.of("response.output_audio_transcript.delta"))
    assert deltas == "I am well, thank you."
    user, agent = session.of("conversation.item.added")
    assert agent["previous_item_id"] == user["item"]["id"]  # type: ignore[index]


def test_after_speech_started_no_sound_of_that_response_comes() -> None:
    session = Session()
    asks(session)
    session.tell(events.ReplyClause(2.1, 1, 0, "Once upon a time."))
    session.sound()
    session.tell(events.SpeechBegan(3.0, 2))
    at = len(session.sent)
    session.sound(fades=True)
    session.tell(events.Interrupted(3.1, 1, "Once upon"), events.TurnDone(3.1, 1, "Once upon"))
    assert session.kinds[at:] == []
    assert session.kinds.index("output_audio_buffer.cleared") > session.kinds.index(
        "output_audio_buffer.started"
    )
    (done,) = session.of("response.done")
    assert done["response"]["status"] == "cancelled"  # type: ignore[index]
    assert done["response"]["status_details"]["reason"] == "turn_detected"  # type: ignore[index]
    heard = [item.text for item in session.ledger.items.values() if item.role == "assistant"]
    assert heard == ["Once upon"]


def test_sound_that_comes_before_its_reply_is_told_is_not_lost() -> None:
    session = Session()
    asks(session)
    session.sound()
    assert not session.of("response.output_audio.delta")
    session.tell(events.ReplyClause(2.1, 1, 0, "Yes."))
    assert len(session.of("response.output_audio.delta")) == 1


def test_the_client_cancels() -> None:
    session = Session()
    asks(session)
    session.tell(events.ReplyClause(2.1, 1, 0, "Once upon a time."))
    session.sound()
    assert session.ledger.cancel()
    session.tell(events.Interrupted(3.0, 1, "Once"), events.TurnDone(3.0, 1, "Once"))
    (done,) = session.of("response.done")
    assert done["response"]["status_details"]["reason"] == "client_cancelled"  # type: ignore[index]
    assert not session.ledger.cancel()


def test_a_failed_turn_is_a_failed_response_and_no_error() -> None:
    session = Session()
    asks(session)
    session.tell(
        events.Failed(2.5, "the language model failed", "see its log", 1), events.TurnDone(2.5, 1, "")
    )
    (done,) = session.of("response.done")
    assert done["response"]["status"] == "failed"  # type: ignore[index]
    assert not session.of("error")


def test_words_are_told_once_two_looks_agree_and_only_appended() -> None:
    session = Session()
    session.tell(events.SpeechBegan(1.0, 1))
    for text in ("How", "How are you", "How are you today", "Who are you today my"):
        session.tell(events.Partial(1.5, 1, text))
    deltas = [delta["delta"] for delta in session.of("conversation.item.input_audio_transcription.delta")]
    assert deltas == ["How", " are you"]


def test_a_typed_line_makes_no_second_item() -> None:
    session = Session()
    session.keep(session.ledger.add(ConversationItem("mine", "user", "input_text", "Hello")))
    session.ledger.expect_typed("mine", {"who": "me"})
    session.tell(events.Heard(1.0, 1, "Hello", "en", 1.0), events.ReplyClause(1.1, 1, 0, "Hello."))
    users = [item.id for item in session.ledger.items.values() if item.role == "user"]
    assert users == ["mine"]
    assert session.of("response.created")[0]["response"]["metadata"] == {"who": "me"}  # type: ignore[index]
    assert not session.of("input_audio_buffer.committed")


def test_text_alone() -> None:
    session = Session(SessionSettings(aloud=False))
    asks(session)
    session.tell(events.ReplyClause(2.1, 1, 0, "Yes."))
    session.sound()
    session.tell(events.TurnDone(3.0, 1, "Yes."))
    assert not session.of("response.output_audio.delta")
    assert session.of("response.output_text.done")[0]["text"] == "Yes."


def test_items_are_bounded_and_named_once() -> None:
    session = Session()
    for number in range(MOST_ITEMS + 5):
        session.keep(session.ledger.add(ConversationItem(f"i{number}", "user", "input_text", "x")))
    assert len(session.ledger.items) == MOST_ITEMS
    with pytest.raises(KeyError):
        session.keep(session.ledger.add(ConversationItem("i204", "user", "input_text", "x")))


STEPS = st.sampled_from(
    ["begins", "partial", "heard", "clause", "sound", "fade", "speaking", "cut", "done", "fails", "cancel"]
)


def told(step: str, turn: int) -> Event | None:
    """The event of a step; None for those that are not the talk's."""
    made: dict[str, Event] = {
        "begins": events.SpeechBegan(0.0, turn),
        "partial": events.Partial(0.0, turn, "so far"),
        "heard": events.Heard(0.0, turn, "so far it goes", "en", 1.0),
        "clause": events.ReplyClause(0.0, turn, 0, "Yes."),
        "speaking": events.Speaking(0.0, turn, 0, "Yes."),
        "cut": events.Interrupted(0.0, turn, "Y"),
        "done": events.TurnDone(0.0, turn, "Yes."),
        "fails": events.Failed(0.0, "it broke", "mend it", turn),
    }
    return made.get(step)


@given(st.lists(STEPS, max_size=60))
@hypothesis.settings(max_examples=1000)
def test_clients_get_whole_responses_and_no_sound_after_an_interruption(steps: list[str]) -> None:
    session, turn = Session(), 1
    for step in steps:
        turn += step == "begins"
        if (event := told(step, turn)) is not None:
            session.tell(event)
        elif step == "cancel":
            session.ledger.cancel()
        else:
            session.sound(fades=step == "fade")
    check(session.sent)


def check(sent: list[Json]) -> None:
    """One response at a time, each ended once; no sound between `speech_started` and the next response."""
    response, silenced = None, False
    for message in sent:
        kind = str(message["type"])
        about = message.get("response_id") or (message.get("response") or {}).get("id")  # type: ignore[attr-defined]
        if kind == "response.created":
            assert response is None
            response, silenced = about, False
        elif kind == "input_audio_buffer.speech_started":
            silenced = True
        elif about is not None:
            assert about == response
            assert not (silenced and kind == "response.output_audio.delta")
        if kind == "response.done":
            response = None


def test_a_cue_is_sent_at_once_and_the_reply_goes_on_in_its_response() -> None:
    session = Session()
    asks(session)
    session.sound()
    assert not session.of("response.output_audio.delta")
    session.tell(events.Cued(2.5, 1, 1))
    assert len(session.of("response.output_audio.delta")) == 1
    session.tell(events.ReplyClause(4.0, 1, 0, "Yes."), events.TurnDone(5.0, 1, "Yes."))
    assert len(session.of("response.created")) == len(session.of("response.done")) == 1


def test_a_fade_begins_no_response() -> None:
    session = Session()
    asks(session)
    session.tell(events.ReplyClause(2.1, 1, 0, "Once upon a time."))
    session.sound()
    session.tell(events.Interrupted(3.0, 1, "Once"), events.TurnDone(3.0, 1, "Once"))
    session.sound(fades=True)
    assert len(session.of("response.created")) == len(session.of("response.done")) == 1
