"""The Wyoming protocol; recogniser and voice that ask a server by it, which keeps it or does not."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, suppress

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.raw_server import free_port
from tests.sound_server import hum
from tests.test_engines_elsewhere import LIMIT_S, SECRET_WORDS, SPEECH, at_once, in_time, limits
from tests.wyoming_fake import CLOSE, Event, WyomingFake, line, wyoming
from voicecli.config import SynthesizeConfig, TranscribeConfig
from voicecli.errors import ServerError
from voicecli.listen.elsewhere.guarded_recogniser import GuardedRecogniser
from voicecli.listen.elsewhere.hearing_settings import hearing_server
from voicecli.messages import RATE_HZ, Transcript
from voicecli.network.trouble.breaker import Breaker
from voicecli.network.wyoming.wyoming_events import (
    MOST_LINE,
    MOST_PAYLOAD,
    NoEventError,
    WyomingEvent,
    read_event,
    to_bytes,
)
from voicecli.speak.elsewhere.guarded_voice import GuardedVoice
from voicecli.speak.elsewhere.one_rate import ONE_RATE_HZ
from voicecli.speak.elsewhere.speaking_settings import speech_server
from voicecli.speak.voice import Piece, sound_of
from voicecli.system.clock import FakeClock

ASKED = {"engine": "wyoming"}


def recogniser(url: str, **settings: object) -> GuardedRecogniser:
    config = TranscribeConfig.model_validate({**ASKED, "url": url, **settings})
    return GuardedRecogniser(hearing_server(config, at_once), Breaker(FakeClock()), None)


def voice(url: str, **settings: object) -> GuardedVoice:
    config = SynthesizeConfig.model_validate({**ASKED, "url": url, "volume": 1.0, **settings})
    return GuardedVoice(speech_server(config, at_once), Breaker(FakeClock()), None)


# --- the protocol


def read_all(data: bytes) -> list[WyomingEvent]:
    """The events in some bytes."""

    async def run() -> list[WyomingEvent]:
        reader = asyncio.StreamReader(limit=MOST_LINE)
        reader.feed_data(data)
        reader.feed_eof()
        found = []
        while (event := await read_event(reader)) is not None:
            found.append(event)
        return found

    return asyncio.run(run())


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**9), 10**9) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


DATA = st.dictionaries(st.text(), JSON, max_size=4)


@given(
    st.lists(
        st.tuples(st.text(min_size=1), st.dictionaries(st.text(), JSON, max_size=4), st.binary()), max_size=4
    )
)
def test_what_is_written_is_read(events: list[tuple[str, dict[str, object], bytes]]) -> None:
    wanted = [WyomingEvent(kind, data, payload) for kind, data, payload in events]  # type: ignore[arg-type]  # JSON
    assert read_all(b"".join(map(to_bytes, wanted))) == wanted


def test_data_may_stand_in_the_first_line_or_behind_it_or_both() -> None:
    both = b'{"type": "a", "data": {"x": 1, "y": 1}, "data_length": 8}\n{"y": 2}'
    assert read_all(line("a", {"x": 1}, inline=True) + line("a", {"x": 1}) + both) == [
        WyomingEvent("a", {"x": 1}),
        WyomingEvent("a", {"x": 1}),
        WyomingEvent("a", {"x": 1, "y": 2}),
    ]


@pytest.mark.parametrize(
    "data",
    [
        b"hello\n",
        b"[]\n",
        b'{"type": 7}\n',
        b"x" * (MOST_LINE + 1) + b"\n",
        b'{"type": "a", "data": [1]}\n',
        b'{"type": "a", "data_length": 2}\n[]',
        b'{"type": "a", "payload_length": -1}\n',
        b'{"type": "a", "payload_length": "9"}\n',
        b'{"type": "a", "payload_length": 9}\nabc',
        json.dumps({"type": "a", "payload_length": MOST_PAYLOAD + 1}).encode() + b"\n",
        json.dumps({"type": "a", "data_length": 1 << 40}).encode() + b"\n",
    ],
)
def test_what_is_no_event_is_refused(data: bytes) -> None:
    with pytest.raises(NoEventError) as caught:
        read_all(data)
    assert "hello" not in str(caught.value)


@given(st.binary(max_size=300))
def test_any_bytes_are_events_or_none(data: bytes) -> None:
    with suppress(NoEventError):
        read_all(data)


# --- hearing


def hears(events: list[Event]) -> Iterable[bytes]:
    """Write down what is sent, with the old form of data."""
    match events[-1]:
        case ("audio-stop", _, _):
            yield line("something-new", {"x": 1})
            yield line("transcript", {"text": " a spider ", "language": "en-GB"}, inline=True)
        case ("describe", _, _):
            yield line("info", {"asr": [{"name": "ears"}], "tts": []})


def test_speech_goes_as_events_and_words_come_back() -> None:
    with wyoming(hears) as fake, closing(recogniser(fake.url, language="en", server_model="tiny")) as engine:
        assert engine.transcribe(SPEECH) == Transcript("a spider", "en", 1.0, 1.0)
    ((first, *rest),) = fake.sent
    assert first == ("transcribe", {"language": "en", "name": "tiny"}, b"")
    form = {"rate": RATE_HZ, "width": 2, "channels": 1}
    assert rest[0] == ("audio-start", form, b"")
    assert rest[-1] == ("audio-stop", {}, b"")
    assert all((kind, data) == ("audio-chunk", form) for kind, data, _ in rest[1:-1])
    assert sum(len(payload) for _, _, payload in rest) == 2 * SPEECH.size


# --- speaking


def says(rate_hz: int = 22_050, channels: int = 1) -> Callable[[list[Event]], Iterable[bytes]]:
    """Hum for a second, in four chunks."""
    form = {"rate": rate_hz, "width": 2, "channels": channels}

    def answer(events: list[Event]) -> Iterable[bytes]:
        if events[-1][0] == "synthesize":
            yield line("audio-start", form)
            sound = np.repeat(hum(1.0, rate_hz), channels).astype("<i2").tobytes()
            for part in range(4):
                yield line("audio-chunk", form, sound[part * len(sound) // 4 : (part + 1) * len(sound) // 4])
            yield line("audio-stop")
        if events[-1][0] == "describe":
            yield line("info", {"asr": [], "tts": [{"name": "mouth"}]})

    return answer


@pytest.mark.parametrize(("rate_hz", "channels"), [(22_050, 1), (24_000, 1), (16_000, 2)])
def test_a_clause_goes_as_an_event_and_its_sound_comes_back(rate_hz: int, channels: int) -> None:
    with wyoming(says(rate_hz, channels)) as fake, closing(voice(fake.url, server_voice="joe")) as engine:
        sound = sound_of(engine, "Good morning.")
    assert sound.size / ONE_RATE_HZ == pytest.approx(1.0, abs=0.02)
    assert fake.sent == [[("synthesize", {"text": "Good morning.", "voice": {"name": "joe"}}, b"")]]


def test_a_server_that_does_the_other_is_told_before_the_talk() -> None:
    with wyoming(hears) as fake, pytest.raises(ServerError, match="does not speak"):
        warmed(voice(fake.url))
    with wyoming(says()) as fake, pytest.raises(ServerError, match="does not listen"):
        warmed(recogniser(fake.url))
    with wyoming(says()) as fake:
        warmed(voice(fake.url))


def warmed(engine: GuardedRecogniser | GuardedVoice) -> None:
    """Ask whether it is there."""
    with closing(engine):
        engine._server.warm()


# --- what servers do wrong


FORM = {"rate": 16_000, "width": 2, "channels": 1}
SOUND = hum(0.5, 16_000).astype("<i2").tobytes()


def forever(*packets: bytes) -> Iterator[bytes]:
    """Without an end."""
    while True:
        yield from packets


ANY_FAULT: dict[str, tuple[Callable[[], Iterable[bytes]], str]] = {
    "closes": (lambda: [CLOSE], "broke off"),
    "HTTP": (lambda: [b"HTTP/1.1 400 Bad Request\r\n\r\n", CLOSE], "no event; is it a Wyoming server"),
    "an error": (lambda: [line("error", {"text": "no model", "code": "x"})], "error: no model"),
    "silent": (list, f"for {LIMIT_S:g} s"),
    "a line without end": (lambda: forever(b"x" * 65536), "without an end"),
    "announces a gigabyte": (
        lambda: [b'{"type": "audio-chunk", "payload_length": 1073741824}\n', CLOSE],
        "announces more than",
    ),
    "other things": (lambda: forever(line("pong")), f"everything but|for {LIMIT_S:g} s"),
}
NO_SOUND: dict[str, tuple[Callable[[], Iterable[bytes]], str]] = {
    **ANY_FAULT,
    "no sound": (lambda: [line("audio-start", FORM), line("audio-stop")], "sends no sound"),
    "no rate": (lambda: [line("audio-chunk", {"width": 2, "channels": 1}, SOUND)], "usable rate"),
    "8 bits": (lambda: [line("audio-chunk", {**FORM, "width": 1}, SOUND)], "16 bits"),
    "no end": (lambda: forever(line("audio-chunk", FORM, SOUND * 20)), "more than 120 s"),
    "another rate": (
        lambda: [line("audio-chunk", FORM, SOUND), line("audio-chunk", {**FORM, "rate": 8000}, SOUND)],
        "its rate was",
    ),
}


@pytest.mark.parametrize("name", ANY_FAULT)
def test_a_server_without_words_is_told_in_a_line(name: str) -> None:
    bad, told = ANY_FAULT[name]
    with (
        wyoming(lambda events: bad() if events[-1][0] == "audio-stop" else ()) as fake,
        closing(recogniser(fake.url, **limits(told))) as engine,
        pytest.raises(ServerError) as caught,
    ):
        in_time(lambda: engine.transcribe(SPEECH))
    assert re.search(told, str(caught.value))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", NO_SOUND)
def test_a_server_without_sound_is_told_in_a_line(name: str) -> None:
    bad, told = NO_SOUND[name]

    def listened() -> list[Piece]:
        return list(engine.say("Good morning."))

    with (
        wyoming(lambda _: bad()) as fake,
        closing(voice(fake.url, **limits(told))) as engine,
        pytest.raises(ServerError) as caught,
    ):
        in_time(listened)
    assert re.search(told, str(caught.value))
    assert "\n" not in str(caught.value)


def test_what_was_said_is_in_no_error() -> None:
    def repeats(_: list[Event]) -> Iterable[bytes]:
        return [line("error", {"text": f"cannot say: {SECRET_WORDS}"})]

    with wyoming(repeats) as fake, closing(voice(fake.url)) as engine, pytest.raises(ServerError) as caught:
        list(engine.say(SECRET_WORDS))
    assert "money" not in str(caught.value)


@pytest.mark.parametrize("make", [recogniser, voice])
def test_nobody_there_is_told_with_what_does_without(make: Callable[..., GuardedRecogniser]) -> None:
    with (
        closing(make(f"tcp://127.0.0.1:{free_port()}")) as engine,
        pytest.raises(ServerError, match=r"start it, or set .*engine to"),
    ):
        warmed(engine)


def test_the_fake_is_what_it_is_taken_for() -> None:
    with wyoming(says()) as fake:
        assert isinstance(fake, WyomingFake)
        assert fake.url.startswith("tcp://127.0.0.1:")
