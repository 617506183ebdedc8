"""Recognisers and voices on servers, also on some that misbehave: each costs a talk one turn and a line."""

from __future__ import annotations

import json
import re
import threading
import time
import tracemalloc
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import numpy as np
import pytest

from tests.raw_server import WAIT_S, endless, free_port, status
from tests.seats import seat
from tests.sentences import pattern
from tests.sound_server import (
    RATE_HZ,
    SOUND_HEAD,
    WORDS,
    AskedFor,
    SoundServer,
    heard,
    hum,
    said,
    sounding,
    wav,
)
from tests.stepped import Stepped
from tests.test_failing_engines import LINES, asks, is_done, lines_of
from voicecli import events
from voicecli.config import Config, Mistake, SynthesizeConfig, TranscribeConfig, check
from voicecli.errors import ConfigError, ModelError, ServerError
from voicecli.listen.elsewhere.guarded_recogniser import GuardedRecogniser
from voicecli.listen.elsewhere.hearing_settings import hearing_server
from voicecli.messages import RATE_HZ as HEARD_HZ
from voicecli.messages import Transcript
from voicecli.models.store import ModelStore
from voicecli.network.trouble.breaker import FAILURES, FIRST_S, Breaker
from voicecli.network.trouble.guard import guard_of
from voicecli.network.trouble.leaving import leaving
from voicecli.network.trouble.remarks import Remark
from voicecli.network.trouble.stand_in import StandIn
from voicecli.network.trouble.waits import TRIES
from voicecli.speak.elsewhere.guarded_voice import GuardedVoice
from voicecli.speak.elsewhere.one_rate import ONE_RATE_HZ
from voicecli.speak.elsewhere.speaking_settings import server_voice, speech_server
from voicecli.speak.voice import Piece, sound_of
from voicecli.system.clock import FakeClock

if TYPE_CHECKING:
    from voicecli.listen.recogniser import Recogniser
    from voicecli.speak.voice import Voice

T = TypeVar("T")

SPEECH = np.full(HEARD_HZ, 0.1, np.float32)
SECRET_WORDS = "my uncle keeps his money under the floor"
LIMIT_S = 2.0
LONGEST_S = 20.0
"""Of this computer's time, which other tests share; each wait ends after LIMIT_S."""
MOST_BYTES = 30_000_000
FAST: dict[str, object] = {"timeout_s": LIMIT_S}


def limits(line: str) -> dict[str, object]:
    """Settings for a test that waits for `line`: short ones where the line tells of a wait."""
    return FAST if f"for {LIMIT_S:g} s" in line else {}


async def at_once(_: float) -> None:
    """Wait for nothing before the server is asked again."""


def recogniser(
    url: str,
    stand_in: StandIn[Recogniser] | None = None,
    breaker: Breaker | None = None,
    /,
    **settings: object,
) -> GuardedRecogniser:
    config = TranscribeConfig.model_validate({"engine": "openai", "url": url, **settings})
    return GuardedRecogniser(hearing_server(config, at_once), breaker or Breaker(FakeClock()), stand_in)


def voice(
    url: str, stand_in: StandIn[Voice] | None = None, breaker: Breaker | None = None, /, **settings: object
) -> GuardedVoice:
    config = SynthesizeConfig.model_validate({"engine": "openai", "url": url, "volume": 1.0, **settings})
    return GuardedVoice(speech_server(config, at_once), breaker or Breaker(FakeClock()), stand_in)


def in_time(call: Callable[[], T]) -> T:
    """What it gives; it takes no more time and memory than it may."""
    began = time.monotonic()
    tracemalloc.start()
    try:
        given = call()
        assert tracemalloc.get_traced_memory()[1] < MOST_BYTES
    finally:
        tracemalloc.stop()
        assert time.monotonic() - began < LONGEST_S
    return given


# --- what goes there, and what comes back


def test_speech_goes_as_a_form_with_a_wav_and_words_come_back() -> None:
    with sounding(lambda _: heard()) as server, closing(recogniser(server.url)) as engine:
        words = engine.transcribe(SPEECH)
    assert words == Transcript(WORDS, "en", 1.0, 1.0)
    (asked,) = server.asked
    assert asked.path == "/v1/audio/transcriptions"
    assert b'name="model"\r\n\r\nwhisper-1\r\n' in asked.body
    assert b'filename="speech.wav"' in asked.body
    assert b"RIFF" in asked.body
    assert asked.body.count(b'name="language"') == 0, "the server is left to find it"


def test_a_language_that_is_known_is_told() -> None:
    with (
        sounding(lambda _: heard()) as server,
        closing(recogniser(server.url, language="de", server_model="large")) as engine,
    ):
        assert engine.transcribe(SPEECH).language == "de"
        assert engine.transcribe(SPEECH, language="fr").language == "fr"
    assert b'name="language"\r\n\r\nde\r\n' in server.asked[0].body
    assert b'name="language"\r\n\r\nfr\r\n' in server.asked[1].body
    assert b"\r\n\r\nlarge\r\n" in server.asked[0].body


@pytest.mark.parametrize(("told", "code"), [("german", "de"), ("de", "de"), ("klingonish", "en"), (7, "en")])
def test_the_server_tells_the_language_by_its_name_or_its_code(told: object, code: str) -> None:
    with sounding(lambda _: heard(language=told)) as server, closing(recogniser(server.url)) as engine:
        assert engine.transcribe(SPEECH).language == code


def test_how_sure_it_is_comes_from_its_segments() -> None:
    segments = [{"avg_logprob": -0.5, "no_speech_prob": 0.1}, {"avg_logprob": -0.3, "no_speech_prob": 0.3}]
    with sounding(lambda _: heard(segments=segments)) as server, closing(recogniser(server.url)) as engine:
        words = engine.transcribe(SPEECH)
    assert words.confidence == pytest.approx(np.exp(-0.4))
    assert words.spoken == pytest.approx(0.9)


def test_words_that_were_made_up_of_nothing_are_none() -> None:
    made_up = [{"avg_logprob": -1.4, "no_speech_prob": 0.9}]
    with (
        sounding(lambda _: heard("Thank you.", segments=made_up)) as server,
        closing(recogniser(server.url)) as engine,
    ):
        assert engine.transcribe(SPEECH) == Transcript("", "en", 0.0)


def test_a_server_that_refuses_a_field_is_asked_without_it_from_then_on() -> None:
    def picky(asked: AskedFor) -> list[bytes]:
        if b"verbose_json" in asked.body or b'name="temperature"' in asked.body:
            return status("422 Unprocessable Entity", {"detail": "what is that?"})
        return heard()

    with sounding(picky) as server, closing(recogniser(server.url)) as engine:
        assert engine.transcribe(SPEECH).text == WORDS
        tried = len(server.asked)
        assert tried > 1
        assert engine.transcribe(SPEECH).text == WORDS
        assert len(server.asked) == tried + 1


def test_words_for_a_note_are_none_and_silence_is_not_sent() -> None:
    with sounding(lambda _: heard("[BLANK_AUDIO]")) as server, closing(recogniser(server.url)) as engine:
        assert engine.transcribe(SPEECH).text == ""
        assert engine.transcribe(np.zeros(HEARD_HZ, np.float32)).text == ""
    assert len(server.asked) == 1


def test_a_clause_goes_as_json_and_its_sound_comes_at_the_rate_of_its_header() -> None:
    with (
        sounding(lambda _: said(1.0)) as server,
        closing(voice(server.url, server_voice="nova", speed=1.2)) as engine,
    ):
        pieces = list(engine.say("Good morning."))
    sound = np.concatenate([piece.samples for piece in pieces])
    assert sound.size / ONE_RATE_HZ == pytest.approx(1.0, abs=0.02), "not as long as its samples at 24 kHz"
    spectrum = np.abs(np.fft.rfft(sound[: ONE_RATE_HZ // 2].astype(float)))
    assert np.argmax(spectrum) * 2 == pytest.approx(440, abs=4), "a hum of 440 Hz is one of 440 Hz"
    assert [piece.to_come > 0 for piece in pieces] == [True] * (len(pieces) - 1) + [False]
    (asked,) = server.asked
    assert asked.path == "/v1/audio/speech"
    body = json.loads(asked.body)
    wanted = {"model": "tts-1", "voice": "nova", "response_format": "wav", "speed": 1.2}
    assert body == {**wanted, "input": "Good morning."}


def test_the_first_sound_is_given_before_the_last_has_come() -> None:
    data = wav(hum(1.0))

    def slowly(_: AskedFor) -> Iterator[bytes]:
        yield SOUND_HEAD + data[: len(data) // 2]
        while not first:
            time.sleep(0.005)
        yield data[len(data) // 2 :]

    first: list[Piece] = []
    with sounding(slowly) as server, closing(voice(server.url)) as engine:
        pieces = engine.say("Good morning.")
        first.append(next(pieces))
        rest = list(pieces)
    assert first[0].to_come > 0
    assert rest


def test_while_nobody_asks_for_more_no_time_counts() -> None:
    data = wav(hum(30.0))
    with (
        sounding(lambda _: [SOUND_HEAD + data]) as server,
        closing(voice(server.url, timeout_s=2.0)) as engine,
    ):
        pieces = engine.say("Good morning.")
        next(pieces)
        time.sleep(2.5)  # the loudspeaker has enough
        assert len(list(pieces)) > 1


def test_a_clause_that_is_not_wanted_any_more_ends_the_request() -> None:
    left = threading.Event()

    def forever(_: AskedFor) -> Iterator[bytes]:
        try:
            yield from endless(SOUND_HEAD + wav(hum(0.5)), hum(0.1).astype("<i2").tobytes(), every_s=0.01)
        finally:
            left.set()

    with sounding(forever) as server, closing(voice(server.url)) as engine:
        pieces = engine.say("Good morning.")
        next(pieces)
        pieces.close()
        assert left.wait(WAIT_S)


# --- what servers do wrong


HTML = (lambda: status("200 OK", b"<html>Hello</html>", "text/html"), "text/html")
ANY_FAULT: dict[str, tuple[Callable[[], Iterable[bytes]], str]] = {
    "401": (lambda: status("401 Unauthorized", {}), "OPENAI_API_KEY"),
    "404": (lambda: status("404 Not Found", {"error": "no such model"}), "server_model"),
    "429": (lambda: status("429 Too Many Requests", {}), pattern("server.quota")),
    "429, for long": (
        lambda: status("429 Too Many Requests", {}, headers="Retry-After: 40\r\n"),
        "for 40 s",
    ),
    "400": (lambda: status("400 Bad Request", {"error": "no"}), "error 400: no"),
    "500": (lambda: status("500 Oops", {"error": "no luck"}), "error 500: no luck"),
    "502, a page": (lambda: status("502 Bad Gateway", b"<h1>Bad Gateway</h1>", "text/html"), "Bad Gateway"),
    "hangs up": (lambda: [b""], "broke off"),
    "hangs up in the head": (lambda: [SOUND_HEAD[:30]], "broke off"),
    "a body that drips": (
        lambda: endless(b"HTTP/1.1 500 Oops\r\nContent-Length: 9999\r\n\r\n", b"x", every_s=0.02),
        f"for {LIMIT_S:g} s",
    ),
    "elsewhere": (
        lambda: status("302 Found", b"", headers="Location: http://192.0.2.1/v1/audio\r\n"),
        "another server",
    ),
}
NO_WORDS: dict[str, tuple[Callable[[], Iterable[bytes]], str]] = {
    **ANY_FAULT,
    "a page": (lambda: status("200 OK", b"<html>Hello</html>", "text/html"), "text/html"),
    "JSON without words": (lambda: status("200 OK", {"task": "transcribe"}), "there are no words"),
    "sound": (said, "audio/wav"),
    "a gigabyte": (
        lambda: endless(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n", b"{" * 65536),
        "there are no words",
    ),
    "a byte now and then": (
        lambda: endless(b"HTTP/1.1 200 OK\r\n\r\n", b" ", every_s=0.05),
        f"sent no words for {LIMIT_S:g} s",
    ),
    "too many words": (lambda: heard("word " * 100_000), "more than 65,536 characters"),
}
NO_SOUND: dict[str, tuple[Callable[[], Iterable[bytes]], str]] = {
    **ANY_FAULT,
    "a page": (lambda: status("200 OK", b"<html>Hello</html>", "text/html"), "no WAV"),
    "MP3": (lambda: status("200 OK", b"ID3\x04" + bytes(5000), "audio/mpeg"), "no WAV"),
    "nothing": (lambda: status("200 OK", b"", "audio/wav"), "sends nothing"),
    "a head alone": (lambda: status("200 OK", wav(hum(0)), "audio/wav"), "without sound"),
    "24 bits": (lambda: status("200 OK", wav(hum(1), bits=24), "audio/wav"), "24 bits"),
    "a mad rate": (lambda: status("200 OK", wav(hum(1), rate_hz=3_000_000), "audio/wav"), "3000000 Hz"),
    "five channels": (lambda: status("200 OK", wav(hum(1), channels=5), "audio/wav"), "5 channels"),
    "a byte now and then": (
        lambda: endless(SOUND_HEAD + wav(hum(0)), b"\x30", every_s=0.05),
        f"sent no sound for {LIMIT_S:g} s",
    ),
    "a head without end": (
        lambda: endless(SOUND_HEAD + b"RIFF\xff\xff\xff\xffWAVE", b"junk\x00\xff\x00\x00" + bytes(65280)),
        "without samples|no WAV",
    ),
}
HALF_A_CLAUSE: dict[str, tuple[Callable[[], Iterable[bytes]], str]] = {
    "hangs up": (
        lambda: [
            SOUND_HEAD.replace(b"Connection: close", b"Content-Length: 999999"),
            wav(hum(0.5)),
        ],
        "broke off",
    ),
    "falls silent": (
        lambda: endless(SOUND_HEAD + wav(hum(0.5)), b"\x00", every_s=0.05),
        f"sent no sound for {LIMIT_S:g} s in the middle",
    ),
    "a gigabyte": (
        lambda: endless(SOUND_HEAD + wav(hum(0.5)), hum(1.0).astype("<i2").tobytes()),
        "more than 120 s of sound",
    ),
}


@pytest.mark.parametrize("name", NO_WORDS)
def test_a_server_without_words_is_told_in_a_line_and_mended_later(name: str) -> None:
    bad, line = NO_WORDS[name]
    mended: list[bool] = []
    with (
        sounding(lambda _: heard() if mended else bad()) as server,
        closing(recogniser(server.url, **limits(line))) as engine,
    ):
        with pytest.raises(ServerError) as caught:
            in_time(lambda: engine.transcribe(SPEECH))
        assert re.search(line, str(caught.value))
        assert "\n" not in str(caught.value)
        assert caught.value.remedy
        mended.append(True)
        assert engine.guard.breaker.state in ("closed", "open")
    if engine.guard.breaker.state == "closed":
        with sounding(lambda _: heard()) as server, closing(recogniser(server.url)) as engine:
            assert engine.transcribe(SPEECH).text == WORDS


@pytest.mark.parametrize("name", NO_SOUND)
def test_a_server_without_sound_is_told_in_a_line(name: str) -> None:
    bad, line = NO_SOUND[name]
    with (
        sounding(lambda _: bad()) as server,
        closing(voice(server.url, **limits(line))) as engine,
        pytest.raises(ServerError) as caught,
    ):
        in_time(lambda: list(engine.say("Good morning.")))
    assert re.search(line, str(caught.value))
    assert "\n" not in str(caught.value)
    assert caught.value.remedy


@pytest.mark.parametrize("name", HALF_A_CLAUSE)
def test_sound_that_breaks_off_is_heard_as_far_as_it_came(name: str) -> None:
    bad, line = HALF_A_CLAUSE[name]
    came: list[Piece] = []

    def listen() -> None:
        came.extend(engine.say("Good morning."))

    with (
        sounding(lambda _: bad()) as server,
        closing(voice(server.url, Lark.stands_in(), **limits(line))) as engine,
        pytest.raises(ServerError, match=line),
    ):
        in_time(listen)
    assert sum(piece.samples.size for piece in came) > 0.3 * ONE_RATE_HZ
    assert engine.guard.breaker.state == "closed", "once is chance"


@pytest.mark.parametrize("make", [recogniser, voice])
def test_nobody_there_is_told_with_what_does_without(make: Callable[..., GuardedRecogniser]) -> None:
    with (
        closing(make(f"http://127.0.0.1:{free_port()}/v1")) as engine,
        pytest.raises(ServerError, match=r"start it, or set .*engine to"),
    ):
        used(engine)


def used(engine: GuardedRecogniser | GuardedVoice) -> None:
    """Ask for something."""
    if isinstance(engine, GuardedRecogniser):
        engine.transcribe(SPEECH)
    else:
        list(engine.say("Good morning."))


def test_what_was_said_is_in_no_error() -> None:
    def repeats(_: AskedFor) -> list[bytes]:
        return status("400 Bad Request", {"error": f"cannot say: {SECRET_WORDS.upper()} (limit 3)"})

    with (
        sounding(repeats) as server,
        closing(voice(server.url)) as engine,
        pytest.raises(ServerError) as caught,
    ):
        list(engine.say(SECRET_WORDS))
    line = str(caught.value).lower()
    assert not [word for word in SECRET_WORDS.split() if len(word) > 2 and f" {word} " in line]
    assert "(limit 3)" in line


def test_the_key_goes_to_the_server_and_into_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-very-secret-key")

    def repeats(asked: AskedFor) -> list[bytes]:
        assert b"Bearer sk-very-secret-key" in asked.head
        return status("400 Bad Request", {"error": "no sk-very-secret-key?"})

    with sounding(repeats) as server:
        for engine in (recogniser(server.url), voice(server.url)):
            with closing(engine), pytest.raises(ServerError) as caught:
                used(engine)
            assert "secret" not in str(caught.value)
            assert "no ***" in str(caught.value)


# --- a server that fails, and what stands in


class Owl:
    """A recogniser of this process."""

    window_s = 28.0
    languages = frozenset({"en"})
    finds_language = False
    looks_ahead = True
    text = "the owl has heard it"

    def __init__(self) -> None:
        self.narrowed: list[bool] = []

    def narrow(self, *, on: bool) -> None:
        self.narrowed.append(on)

    def language_odds(self, samples: object, spans: object) -> list[dict[str, float]]:
        return []

    def transcribe(self, samples: object, **_: object) -> Transcript:
        return Transcript(self.text, "en", 1.0, 1.0)

    @classmethod
    def stands_in(cls) -> StandIn[Recogniser]:
        return StandIn("an owl", lambda: cls)


class Lark:
    """A voice of this process, of another rate."""

    rate_hz = 16_000
    language = "en"
    languages = frozenset({"en"})

    def say(self, text: str) -> Iterator[Piece]:
        yield Piece(hum(0.25, 16_000).astype(np.int16), 4000, (2000, 8000))
        yield Piece(hum(0.25, 16_000).astype(np.int16))

    @classmethod
    def stands_in(cls) -> StandIn[Voice]:
        return StandIn("a lark", lambda: cls)


def test_the_local_recogniser_stands_in_and_the_server_is_spared_until_it_works_again() -> None:
    clock, told, mended = FakeClock(), list[Remark](), list[bool]()
    with (
        sounding(lambda _: heard() if mended else status("401 Unauthorized", {})) as server,
        closing(recogniser(server.url, Owl.stands_in(), Breaker(clock))) as engine,
    ):
        engine.guard.notify = told.append
        for _ in range(FAILURES):
            assert engine.transcribe(SPEECH).text == Owl.text
        assert engine.guard.breaker.state == "open"
        assert [remark.remedy.partition(";")[0] for remark in told if remark.of_reply] == [
            "an owl listens meanwhile"
        ] * FAILURES
        before, asked = len(told), len(server.asked)
        assert engine.transcribe(SPEECH).text == Owl.text
        assert (len(told), len(server.asked)) == (before, asked), "known, and left alone"
        mended.append(True)
        clock.advance(FIRST_S)
        assert engine.transcribe(SPEECH).text == WORDS
        assert "answers again" in told[-1].found


def test_where_something_stands_in_the_server_is_asked_once(tmp_path: Path) -> None:
    store = ModelStore(tmp_path, {})
    (tmp_path / "joe.onnx").write_bytes(b"")
    (tmp_path / "joe.onnx.json").write_bytes(b"")
    with sounding(lambda _: status("503 Busy", {})) as server:
        spoken = {"engine": "openai", "url": server.url, "voice": str(tmp_path / "joe.onnx")}
        for fallback, tries in (("local", 1), ("off", TRIES)):
            config = SynthesizeConfig.model_validate({**spoken, "fallback": fallback})
            with closing(server_voice(config, store, FakeClock())()) as engine:
                before = len(server.asked)
                with pytest.raises(ServerError):
                    list(engine.say("Good morning."))
                assert len(server.asked) - before == tries


def test_the_local_voice_stands_in_at_the_rate_of_the_talk() -> None:
    told: list[Remark] = []
    with (
        sounding(lambda _: status("500 Oops", {})) as server,
        closing(voice(server.url, Lark.stands_in())) as engine,
    ):
        engine.guard.notify = told.append
        pieces = list(engine.say("Good morning."))
    assert sum(piece.samples.size for piece in pieces) / engine.rate_hz == pytest.approx(0.5, abs=0.02)
    assert pieces[0].word_ends == (3000, 12_000)
    assert [piece.to_come > 0 for piece in pieces] == [True] * (len(pieces) - 1) + [False]
    assert "a lark speaks meanwhile" in told[0].remedy


def test_a_stand_in_that_cannot_be_loaded_leaves_the_servers_error() -> None:
    def missing() -> Callable[[], Recogniser]:
        raise ModelError("it is lost", "pull it")

    with (
        sounding(lambda _: status("500 Oops", {"error": "no luck"})) as server,
        closing(recogniser(server.url, StandIn("nobody", missing))) as engine,
        pytest.raises(ServerError, match="no luck"),
    ):
        engine.transcribe(SPEECH)


# --- in a talk


@contextmanager
def talking(
    answers: Callable[[AskedFor], Iterable[bytes]],
    stand_in: StandIn[Recogniser] | None = None,
    /,
    **settings: object,
) -> Iterator[tuple[Stepped, SoundServer]]:
    with sounding(answers) as server:
        engine = recogniser(server.url, stand_in, **settings)
        try:
            yield Stepped(*LINES, recogniser=seat(engine)), server  # type: ignore[arg-type]  # duck-typed
        finally:
            engine.close()


def breaker_of(talk: Stepped) -> Breaker:
    """Of the server that listens."""
    guard = guard_of(talk.crew.scribe._usual.it)
    assert guard is not None
    return guard.breaker


def test_a_talk_hears_through_a_server() -> None:
    with talking(lambda _: heard(LINES[0])) as (talk, server):
        told = asks(talk)
        (done,) = [event for event in told if isinstance(event, events.TurnDone)]
        assert done.heard == f"You said: {LINES[0]}."
        assert lines_of(told) == []
        assert server.asked


@pytest.mark.parametrize("name", ["401", "500", "a page", "a byte now and then"])
def test_a_server_that_hears_nothing_costs_a_turn_and_a_line_and_never_the_talk(name: str) -> None:
    bad, line = NO_WORDS[name]
    mended: list[bool] = []
    with talking(lambda _: heard(LINES[1]) if mended else bad(), **limits(line)) as (talk, _):
        breaker = breaker_of(talk)
        for _ in range(FAILURES + 2):
            told = asks(talk)
            (failed,) = [event for event in told if isinstance(event, events.Failed)]
            assert failed.turn
            assert is_done(talk)
            assert talk.floor.end is None
            if breaker.state == "closed":
                assert re.search(line, f"{failed.message}; {failed.remedy}")
        assert breaker.state == "open"
        mended.append(True)
        assert isinstance(breaker._clock, FakeClock)
        breaker._clock.advance(60.0)
        (done,) = [event for event in asks(talk) if isinstance(event, events.TurnDone)]
        assert done.heard == f"You said: {LINES[1]}."


def test_a_stand_in_answers_the_turn_and_the_user_is_told() -> None:
    with talking(lambda _: status("500 Oops", {"error": "no luck"}), Owl.stands_in()) as (talk, _):
        told = asks(talk)
        (done,) = [event for event in told if isinstance(event, events.TurnDone)]
        assert done.heard == f"You said: {Owl.text}."
        lines = lines_of(told)
        assert lines
        assert all(isinstance(each, events.Warned) for each in lines)
        assert "an owl listens meanwhile" in lines[0].remedy


def test_speech_that_goes_on_is_not_sent_to_another_computer() -> None:
    assert not recogniser("http://192.0.2.1/v1").looks_ahead
    assert recogniser("http://127.0.0.1:1/v1").looks_ahead


def test_the_user_is_told_at_the_start_what_leaves_the_computer() -> None:
    there, here = "http://me:pass-word@192.0.2.1/v1", "http://127.0.0.1:1/v1"
    (heard_there, spoken_there) = leaving(recogniser(there), voice(there))
    assert heard_there[0] == "your voice goes to another computer: whisper-1 at http://192.0.2.1/v1"
    assert spoken_there[0].startswith("what the agent says goes to another computer: tts-1 at")
    assert leaving(recogniser(here), voice(here)) == []
    talk = Stepped(*LINES, recogniser=seat(recogniser(there)))  # type: ignore[arg-type]  # duck-typed
    assert [event.message for event in talk.told_first if isinstance(event, events.Warned)] == [
        heard_there[0]
    ]


# --- settings


@pytest.mark.parametrize("section", ["transcribe", "synthesize"])
@pytest.mark.parametrize("engine", ["openai", "wyoming"])
def test_a_server_needs_an_address(section: str, engine: str) -> None:
    refusal = check({section: {"engine": engine}})
    assert isinstance(refusal, Mistake)
    assert (refusal.path, refusal.lacks) == ((section, "engine"), "url")
    assert isinstance(check({section: {"engine": engine, "url": "tcp://127.0.0.1:10300"}}), Config)


@pytest.mark.parametrize("url", ["tcp://127.0.0.1:10300", "http://:80/v1", "http://[::1"])
def test_an_address_of_another_kind_is_refused(url: str) -> None:
    for make in (recogniser, voice):
        with pytest.raises(ConfigError, match=r"(transcribe|synthesize)\.url"):
            make(url)


def test_sound_of_at_rate_is_whole() -> None:
    with sounding(lambda _: said(0.5, 24_000)) as server, closing(voice(server.url)) as engine:
        sound = sound_of(engine, "Good morning.")
    assert sound.size / ONE_RATE_HZ == pytest.approx(0.5, abs=0.02)
    assert RATE_HZ != ONE_RATE_HZ
