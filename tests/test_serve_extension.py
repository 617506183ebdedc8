"""What `voicecli serve` offers beyond OpenAI's protocol: settings, keys, binary frames, whole sessions."""

from __future__ import annotations

import json
import random
import struct
from typing import TYPE_CHECKING

import numpy as np
import pytest

from tests.caller import Caller
from tests.test_serve import Hall, talk, tone
from tests.test_serve_resume import served
from voicecli.serve.wire.extension import (
    LEAST_CREDIT_MS,
    MOST_CREDIT_MS,
    Extension,
    Played,
    Press,
    Pushed,
    SayLine,
    Switch,
    told_history,
)
from voicecli.serve.wire.formats import LEAST_HZ, MOST_HZ, WireRates
from voicecli.serve.wire.framed import FADES, HEADER, framed
from voicecli.serve.wire.incoming import (
    MOST_TWICE_MS,
    Append,
    BadRequest,
    PlayedSoFar,
    Steer,
    fresh_sound,
    read,
)
from voicecli.serve.wire.recent import MOST_EVENTS, MOST_KEPT_BYTES, RecentEvents
from voicecli.serve.wire.settings import Unfit

if TYPE_CHECKING:
    from aiohttp.test_utils import BaseTestServer

    from tests.test_serve import Client
    from voicecli.serve.wire.settings import Json

NO_RATES: tuple[object, ...] = (
    *(0, -1, 7_999, 48_001, 16_000.5, 10**400, float("nan"), float("inf")),
    *(True, "16000", [], {}),
)
LONG = "It is this and that and all the rest of it. " * 6


# ---- what is asked


def test_what_is_asked_is_merged_and_told() -> None:
    wanted = Extension().merged({"events": True, "playout": {"credit_ms": 800}})
    wanted = wanted.merged({"audio": "binary"}).merged(None).merged({})
    assert wanted.as_json((16_000, 22_050)) == {
        "events": True,
        "audio": "binary",
        "rates": {"input": 16_000, "output": 22_050},
        "playout": {"credit_ms": 800},
    }
    assert wanted.merged({"playout": None, "events": False}).as_json((0, 0))["playout"] is None


def test_rates_are_merged_and_the_format_comes_first() -> None:
    asked = Extension().merged({"rates": {"input": 16_000.0, "output": "voice"}}).rates
    assert asked == WireRates(16_000, "voice")
    assert asked.in_effect("audio/pcm", "audio/pcm", 22_050) == (16_000, 22_050)
    assert asked.in_effect("audio/pcmu", "audio/pcma", 22_050) == (8_000, 8_000)
    assert asked.in_effect("audio/pcm", "audio/pcm", 192_000) == (16_000, MOST_HZ)
    assert asked.in_effect("audio/pcm", "audio/pcm", 4_000) == (16_000, LEAST_HZ)
    assert WireRates().in_effect("audio/pcm", "audio/pcmu", 22_050) == (24_000, 8_000)
    wanted = Extension(rates=asked)
    assert wanted.merged({}).merged({"rates": {}}).rates == asked
    assert wanted.merged({"rates": {"output": 48_000}}).rates == WireRates(16_000, 48_000)
    assert wanted.merged({"rates": {"input": None}}).rates == WireRates(None, "voice")
    assert wanted.merged({"rates": None}).rates == WireRates()


def test_rates_change_between_two_turns_alone() -> None:
    wanted = Extension().merged({"rates": {"input": 16_000}})
    assert wanted.merged({"rates": {"input": 16_000}, "events": True}, between_turns=False).events
    with pytest.raises(Unfit) as refused:
        wanted.merged({"rates": {"output": "voice"}}, between_turns=False)
    assert refused.value.param == "session.voicecli.rates"


@pytest.mark.parametrize(("asked", "got"), [(1, LEAST_CREDIT_MS), (10**9, MOST_CREDIT_MS), (640.4, 640)])
def test_credit_is_brought_within_its_bounds(asked: float, got: int) -> None:
    assert Extension().merged({"playout": {"credit_ms": asked}}).credit_ms == got


@pytest.mark.parametrize(
    "asked",
    [
        7,
        [],
        {"events": 1},
        {"events": None},
        {"audio": "opus"},
        {"audio": []},
        {"playout": 800},
        {"playout": {"credit_ms": "800"}},
        {"playout": {"credit_ms": True}},
        {"playout": {"credit_ms": float("nan")}},
        {"playout": {"credit_ms": 10**400}},
        {"rates": 16_000},
        {"rates": [16_000, 22_050]},
        *({"rates": {side: bad}} for side in ("input", "output") for bad in NO_RATES),
        {"rates": {"input": "voice"}},
        {"rates": {"output": "Voice"}},
        {"rates": {"input": 16_000, "output": "own"}},
    ],
)
def test_what_cannot_be_is_named(asked: object) -> None:
    with pytest.raises(Unfit):
        Extension().merged(asked)


@pytest.mark.parametrize(
    "asked",
    [{}, [{"role": "user"}], [{"role": "system", "text": "x"}], ["x"], [{"role": "user", "text": "x"}] * 201],
)
def test_a_history_that_is_none_is_refused(asked: object) -> None:
    with pytest.raises(Unfit):
        told_history(asked)


# ---- messages


def test_keys_are_read() -> None:
    def steers(**fields: object) -> object:
        request = read(json.dumps({"type": "voicecli.control", **fields}), "audio/pcm")
        assert isinstance(request, Steer)
        return request.does

    assert steers(control="press", key="interrupt") == Press("interrupt")
    assert steers(control="talk", begins=True, ago_s=0.25) == Pushed(begins=True, ago_s=0.25)
    assert steers(control="talk", begins=False, ago_s=1e300) == Pushed(begins=False, ago_s=5.0)
    assert steers(control="say", text="Hello") == SayLine("Hello")
    assert steers(control="mute_voice") == Switch("mute_voice")


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"control": "dance"},
        {"control": ["press"]},
        {"control": "press", "key": "x"},
        {"control": "talk", "begins": 1},
        {"control": "talk", "begins": True, "ago_s": "0"},
        {"control": "say", "text": "  "},
        {"control": "say", "text": "x" * 40_000},
    ],
)
def test_what_is_no_key_is_refused_and_named(fields: Json) -> None:
    with pytest.raises(BadRequest) as refused:
        read(json.dumps({"type": "voicecli.control", "event_id": "mine", **fields}), "audio/pcm")
    assert refused.value.event_id == "mine"
    assert refused.value.param in ("control", "key", "begins", "ago_s", "text")


def test_reports_are_read() -> None:
    message = {
        "type": "voicecli.playout",
        "reply": 2,
        "played_ms": 640.0,
        "limit_ms": 1440,
        "buffered_ms": -3,
    }
    assert read(json.dumps(message), "audio/pcm") == PlayedSoFar(Played(2, 640, 1440, 0, 0))
    with pytest.raises(BadRequest):
        read(json.dumps({**message, "played_ms": "640"}), "audio/pcm")


def test_binary_frames() -> None:
    samples = np.array([1, -2, 32767], np.int16)
    frame = framed(samples, (1 << 32) + 40, 7, fades=True)
    assert HEADER.unpack_from(frame) == (40, 7, FADES, 0)
    microphone = struct.pack("<IIHH", 1234, 0, 2, 0) + samples.astype("<i2").tobytes()
    sound = read(microphone, "audio/pcm", binary=True)
    assert isinstance(sound, Append)
    assert (sound.samples.tolist(), sound.at_ms, sound.after_gap) == ([1, -2, 32767], 1234, True)


def test_frames_that_are_none_are_refused() -> None:
    chance = random.Random(0)
    for _ in range(1000):
        data = chance.randbytes(chance.choice([0, 1, 11, 13, 15, 999]))
        with pytest.raises(BadRequest):
            read(data, "audio/pcm", binary=True)
    with pytest.raises(BadRequest) as refused:
        read(bytes(20), "audio/pcm")
    assert refused.value.code == "unexpected_binary"


def test_sound_that_comes_twice_is_heard_once() -> None:
    def block(at_ms: int, lasts_ms: int = 100) -> Append:
        return Append(np.arange(lasts_ms * 24, dtype=np.int16), at_ms)

    samples, heard_ms = fresh_sound(block(500), 24_000, None)
    assert (len(samples), heard_ms) == (2400, 600)
    samples, heard_ms = fresh_sound(block(540), 24_000, heard_ms)
    assert (samples[0], len(samples), heard_ms) == (60 * 24, 40 * 24, 640)
    samples, heard_ms = fresh_sound(block(500), 24_000, heard_ms)
    assert (len(samples), heard_ms) == (0, 640)
    samples, heard_ms = fresh_sound(block(2000), 24_000, heard_ms)  # a gap
    assert (len(samples), heard_ms) == (2400, 2100)
    top = (1 << 32) - 50
    samples, heard_ms = fresh_sound(block(top), 24_000, top)
    assert (len(samples), heard_ms) == (2400, 50)
    samples, heard_ms = fresh_sound(block(0), 24_000, MOST_TWICE_MS + 1)  # another clock
    assert (len(samples), heard_ms) == (2400, 100)


# ---- what is kept for the next connection


def kept(recent: RecentEvents, text: str, *, provisional: bool = False) -> str:
    event_id = recent.next_id()
    recent.keep(text, provisional=provisional)
    return event_id


def test_a_client_is_given_what_came_after_the_event_that_it_names() -> None:
    recent = RecentEvents()
    first = kept(recent, "a")
    second = kept(recent, "b")
    recent.next_id()  # a block of sound
    third = kept(recent, "c")
    assert recent.since(first) == (["b", "c"], False)
    assert recent.since(second) == (["c"], False)
    assert recent.since(third) == ([], False)
    for nonsense in (
        "",
        "event_",
        "event_-000000001",
        "event_\u0661\u0661\u0661\u0661\u0661\u0661\u0661\u0661\u0661\u0661",
    ):
        assert recent.since(nonsense) == (["a", "b", "c"], False)


def test_of_provisional_words_only_the_newest_are_kept() -> None:
    recent = RecentEvents()
    kept(recent, "a")
    seen = kept(recent, "How", provisional=True)
    kept(recent, "b")
    kept(recent, "How are", provisional=True)
    kept(recent, "How are you", provisional=True)
    assert recent.since(seen) == (["b", "How are you"], False)


def test_events_are_bounded_in_number_and_in_bytes_and_what_is_missed_is_told() -> None:
    recent = RecentEvents()
    first = kept(recent, "x")
    for _ in range(MOST_EVENTS):
        kept(recent, "x")
    assert (len(recent.since("")[0]), recent.since("")[1]) == (MOST_EVENTS, True)
    assert recent.since(first) == (["x"] * MOST_EVENTS, False)
    assert (recent.stats().fill, recent.stats().peak, recent.stats().losses) == (256, 256, 1)
    big = "x" * (MOST_KEPT_BYTES // 3)
    for _ in range(10):
        kept(recent, big)
    assert len(recent.since("")[0]) == 3
    kept(recent, "x" * (MOST_KEPT_BYTES + 1))
    assert recent.since("") == ([], True)


# ---- a session


def test_a_client_of_openai_is_sent_nothing_of_it_but_how_to_take_its_talk_up() -> None:
    async def body(client: Client, _: BaseTestServer) -> None:
        await client.speak(np.concatenate((tone(0.6), np.zeros(12_000, "<i2"))))
        await client.until("response.done")
        assert not [kind for kind in client.kinds if str(kind).startswith("voicecli.")]
        assert not [event for event in client.got if "voicecli" in event]
        (session,) = [event["session"] for event in client.got if event["type"] == "session.created"]
        ours = session["voicecli"]  # type: ignore[index]
        assert (ours["events"], ours["audio"], ours["playout"]) == (False, "base64", None)
        assert ours["rates"] == {"input": 24_000, "output": 24_000}
        assert (len(ours["resume"]["token"]) >= 32, ours["resume"]["ttl_s"]) == (True, 30.0)

    talk(body)


def test_a_talk_with_all_of_it() -> None:
    async def body(at: BaseTestServer, hall: Hall) -> None:
        async with Caller(at) as caller:
            await caller.until("session.updated")
            session = caller.of("session.updated")[0]["session"]
            assert session["voicecli"]["playout"] == {"credit_ms": 800}  # type: ignore[index]
            caller.speak(0)
            done = await caller.until("response.done")
            assert done["response"]["status"] == "completed"  # type: ignore[index]
            (heard,) = caller.events("transcript")
            assert heard["text"] == hall.lines[0]
            (over,) = caller.events("turn_done")
            assert over["latency_ms"]["total"] > 0  # type: ignore[index]
            assert not caller.of("response.output_audio.delta"), "its sound is in the frames"
            assert {reply for reply, _, _, _ in caller.frames} == {1}
            places = [place for _, place, _, _ in caller.frames]
            assert places == list(range(0, 20 * len(places), 20))
            assert all(samples == 480 for _, _, _, samples in caller.frames)

    served(body)


def test_an_interruption_clears_what_the_client_has() -> None:
    async def body(at: BaseTestServer, _: Hall) -> None:
        async with Caller(at) as caller:
            await caller.until("session.updated")
            caller.speak(0)
            await caller.until("response.output_audio_transcript.delta", 2)
            while caller.played_ms < 400:
                async with caller.changed:
                    await caller.changed.wait()
            await caller.send("voicecli.control", control="press", key="interrupt")
            clear = await caller.until("voicecli.clear")
            assert clear["reply"] == 1
            played_ms = caller.played_ms
            done = await caller.until("response.done")
            assert done["response"]["status"] == "cancelled"  # type: ignore[index]
            assert done["response"]["status_details"]["reason"] == "client_cancelled"  # type: ignore[index]
            assert played_ms < 5000
            await caller.send("voicecli.control", control="say", text="Go on.")
            await caller.until("response.created", 2)
            await caller.until("response.done", 2)
            assert max(reply for reply, _, _, _ in caller.frames) == 2

    served(body, Hall(["What is it?"], [LONG, "It is this."]))


def test_keys_that_make_no_sense_are_errors_and_the_talk_goes_on() -> None:
    async def body(at: BaseTestServer, _: Hall) -> None:
        async with Caller(at, {"events": True}) as caller:
            await caller.until("session.updated")
            await caller.send("voicecli.control", control="dance")
            await caller.send("voicecli.control", control="talk", begins=True)  # without push to talk
            await caller.send("session.update", session={"voicecli": {"audio": "opus"}})
            await caller.until(
                "error", 4
            )  # and the binary frames of its microphone, which it did not ask for
            assert caller.of("session.created") == []
            await caller.send("voicecli.control", control="say", text="Say it.")
            done = await caller.until("response.done")
            assert done["response"]["status"] == "completed"  # type: ignore[index]

    served(body)


def test_the_talk_key_opens_and_closes_the_microphone() -> None:
    async def body(at: BaseTestServer, hall: Hall) -> None:
        async with Caller(at) as caller:
            await caller.until("session.updated")
            await caller.send("session.update", session={"audio": {"input": {"turn_detection": None}}})
            await caller.until("session.updated", 2)
            await caller.send("voicecli.control", control="talk", begins=True, ago_s=0.1)
            caller.speak(0)
            while caller.script:
                async with caller.changed:
                    await caller.changed.wait()
            await caller.send("voicecli.control", control="talk", begins=False)
            await caller.until("response.done")
            (heard,) = caller.events("transcript")
            assert heard["text"] == hall.lines[0]

    served(body)


def test_what_was_said_before_is_history() -> None:
    async def body(at: BaseTestServer, hall: Hall) -> None:
        said = [{"role": "user", "text": "My name is Ann."}, {"role": "assistant", "text": "Hello, Ann."}]
        async with Caller(at, {"events": True, "audio": "binary", "history": said}) as caller:
            await caller.until("session.updated")
            await caller.send("voicecli.control", control="say", text="Who am I?")
            await caller.until("response.done")
            told = [message.content for message in hall.models[-1].asked[-1]]
            assert told[1:3] == ["My name is Ann.", "Hello, Ann."]

    served(body)
