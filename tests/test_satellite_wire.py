"""What a talk and its server say to each other: read, written, and refused where it cannot be."""

from __future__ import annotations

import base64
import json
import math
from dataclasses import asdict, fields
from typing import TYPE_CHECKING, get_args

import numpy as np
import pytest

from tests.test_neutral import EVIL
from voicecli import events
from voicecli.errors import ConfigError, ServerError
from voicecli.events import as_json
from voicecli.satellite.protocol import meanings as it
from voicecli.satellite.protocol import requests as to
from voicecli.satellite.protocol.dialogue import Dialogue
from voicecli.satellite.protocol.sound_blocks import HeardBlock, packed, unpacked
from voicecli.satellite.protocol.told_events import LONGEST_TEXT, told
from voicecli.satellite.refusals import LONGEST_WAIT_S, Backoff, Lost, closed, refused
from voicecli.satellite.server_url import TOKEN_VARIABLE, server_at, token_for

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

EVERY_EVENT = (
    events.Listening(0.5, "a model", "a hint"),
    events.SpeechBegan(1.0, 1),
    events.Partial(1.1, 1, "what"),
    events.Heard(1.2, 1, "what is it", "en", 0.9),
    events.ReplyClause(1.3, 1, 0, "it is"),
    events.Speaking(1.4, 1, 0, "it is"),
    events.Cued(1.4, 1, 1, "let me think"),
    events.Interrupted(1.5, 1, "it"),
    events.Overheard(1.6, 1, "mm-hm"),
    events.Dropped(1.7, "no_words", 2, 1),
    events.MicrophoneLevel(1.8, -50.0, -20.0),
    events.TurnDone(1.9, 1, "it is", {"pause": 100.0, "total": 300.0}, 50.0, 1, 3.5, 100, 20),
    events.Warned(2.0, "so", "do this", 1),
    events.QualityStepped(2.1, "warning", 1, "drafts", "taken"),
    events.Failed(2.2, "so", "do that"),
)


def plain_messages(*messages: tuple[str, Mapping[str, object]]) -> list[it.Meaning]:
    dialogue = Dialogue()
    list(dialogue.text(json.dumps({"type": "session.created", "session": {"model": "m"}}), 0.0))
    return [
        meaning
        for number, (kind, more) in enumerate(messages)
        for meaning in dialogue.text(json.dumps({"type": kind, **more}), float(number))
    ]


def told_in(meanings: list[it.Meaning]) -> list[events.Event]:
    return [meaning.event for meaning in meanings if isinstance(meaning, it.EventTold)]


@pytest.mark.parametrize("event", EVERY_EVENT, ids=lambda event: event.name)
def test_an_event_comes_over_as_it_is(event: events.Event) -> None:
    assert told(json.loads(as_json(event))) == event


def test_every_event_is_tried() -> None:
    assert {type(event) for event in EVERY_EVENT} == set(get_args(events.Event))


@pytest.mark.parametrize("event", EVERY_EVENT, ids=lambda event: event.name)
@pytest.mark.parametrize(
    "bad", ["x" * (LONGEST_TEXT + 1), [], {"a": 1}, math.inf, math.nan, -1, 1e300, True, [[]] * 3]
)
def test_no_field_takes_what_it_cannot_hold(event: events.Event, bad: object) -> None:
    whole = json.loads(as_json(event))
    for field in fields(event):
        try:
            found = told({**whole, field.name: bad})
        except ValueError:
            continue
        assert found is not None
        value = asdict(found)[field.name]
        assert value is None or isinstance(value, float | int | dict), (field.name, value)
        as_json(found)


def test_what_is_missing_or_unknown_is_no_event() -> None:
    assert told({"event": "new one", "t": 1.0}) is None
    assert told({"event": 3}) is None
    with pytest.raises(ValueError, match="turn is missing"):
        told({"event": "partial", "t": 1.0, "text": "so"})
    with pytest.raises(ValueError, match="no such word"):
        told({"event": "dropped", "t": 1.0, "reason": EVIL["title"], "count": 1})


def test_stages_that_nobody_knows_are_left_out() -> None:
    given = {
        "event": "turn_done",
        "t": 1.0,
        "turn": 1,
        "heard": "",
        "latency_ms": {EVIL["clear"]: 1.0, "total": 2.0},
    }
    found = told(given)
    assert isinstance(found, events.TurnDone)
    assert found.latency_ms == {"total": 2.0}


def test_binary_sound_is_as_the_contract_says() -> None:
    data = packed(HeardBlock(np.array([1, -2], np.int16), (1 << 32) + 7, after_gap=True))
    assert data == bytes.fromhex("07000000 00000000 0200 0000 0100 feff")
    block = unpacked(bytes.fromhex("e8030000 02000000 0100 0000 0100 feff"))
    assert (block.start_ms, block.reply, block.fades, block.samples.tolist()) == (1000, 2, True, [1, -2])


@pytest.mark.parametrize("data", [b"", b"x" * 11, b"\0" * 12, b"\1" * 13, b"\1" * ((1 << 20) + 2)])
def test_other_binary_messages_are_counted_and_harmless(data: bytes) -> None:
    dialogue = Dialogue()
    assert list(dialogue.binary(data)) == []
    assert dialogue.unread == 1


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "3",
        '{"type": "voicecli.event", "event": 3}',
        '{"type": "voicecli.event", "event": {"event": "partial"}}',
        '{"type": "voicecli.clear", "reply": -1}',
        '{"type": "response.output_audio.delta", "voicecli": {"reply": 1, "start_ms": 0}, "delta": "?"}',
        '{"type": "session.created", "session": []}',
        "[" * 100_000,
    ],
)
def test_rubbish_is_counted_and_harmless(text: str) -> None:
    dialogue = Dialogue()
    assert list(dialogue.text(text, 1.0)) == []
    assert dialogue.unread == 1


def test_what_nobody_knows_is_passed_over() -> None:
    dialogue = Dialogue()
    assert list(dialogue.text('{"type": "rate_limits.updated", "event_id": "e7"}', 1.0)) == []
    assert (dialogue.unread, dialogue.last_id) == (0, "e7")


def test_a_session_tells_what_the_server_can_do() -> None:
    dialogue = Dialogue()
    created = {"model": "m", "voicecli": {"resume": {"token": "t"}, "resumed": False}}
    (began,) = dialogue.text(json.dumps({"type": "session.created", "session": created}), 0.0)
    assert began == it.Began(to.Offers(extended=True), "m", False, "t")
    session: dict[str, dict[str, object]] = {"voicecli": {"events": True, "audio": "binary"}}
    (settled,) = dialogue.text(json.dumps({"type": "session.updated", "session": session}), 0.0)
    assert settled == it.Settled(to.Offers(extended=True, binary=True)), "an old one: 24 kHz"
    session["voicecli"]["rates"] = {"input": 16_000, "output": 22_050}
    (settled,) = dialogue.text(json.dumps({"type": "session.updated", "session": session}), 0.0)
    assert settled == it.Settled(to.Offers(extended=True, binary=True, input_hz=16_000, output_hz=22_050))
    (sounds,) = dialogue.binary(bytes.fromhex("e8030000 02000000 0000 0000 0100 feff"))
    assert isinstance(sounds, it.Sounds)
    assert sounds.block.rate_hz == 22_050


@pytest.mark.parametrize("bad", [0, -1, 7_999, 48_001, 1e4, "16000", True, [], {}, 1 << 40])
@pytest.mark.parametrize("side", ["input", "output"])
def test_a_rate_that_cannot_be_is_counted_and_nothing_of_it_counts(side: str, bad: object) -> None:
    dialogue = Dialogue()
    session = {"voicecli": {"events": True, "audio": "binary", "rates": {side: bad}}}
    assert list(dialogue.text(json.dumps({"type": "session.updated", "session": session}), 0.0)) == []
    assert (dialogue.unread, dialogue.offers) == (1, to.Offers())


def test_a_talk_that_is_taken_up_keeps_its_rates() -> None:
    dialogue = Dialogue()
    rates = {"input": 16_000, "output": 22_050}
    ours = {"resumed": True, "resume": {"token": "t"}, "events": True, "audio": "binary", "rates": rates}
    began, settled = dialogue.text(
        json.dumps({"type": "session.created", "session": {"voicecli": ours}}), 0.0
    )
    assert isinstance(began, it.Began)
    assert settled == it.Settled(to.Offers(extended=True, binary=True, input_hz=16_000, output_hz=22_050))


def test_the_opening_asks_for_what_the_talk_wants_and_tells_what_was_said() -> None:
    said = [("who", "me"), ("", "hello")]
    messages = [json.loads(each) for each in to.opening(to.Wishes(push_to_talk=True), said, extended=True)]
    assert [each["item"]["role"] for each in messages[:-1]] == ["user", "assistant", "assistant"]
    session = messages[-1]["session"]
    assert session["audio"]["input"]["turn_detection"] is None
    assert session["voicecli"] == {
        "events": True,
        "audio": "binary",
        "playout": {"credit_ms": 800},
        "rates": {"input": 16_000, "output": "voice"},
    }
    (other,) = to.opening(to.Wishes(eagerness="low"), [], extended=False)
    assert "voicecli" not in other
    assert '"eagerness": "low"' in other


@pytest.mark.parametrize(
    ("request_", "extended", "plain"),
    [
        (to.KeyPress("interrupt"), ["voicecli.control"], ["response.cancel"]),
        (to.KeyPress("repeat"), ["voicecli.control"], []),
        (to.TypedLine("hi"), ["voicecli.control"], ["conversation.item.create", "response.create"]),
        (to.Opened(), ["voicecli.control"], ["response.cancel"]),
        (to.LetGo(), ["input_audio_buffer.commit"], ["input_audio_buffer.commit", "response.create"]),
    ],
)
def test_requests_suit_the_server(request_: to.Asked, extended: list[str], plain: list[str]) -> None:
    for offers, kinds in ((to.Offers(extended=True), extended), (to.Offers(), plain)):
        assert [json.loads(each)["type"] for each in to.asked(request_, offers)] == kinds


def delta(samples: int = 480) -> str:
    return base64.b64encode(np.full(samples, 100, "<i2").tobytes()).decode()


def test_a_plain_server_tells_a_turn() -> None:
    audio = {"item_id": "i1", "delta": delta()}
    meanings = plain_messages(
        ("input_audio_buffer.speech_started", {}),
        ("conversation.item.input_audio_transcription.delta", {"delta": "What "}),
        ("conversation.item.input_audio_transcription.completed", {"transcript": "What is it?"}),
        ("response.created", {"response": {"id": "r"}}),
        ("response.output_audio_transcript.delta", {"delta": "It is "}),
        ("response.output_audio.delta", audio),
        ("response.output_audio_transcript.delta", {"delta": "this. And"}),
        ("response.output_audio.delta", audio),
        ("response.output_audio_transcript.delta", {"delta": " that"}),
        ("response.output_audio.done", {}),
        ("response.done", {"response": {"status": "completed"}}),
    )
    names = [event.name for event in told_in(meanings)]
    assert names == ["speech_started", "partial", "transcript", "reply", "speaking", "reply", "speaking"]
    assert [event.text for event in told_in(meanings) if isinstance(event, events.ReplyClause)] == [
        "It is this.",
        "And that",
    ]
    blocks = [meaning.block for meaning in meanings if isinstance(meaning, it.Sounds)]
    assert [(block.reply, block.start_ms) for block in blocks] == [(1, 0), (1, 20)]


def test_a_plain_turn_is_over_when_it_was_played() -> None:
    dialogue = Dialogue()
    for kind, more in (
        ("session.created", {"session": {}}),
        ("response.created", {}),
        ("response.output_audio.delta", {"delta": delta()}),
        ("response.output_audio_transcript.delta", {"delta": "So."}),
    ):
        list(dialogue.text(json.dumps({"type": kind, **more}), 1.0))
    assert list(dialogue.played(2.0)) == []
    list(dialogue.text(json.dumps({"type": "response.done", "response": {"status": "completed"}}), 2.0))
    assert [event.name for event in told_in(list(dialogue.played(3.0)))] == ["turn_done", "listening"]
    assert list(dialogue.played(4.0)) == []


def test_speech_over_a_plain_reply_ends_it() -> None:
    meanings = plain_messages(
        ("response.created", {}),
        ("response.output_audio.delta", {"item_id": "i1", "delta": delta()}),
        ("response.output_audio_transcript.delta", {"delta": "It is so. "}),
        ("input_audio_buffer.speech_started", {}),
    )
    assert it.Cleared(1) in meanings
    assert it.Cut("i1") in meanings
    names = [event.name for event in told_in(meanings)]
    assert names[-4:] == ["interrupted", "turn_done", "listening", "speech_started"]


@pytest.mark.parametrize(
    ("given", "url", "shown"),
    [
        ("pi.local", "ws://pi.local:8765/v1/realtime", "pi.local:8765"),
        ("pi.local:9000", "ws://pi.local:9000/v1/realtime", "pi.local:9000"),
        ("ws://pi", "ws://pi/v1/realtime", "pi"),
        ("http://pi:8765/", "ws://pi:8765/v1/realtime", "pi:8765"),
        ("https://talk.example.org", "wss://talk.example.org/v1/realtime", "talk.example.org"),
        ("wss://h/v1", "wss://h/v1/realtime", "h"),
        ("wss://h/proxy/v1/realtime?model=m", "wss://h/proxy/v1/realtime?model=m", "h"),
        ("0.0.0.0:8765", "ws://127.0.0.1:8765/v1/realtime", "0.0.0.0:8765"),
        ("[::1]:8765", "ws://[::1]:8765/v1/realtime", "[::1]:8765"),
    ],
)
def test_a_server_may_be_named_in_many_ways(given: str, url: str, shown: str) -> None:
    at = server_at(given)
    assert (at.url, at.shown) == (url, shown)


@pytest.mark.parametrize(
    "given", ["", "ftp://pi", "ws://", "ws://pi:port", "a b", "ws://u:p@pi", "pi:99999999", "ws://pi\x1b[2J"]
)
def test_what_is_no_server_is_told_in_one_line(given: str) -> None:
    with pytest.raises(ConfigError) as caught:
        server_at(given)
    assert "\x1b" not in str(caught.value)
    assert ":p@" not in str(caught.value)


def test_sound_in_the_clear_is_known() -> None:
    assert server_at("ws://pi.local").in_clear
    assert not server_at("wss://pi.local").in_clear
    assert not server_at("ws://127.0.0.1:1").in_clear


def test_a_token_comes_from_a_file_or_the_environment(tmp_path: Path) -> None:
    (tmp_path / "t").write_text("secret-of-the-server\n")
    assert token_for(tmp_path / "t", {TOKEN_VARIABLE: "other"}) == "secret-of-the-server"
    assert token_for(None, {TOKEN_VARIABLE: " other "}) == "other"
    assert token_for(None, {"HOME": "/"}) == ""
    for content in (b"", b"two words", b"a\r\nX: y", b"\xff", b"x" * 5000):
        (tmp_path / "bad").write_bytes(content)
        with pytest.raises(ConfigError) as caught:
            token_for(tmp_path / "bad")
        assert "words" not in str(caught.value)
    with pytest.raises(ConfigError):
        token_for(tmp_path / "absent")


def test_waits_double_up_to_a_bound_and_are_drawn_from_zero() -> None:
    most = Backoff(lambda: 1.0)
    assert [most.next_s() for _ in range(6)] == [0.25, 0.5, 1.0, 2.0, 4.0, 4.0]
    half = Backoff(lambda: 0.5)
    half.next_s()
    half.reset()
    assert half.next_s() == 0.125
    for _ in range(2000):
        assert most.next_s() <= LONGEST_WAIT_S


def test_an_attempt_that_waited_in_vain_counts_as_a_wait() -> None:
    most = Backoff(lambda: 1.0)
    assert [most.next_s(took_s=0.75) for _ in range(5)] == [0.0, 0.0, 0.25, 1.25, 3.25]


@pytest.mark.parametrize("status", [200, 301, 400, 401, 403, 404, 426])
def test_who_refuses_for_good_is_told_once(status: int) -> None:
    with pytest.raises(ServerError) as caught:
        refused("pi:1", status, 0.0, known=False, resumes=False)
    assert "pi:1" in caught.value.found
    assert str(status) in caught.value.found
    assert caught.value.remedy


def test_who_may_be_back_is_asked_again() -> None:
    assert "full" in refused("pi", 503, 2.0, known=False, resumes=False).why
    assert refused("pi", 503, 1e9, known=False, resumes=False).wait_s <= 30
    assert refused("pi", 404, 0.0, known=True, resumes=True).forgotten
    assert isinstance(refused("pi", 404, 0.0, known=True, resumes=False), Lost)  # a proxy while it restarts
    assert isinstance(refused("pi", 502, 0.0, known=False, resumes=False), Lost)
    assert "full" in closed("pi", 1013, "").why
    assert "restarts" in closed("pi", 1012, "").why
    assert len(closed("pi", 1011, "x" * 9999).why) < 200
    with pytest.raises(ServerError):
        closed("pi", 4000, "taken up elsewhere")
