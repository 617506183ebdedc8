"""The doctor's checks on scripted devices, small models and a server of this computer."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest

from rig.program import voicecli
from tests.model_fakes import install, small_manifest
from tests.sentences import wording
from tests.studio import TOLD_S, Studio
from tests.test_bench_roundtrip import Loop
from voicecli.config import AudioConfig, Config, GenerateConfig
from voicecli.doctor import Check, Finding, examine
from voicecli.doctor.engine_checks import SERVER_S, EngineChecks, headroom
from voicecli.doctor.sound_checks import SLOW_MS, SoundChecks
from voicecli.errors import DeviceError, ModelError
from voicecli.models.store import ModelStore
from voicecli.models.suited import Machine
from voicecli.system.clock import FakeClock, MonotonicClock

BIG = "llm-qwen2-5-coder-1-5b"


@pytest.fixture
def studio(monkeypatch: pytest.MonkeyPatch) -> Studio:
    """A microphone that hears a tone, and a loudspeaker."""
    studio = Studio(monkeypatch)
    studio.add("Desk", 1, 0)
    studio.add("Speakers", 0, 2)
    studio.default.device = (0, 1)
    studio.amplitudes[0] = 0.1
    return studio


def sound(
    studio: Studio, *, listen: bool = False, cards: Path = Path("/nowhere"), **audio: object
) -> SoundChecks:
    return SoundChecks(AudioConfig.model_validate(audio), studio.clock, listen=listen, cards=cards)


def report(patient: SoundChecks) -> dict[str, Check]:
    looks = [
        (look.__name__, look)
        for look in (
            patient.portaudio,
            patient.microphone,
            patient.permission,
            patient.loudspeaker,
            patient.rates,
            patient.latency,
            patient.echo,
        )
    ]
    return {check.name: check for check in examine(looks)}


def statuses(checks: dict[str, Check]) -> str:
    return " ".join(check.status for check in checks.values())


def boom() -> Finding:
    raise ZeroDivisionError("of course")


def refusal() -> Finding:
    raise DeviceError("it is gone", "plug it in")


def fine() -> Finding:
    return Finding("pass", "fine")


def test_a_check_that_fails_or_crashes_is_a_line_and_the_rest_goes_on() -> None:
    checks = list(examine([("a", fine), ("b", refusal), ("c", boom), ("d", fine)]))
    assert [(check.name, check.status) for check in checks] == [
        ("a", "pass"),
        ("b", "fail"),
        ("c", "fail"),
        ("d", "pass"),
    ]
    assert (checks[1].found, checks[1].remedy) == ("it is gone", "plug it in")
    assert "ZeroDivisionError: of course" in checks[2].found
    assert checks[2].remedy


def test_a_check_that_hangs_is_given_up_and_does_not_come_back() -> None:
    never, looked = threading.Event(), []

    def hang() -> Finding:
        never.wait()
        return fine()

    def look() -> Finding:
        looked.append(threading.current_thread())
        return fine()

    checks = list(examine([("a", look), ("b", hang), ("c", look)], longest_s=0.2))
    assert [(check.name, check.status) for check in checks] == [("a", "pass"), ("b", "fail"), ("c", "pass")]
    never.set()
    hung = looked[0]
    hung.join(20)
    assert not hung.is_alive()
    assert len(looked) == 2  # what came after it was not looked at twice


def test_all_is_well(studio: Studio) -> None:
    checks = report(sound(studio))
    assert statuses(checks) == "pass pass pass pass pass pass skip"
    assert "'Desk' (ALSA, the default)" in checks["microphone"].found
    assert "-23 dBFS" in checks["permission"].found
    assert f"{2000 * TOLD_S:.0f} ms" in checks["latency"].found
    assert checks["echo"].remedy == wording("doctor.listen")
    assert not np.concatenate(studio.played[1]).any()  # without --listen it makes no sound
    assert all(stream.log[-1] == "close" for stream in studio.streams)


def test_without_devices(studio: Studio) -> None:
    studio.devices.clear()
    checks = report(sound(studio))
    assert statuses(checks) == "fail fail skip fail skip skip skip"
    assert all(check.remedy for check in checks.values() if check.status == "fail")


def test_a_broken_portaudio(studio: Studio) -> None:
    studio.refusals["list"] = "Unanticipated host error"
    checks = report(sound(studio))
    assert checks["portaudio"].status == "fail"
    assert "Unanticipated host error" in checks["portaudio"].found


def test_a_microphone_that_is_taken_leaves_the_loudspeaker_to_be_tried(studio: Studio) -> None:
    studio.refusals["open input"] = "Device unavailable"
    checks = report(sound(studio))
    assert statuses(checks) == "pass fail skip pass skip skip skip"
    assert "Device unavailable" in checks["microphone"].found


def test_a_device_that_opens_and_never_calls_fails(studio: Studio) -> None:
    studio.dead = {0, 1}
    checks = report(sound(studio))
    assert checks["microphone"].status == checks["loudspeaker"].status == "fail"
    assert "stopped" in checks["microphone"].found


def test_the_devices_of_the_preferred_host_api_are_examined(studio: Studio) -> None:
    for listen in (False, True):
        studio.streams.clear()
        studio.devices[2:] = []
        studio.add("System", 1, 1, api=1)
        checks = report(sound(studio, listen=listen, host_api="jack"))
        assert "'System' (JACK)" in checks["microphone"].found
        assert "'System' (JACK)" in checks["loudspeaker"].found
        assert {stream.asked["device"] for stream in studio.streams} == {2}


def test_a_muted_microphone_is_a_warning(studio: Studio) -> None:
    studio.amplitudes.clear()
    check = report(sound(studio))["permission"]
    assert (check.status, "unmute it" in check.remedy) == ("warn", True)


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may open everything")
def test_sound_cards_of_another_user(studio: Studio, tmp_path: Path) -> None:
    (tmp_path / "controlC0").touch(mode=0)
    studio.devices.clear()
    checks = report(sound(studio, cards=tmp_path))
    assert checks["permission"].status == "fail"
    assert "group audio" in checks["permission"].remedy
    assert "group audio" in checks["portaudio"].remedy


def test_sound_cards_nobody_needs_are_no_fault(
    studio: Studio, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A sound server opens them for its users."""
    (tmp_path / "controlC0").touch()
    monkeypatch.setattr(os, "access", lambda *_: False)
    assert report(sound(studio, cards=tmp_path))["permission"].status == "pass"
    studio.devices.clear()
    checks = report(sound(studio, cards=tmp_path))
    assert checks["permission"].status == "fail"
    assert "group audio" in checks["portaudio"].remedy


@pytest.mark.parametrize(
    ("microphone_hz", "status", "words"),
    [(8_000, "warn", "telephone"), (48_000, "pass", "resampled"), (16_000, "pass", "16000 Hz, 1 ch")],
)
def test_rates_are_what_the_devices_agreed_to(
    studio: Studio, microphone_hz: int, status: str, words: str
) -> None:
    studio.devices[0]["default_samplerate"] = float(microphone_hz)
    studio.takes = lambda rate, channels: (
        rate in (microphone_hz, 22_050) and (rate != 22_050 or channels == 1)
    )
    studio.check_input_settings = lambda **asked: _only(asked["samplerate"], microphone_hz)  # type: ignore[method-assign]
    check = report(sound(studio))["rates"]
    assert check.status == status
    assert words in check.found


def _only(rate: object, wanted: int) -> None:
    if rate != wanted:
        raise Studio.PortAudioError(f"Error: Invalid sample rate {rate}")


def test_devices_that_are_late_are_a_warning(studio: Studio, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.studio.TOLD_S", SLOW_MS / 1000)
    check = report(sound(studio))["latency"]
    assert check.status == "warn"
    assert "Bluetooth" in check.remedy


@pytest.mark.parametrize(
    ("gain", "headphones", "status", "words"),
    [
        (0.18, False, "pass", "at -15 dB"),
        (0.9, False, "warn", "at -1 dB"),
        (0.18, True, "warn", wording("doctor.echo_in_headphones")),
        (0.0, False, "warn", "heard 0"),
        (0.0, True, "pass", wording("doctor.no_echo")),
    ],
)
def test_the_echo_is_as_loud_as_it_is(
    studio: Studio,
    gain: float,
    headphones: bool,
    status: str,
    words: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(
        "voicecli.doctor.sound_checks.DeviceStreams", lambda *_: Loop(studio.clock, gain=gain)
    )
    checks = report(sound(studio, listen=True, headphones=headphones))
    assert (checks["echo"].status, words in checks["echo"].found) == (status, True), checks["echo"]
    assert ("measured" in checks["latency"].found) == (gain > 0)


@pytest.fixture
def models(tmp_path: Path) -> ModelStore:
    """All of a small manifest but the larger language models."""
    manifest = small_manifest()
    for model in manifest.values():
        if "qwen" not in model.name:
            install(tmp_path, model)
    return ModelStore(tmp_path, manifest)


@pytest.fixture(autouse=True)
def ordinary(monkeypatch: pytest.MonkeyPatch) -> None:
    """A computer that suits the best language model."""
    monkeypatch.setattr("voicecli.models.choice.this_machine", lambda _: Machine(4, 8 * 10**9, 9 * 10**9))


def engines(
    store: ModelStore, *, full: bool = False, connect: bool = False, **generate: object
) -> EngineChecks:
    config = Config(generate=GenerateConfig.model_validate(generate))
    return EngineChecks(config, store, MonotonicClock(), full=full, connect=connect)


def test_models_that_are_there(models: ModelStore) -> None:
    patient = engines(models)
    for look in (patient.detector, patient.completion, patient.transcriber, patient.synthesizer):
        assert look().status == "pass"
        assert "as published" in look().found


def test_the_language_model_is_told_with_its_reason(models: ModelStore) -> None:
    small = engines(models).language_model()
    assert (small.status, small.remedy) == ("warn", wording("models.pull", model=BIG))
    assert wording("doctor.model_toy_alone") in small.found
    asked = engines(models, model="light").language_model()
    assert (asked.status, asked.remedy) == ("pass", "")
    assert wording("doctor.model_toy") in asked.found
    install(models.root, models.manifest[BIG])
    best = engines(models).language_model()
    assert (best.status, best.remedy) == ("pass", "")
    assert best.found == wording("doctor.model_chosen", model=BIG, mb=0, cores=4, memory="8.0")
    assert "chosen" not in engines(models, model=BIG).language_model().found


def test_a_model_that_is_missing_cut_or_spoilt(models: ModelStore) -> None:
    (models.root / "vad-silero" / "vad.onnx").unlink()
    (models.root / "turn-smart-v3" / "turn.onnx").write_bytes(b"cut")
    patient = engines(models)
    for look, name in ((patient.detector, "vad-silero"), (patient.completion, "turn-smart-v3")):
        (check,) = examine([("a model", look)])
        assert check.status == "fail"
        assert check.remedy == wording("models.pull", model=name)


def test_full_finds_what_kept_its_size_and_time(models: ModelStore) -> None:
    path = models.root / "vad-silero" / "vad.onnx"
    assert engines(models).detector().status == "pass"
    times = path.stat()
    path.write_bytes(path.read_bytes()[::-1])
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
    assert engines(models).detector().status == "pass"
    with pytest.raises(ModelError) as caught:
        engines(models, full=True).detector()
    assert "vad.onnx" in caught.value.found
    assert "read again" in engines(models, full=True).completion().found


def test_a_file_of_one_s_own_is_not_judged(models: ModelStore, tmp_path: Path) -> None:
    own = tmp_path / "mine.gguf"
    own.touch()
    assert engines(models, model=str(own)).language_model().found == wording(
        "doctor.own_file", name="mine.gguf"
    )


def test_speed_is_not_measured_without_models(models: ModelStore) -> None:
    (models.root / "vad-silero" / "vad.onnx").unlink()
    finding = engines(models).speed()
    assert (finding.status, "pull vad-silero" in finding.remedy) == ("skip", True)


@pytest.mark.parametrize(
    ("voice", "status"), [(0.1, "pass"), (0.49, "pass"), (0.5, "warn"), (1.0, "fail"), (7.0, "fail")]
)
def test_headroom_is_that_of_the_slowest(voice: float, status: str) -> None:
    finding = headroom({"speech to text": 0.1, "text to speech": voice, "language model": 0.05}, 2)
    assert finding.status == status
    assert wording("doctor.speech_ms", ms=f"{voice * 1000:.0f}") in finding.found
    assert ("synthesize.voice" in finding.remedy) == (status != "pass")


@contextmanager
def server(answer: str) -> Iterator[tuple[str, list[str]]]:
    """Its address with /v1, and the paths it was asked for; without an answer it is silent."""
    asked: list[str] = []
    over = threading.Event()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            if not answer:
                over.wait()
                return
            self.send_response(200)
            self.end_headers()
            self.wfile.write(answer.encode())

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as httpd:
        thread = threading.Thread(target=httpd.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{httpd.server_port}/v1", asked
        finally:
            over.set()
            httpd.shutdown()
            thread.join()


@pytest.mark.parametrize(
    ("names", "model", "status", "words"),
    [
        (["tiny"], "tiny", "pass", "answers"),
        (["tiny:latest"], "tiny", "pass", "answers"),
        (["tiny"], "auto", "pass", "answers"),
        (["tiny", "big"], "small", "warn", wording("doctor.model_unlisted")),
        ([], "tiny", "warn", "lists no model"),
    ],
)
def test_a_server_of_this_computer_is_asked_for_its_models_alone(
    models: ModelStore, names: list[str], model: str, status: str, words: str
) -> None:
    with server(json.dumps({"data": [{"id": name} for name in names]})) as (url, asked):
        finding = engines(models, engine="openai", base_url=url, model=model).language_model()
    assert (finding.status, words in finding.found) == (status, True)
    assert asked == ["/v1/models"]


def test_a_server_that_is_silent_or_not_there(models: ModelStore) -> None:
    clock = FakeClock()
    with server("") as (url, _):
        config = Config(generate=GenerateConfig(engine="openai", base_url=url))

        class Hurry(FakeClock):
            """Each look at it is a second later."""

            def now(self) -> float:
                self.advance(1.0)
                return super().now()

        finding = EngineChecks(config, models, Hurry()).language_model()
        assert (finding.status, f"within {SERVER_S:g} s" in finding.found) == ("fail", True)
    (check,) = examine([("server", EngineChecks(config, models, clock).language_model)])
    assert (check.status, "no server answers" in check.found) == ("fail", True)


def test_a_server_elsewhere_is_not_asked_unasked(models: ModelStore, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[object] = []

    def answer(*whom: object) -> list[str]:
        asked.extend(whom)
        return ["m"]

    monkeypatch.setattr("voicecli.reply.server.openai.OpenAiGenerator.models", answer)
    elsewhere = {"engine": "openai", "base_url": "https://models.example/v1", "model": "m"}
    finding = engines(models, **elsewhere).language_model()  # type: ignore[arg-type]
    assert (finding.status, finding.remedy, asked) == ("skip", wording("doctor.ask"), [])
    assert engines(models, connect=True, **elsewhere).language_model().status == "pass"  # type: ignore[arg-type]
    assert asked


def test_an_echo_is_no_language_model(models: ModelStore) -> None:
    assert engines(models, engine="echo").language_model().status == "warn"


NO_SERVER = {"PULSE_SERVER": "/nowhere", "XDG_RUNTIME_DIR": "/nowhere"}


def test_a_computer_with_nothing_fails_with_remedies(tmp_path: Path) -> None:
    """No device, no model, and settings that cannot be read: all told at once, in JSON and in words."""
    bad = tmp_path / "config.toml"
    bad.write_text("[audio]\nblock_ms = 7\n")
    env = {**os.environ, "HOME": str(tmp_path), **NO_SERVER}
    flags = ("--config", str(bad), "--models-dir", str(tmp_path))
    done = voicecli("doctor", "--json", *flags, env=env)
    assert (done.returncode, done.stderr) == (1, "")
    checks = {check.pop("name"): check for check in json.loads(done.stdout)}
    assert checks["settings"]["status"] == "fail"
    assert "allowed: 10 to 20 (ms)" in checks["settings"]["remedy"]
    assert checks["speech to text"] == {
        "status": "fail",
        "found": wording("models.missing_in", model="whisper-base", folder=tmp_path),
        "remedy": wording("models.pull", model="whisper-base"),
    }
    assert checks["microphone"]["status"] == "fail"
    assert checks["speed"]["status"] == "skip"
    told = voicecli("doctor", *flags, env=env)
    assert told.returncode == 1
    lines = told.stdout.splitlines()
    assert len(lines) == len(checks) + 1
    assert lines[0].startswith("fail settings: ")
    assert " failed" in lines[-1]
    assert "Traceback" not in told.stderr
