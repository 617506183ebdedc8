"""Settings that name a server for hearing or speaking: loaded, examined, named, given up; and their turns."""

from __future__ import annotations

import io
import wave
from contextlib import closing
from typing import TYPE_CHECKING

import numpy as np
import pytest

from tests.model_fakes import small_manifest
from tests.raw_server import free_port, status
from tests.seats import place, seat
from tests.sound_server import WORDS, AskedFor, heard, hum, said, sounding
from tests.test_engines_elsewhere import SPEECH, recogniser, voice
from tests.test_talking import RATE_HZ
from voicecli.audio.recordings.wav import head
from voicecli.audio.streams import StreamFormat
from voicecli.config import Config, PlaybackConfig, SynthesizeConfig, TranscribeConfig
from voicecli.config.text import effective_toml
from voicecli.doctor.engine_checks import EngineChecks
from voicecli.errors import ServerError
from voicecli.floor import orders
from voicecli.floor.stages import VOICE
from voicecli.loading import load_recogniser, load_voice, unused_voices
from voicecli.messages import Clause, Utterance
from voicecli.models.choice import needed, recogniser_name, voice_name
from voicecli.models.store import ModelStore
from voicecli.serve.rest import UNTOLD_BYTES
from voicecli.serve.single_requests import RATE_OUT_HZ
from voicecli.speak.playback import Playback
from voicecli.system.clock import FakeClock, MonotonicClock
from voicecli.talk.attempts import Attempts
from voicecli.talk.inboxes import TO_MOUTH, TO_SCRIBE
from voicecli.talk.mouth import Mouth
from voicecli.talk.workers.scribe import Scribe
from voicecli.threads.channel import Channel
from voicecli.waiting.urgency import Work

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from voicecli.floor.facts import Fact
    from voicecli.floor.stages import Fault, Stage

ELSEWHERE = "http://192.0.2.1/v1"
"""Of no computer: RFC 5737."""


@pytest.fixture
def store(tmp_path: Path) -> ModelStore:
    """Without a model."""
    return ModelStore(tmp_path / "models", small_manifest())


def config(url: str, **others: object) -> Config:
    server = {"engine": "openai", "url": url, "timeout_s": 5.0, **others}
    return Config(
        transcribe=TranscribeConfig.model_validate(server), synthesize=SynthesizeConfig.model_validate(server)
    )


def both(asked: AskedFor) -> Iterable[bytes]:
    """A server that hears and speaks."""
    return said() if asked.path.endswith("speech") else heard()


# --- loaded


def test_engines_on_a_server_are_loaded_without_a_model_and_without_a_sound(store: ModelStore) -> None:
    with sounding(both) as server:
        settings = config(server.url)
        ears, mouth = (
            load_recogniser(settings.transcribe, store).seat(),
            load_voice(settings.synthesize, store).seat(),
        )
        assert server.asked == []
        assert ears.it.transcribe(SPEECH).text == WORDS
        assert list(mouth.it.say("Good morning."))
        ears.leave()
        mouth.leave()
        asked = len(server.asked)
        assert ears.it.transcribe(SPEECH).text == "", "its talk is over"
        assert list(mouth.it.say("Good morning.")) == []
        assert len(server.asked) == asked


def test_a_server_that_is_not_there_is_told_before_the_talk(store: ModelStore) -> None:
    settings = config(f"http://127.0.0.1:{free_port()}/v1")
    with pytest.raises(ServerError, match=r"start it, or set transcribe.engine"):
        load_recogniser(settings.transcribe, store)
    with pytest.raises(ServerError, match=r"start it, or set synthesize.engine"):
        load_voice(settings.synthesize, store)


def test_a_key_that_is_refused_is_told_before_the_talk(store: ModelStore) -> None:
    refused = status("401 Unauthorized", {})
    with sounding(both, models=refused) as server, pytest.raises(ServerError, match="OPENAI_API_KEY"):
        load_recogniser(config(server.url).transcribe, store)


def test_nothing_is_fetched_for_them_and_they_have_names_without_secrets() -> None:
    settings = config("http://me:pass-word@192.0.2.1/v1?key=secret-key", server_model="large")
    assert needed(settings) == ("vad-silero", "turn-smart-v3")
    assert recogniser_name(settings.transcribe) == "large at http://192.0.2.1/v1"
    assert voice_name(settings.synthesize) == "openai at http://192.0.2.1/v1"


def test_a_password_in_an_address_is_not_shown() -> None:
    settings = config("http://me:pass-word@192.0.2.1/v1")
    shown = effective_toml(settings, {})
    assert "pass-word" not in shown
    assert shown.count('url = "http://***@192.0.2.1/v1"') == 2


def test_the_sound_of_the_rest_server_is_a_wav_that_every_program_reads() -> None:
    sound = hum(0.1, RATE_OUT_HZ).tobytes()
    with wave.open(io.BytesIO(head(RATE_OUT_HZ, 1, UNTOLD_BYTES) + sound)) as wav:
        assert wav.getframerate() == RATE_OUT_HZ
        assert wav.readframes(1 << 20) == sound


def test_a_server_may_find_any_language(store: ModelStore) -> None:
    settings = config(ELSEWHERE)
    other = settings.synthesize.model_copy(update={"voices": {"de": "x.onnx", "en": "y.onnx"}})
    assert unused_voices(settings.model_copy(update={"synthesize": other}), store).keys() == {"en"}


# --- the doctor


def test_the_doctor_asks_a_server_of_this_computer(store: ModelStore) -> None:
    with sounding(both) as server:
        doctor = EngineChecks(config(server.url), store, MonotonicClock())
        for finding in (doctor.transcriber(), doctor.synthesizer()):
            assert finding.status == "pass"
            assert "to that computer" not in finding.found
        assert server.asked == [], "no sound, and no word"


def test_the_doctor_does_not_ask_another_computer_unless_told_to(store: ModelStore) -> None:
    doctor = EngineChecks(config(ELSEWHERE), store, MonotonicClock())
    for finding in (doctor.transcriber(), doctor.synthesizer(), doctor.speed()):
        assert finding.status == "skip"
        assert "--connect" in finding.remedy


# --- turns to compute


class Noted(Attempts):
    """Notes which calls wait for a turn."""

    def __init__(self) -> None:
        super().__init__(FakeClock(), place(FakeClock()))
        self.here: list[bool] = []

    def in_turn(  # type: ignore[no-untyped-def,override]  # as the method it notes
        self, work: Work, stage: Stage, call: Callable[[], object], given=(), size=None, *, here: bool = True
    ) -> object | Fault:
        self.here.append(here)
        return super().in_turn(work, stage, call, given, size, here=here)


def test_what_a_server_does_waits_for_no_turn() -> None:
    clock = MonotonicClock()
    at = place(clock)
    attempts = Attempts(clock, at)
    with at.turn(Work.FINAL, VOICE):  # the engine is taken: a call that waits for its turn would wait here
        assert attempts.in_turn(Work.SOUND, VOICE, lambda: 7, here=False) == 7


def test_scribe_and_mouth_take_turns_only_for_engines_of_this_process() -> None:
    posted: list[Fact] = []
    said_by_tone = np.full(RATE_HZ, 0.1, np.float32)
    utterance = Utterance(said_by_tone, 0, RATE_HZ, 1.0, 1.0, 1.1)
    order = orders.Transcribe(1, 1, utterance, paused=True, overlap=0)
    with (
        sounding(both) as server,
        closing(recogniser(server.url)) as ears,
        closing(voice(server.url)) as mouth,
    ):
        noted = Noted()
        Scribe(seat(ears), noted, Channel(TO_SCRIBE), posted.append).take(order)
        playback = Playback(StreamFormat("l", RATE_HZ, 1, 0.04), PlaybackConfig())
        speaks = Mouth(seat(mouth), playback, FakeClock(), noted, Channel(TO_MOUTH), posted.append, lambda: 0)
        speaks.take(orders.Say(Clause(1, 1, 0, "Good morning.")))
        assert noted.here
        assert not any(noted.here)
