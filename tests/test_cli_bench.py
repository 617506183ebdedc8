"""`voicecli bench`: what it refuses before it measures, what it prints, and how it ends."""

from __future__ import annotations

import dataclasses
import json
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest
from typer.testing import CliRunner, Result

from rig.program import voicecli
from tests.bench_report import latency, report, turn
from tests.seats import seated
from tests.sentences import wording
from voicecli.audio.streams import StreamFormat
from voicecli.bench import run as bench_run
from voicecli.bench.findings import Report, from_json, to_json
from voicecli.cli import app
from voicecli.engines import Session
from voicecli.errors import AudioFileError, ConfigError, EngineError, VoicecliError
from voicecli.measure.questions import Question

GOOD = report([turn(n, latency(50 + n)) for n in range(1, 7)])


class Measured:
    """Stands in for the run: what it was asked for, and what it finds."""

    def __init__(self) -> None:
        self.report = GOOD
        self.turns = 0
        self.questions: list[str] = []
        self.devices: bench_run.Devices | None = None
        self.failure: VoicecliError | None = None
        self.during: Callable[[], None] = lambda: None

    def run(self, questions: list[Question], turns: int) -> None:
        self.questions = [question.text for question in questions]
        self.turns = turns
        self.during()
        if self.failure is not None:
            raise self.failure


class Voice:
    rate_hz = 16_000


class Loaded:
    def session(self) -> Session:
        return seated(None, None, None, None, Voice())


@pytest.fixture
def measured(monkeypatch: pytest.MonkeyPatch) -> Measured:
    """No model is loaded and nothing is measured."""
    fake = Measured()

    class Bench:
        def __init__(self, engines: object, devices: bench_run.Devices, *rest: object) -> None:
            fake.devices = devices

        def run(self, questions: list[Question], turns: int) -> None:
            fake.run(questions, turns)

        def report(self) -> Report:
            return fake.report

    monkeypatch.setattr(bench_run, "Bench", Bench)
    monkeypatch.setattr("voicecli.loading.load", lambda config, store, tell: Loaded())
    monkeypatch.setattr(
        "voicecli.measure.questions.spoken",
        lambda voice, rate_hz: [Question("made up?", None)],  # type: ignore[arg-type]
    )
    return fake


def bench(*words: object) -> Result:
    return CliRunner().invoke(app, ["bench", *map(str, words)])


def refused(*words: object) -> VoicecliError:
    error = bench(*words).exception
    assert isinstance(error, VoicecliError)
    assert "\n" not in str(error)
    return error


def test_the_table_is_on_standard_output_and_progress_is_not(measured: Measured) -> None:
    done = bench("--turns", 7)
    assert done.exit_code == 0, done.output
    assert "6 of 6 turns answered" in done.stdout
    assert measured.turns == 7
    assert measured.questions == ["made up?"]


def test_ten_questions_by_default(measured: Measured) -> None:
    assert bench().exit_code == 0
    assert measured.turns == 10


def test_json_is_the_report_and_nothing_else(measured: Measured, tmp_path: Path) -> None:
    old = tmp_path / "old.json"
    old.write_text(to_json(GOOD), encoding="utf-8")
    done = bench("--json", "--compare", old)
    assert done.exit_code == 0
    assert from_json(done.stdout, "it") == GOOD
    assert wording("bench.below_noise") in done.stderr


def test_own_recordings_are_asked(measured: Measured, question: Path) -> None:
    assert bench("--wav", question, "--wav", question).exit_code == 0
    assert measured.questions == [question.name] * 2


def test_what_changed_is_shown_below(measured: Measured, tmp_path: Path) -> None:
    old = tmp_path / "old.json"
    old.write_text(to_json(report([turn(n, latency(150 + n)) for n in range(1, 7)])), encoding="utf-8")
    assert bench("--compare", old).stdout.count("faster") == len(latency())


def test_a_broken_budget_is_exit_code_1_and_a_line(measured: Measured, tmp_path: Path) -> None:
    budget = tmp_path / "budget.toml"
    budget.write_text("xruns = 0\ntotal.p50_ms = 600\ntranscribe.p99_ms = 20", encoding="utf-8")
    done = bench("--check", budget)
    assert done.exit_code == 1
    assert done.stderr.splitlines() == [
        "over budget: " + wording("bench.limit_missed", key="transcribe.p99_ms", found=56, limit=20)
    ]
    budget.write_text("transcribe.p99_ms = 56", encoding="utf-8")
    assert bench("--check", budget).exit_code == 0


def test_the_page_is_written(measured: Measured, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = ModuleType("voicecli.bench.display.page")
    page.page = lambda report: f"<p>{report['voicecli']}"  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "voicecli.bench.display.page", page)
    html = tmp_path / "report.html"
    assert bench("--html", html).exit_code == 0
    assert html.read_text(encoding="utf-8") == "<p>9.8"
    error = refused("--html", tmp_path)
    assert "Is a directory" in str(error)


def test_real_devices_are_measured_with_chirps_before(
    measured: Measured, monkeypatch: pytest.MonkeyPatch
) -> None:
    @dataclasses.dataclass
    class Streams:
        microphone: StreamFormat
        loudspeaker: StreamFormat

    def opened(microphone: str, loudspeaker: str, *settings: object) -> Streams:
        return Streams(StreamFormat(microphone, 16_000, 1, 0.01), StreamFormat(loudspeaker, 22_050, 1, 0.01))

    chirps = ModuleType("voicecli.measure.roundtrip")
    chirped: list[object] = []

    def measure(streams: Streams, clock: object) -> SimpleNamespace:
        chirped.append(streams)
        return SimpleNamespace(median_ms=61.0, reported_ms=40.0, correction_ms=21.0)

    chirps.measure = measure  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "voicecli.measure.roundtrip", chirps)
    monkeypatch.setattr("voicecli.devices.choose.device_of", lambda kind, audio: f"an {kind}")
    monkeypatch.setattr("voicecli.devices.pair.DeviceStreams", opened)
    done = bench("--devices")
    assert done.exit_code == 0, done.output
    devices = measured.devices
    assert devices is not None
    assert (devices.name, devices.round_trip_ms, devices.correction_ms) == ("an input / an output", 61, 21)
    assert len(chirped) == 1
    assert devices.streams is not chirped[0]  # those were closed
    assert wording("bench.round_trip", ms=61, told=40) in done.stderr


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--check", "absent.toml"), "cannot read absent.toml"),
        (("--compare", "absent.json"), "cannot read absent.json"),
        (("--html", "absent/report.html"), wording("bench.no_folder", name="absent")),
        (("--config", "absent.toml"), "cannot read absent.toml"),
    ],
)
def test_what_cannot_be_used_is_refused_before_anything_is_measured(
    measured: Measured, words: tuple[str, ...], says: str
) -> None:
    error = refused(*words)
    assert isinstance(error, ConfigError)
    assert says in str(error)
    assert measured.turns == 0


def test_a_recording_that_is_none_is_refused_before_anything_is_loaded(measured: Measured) -> None:
    assert isinstance(refused("--wav", Path(__file__)), AudioFileError)
    assert measured.turns == 0


@pytest.mark.parametrize("turns", ["0", "-1", "ten"])
def test_a_number_of_turns_that_is_none_is_a_mistake_of_usage(measured: Measured, turns: str) -> None:
    assert bench("--turns", turns).exit_code == 2


def test_a_run_in_which_nothing_was_answered_is_shown_and_fails(measured: Measured) -> None:
    measured.report = report([turn(1, {})])
    done = bench()
    assert done.exit_code == 1
    assert "0 of 1 turn answered" in done.stdout
    assert wording("bench.answered_none") in str(done.exception)


def test_what_fails_in_the_run_is_told(measured: Measured) -> None:
    measured.failure = EngineError("no server answers", "start it")
    assert refused() is measured.failure


@pytest.fixture
def _sigint() -> Iterator[None]:
    before = signal.getsignal(signal.SIGINT)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("_sigint")
@pytest.mark.parametrize("whole", [0, 3])
def test_ctrl_c_shows_the_turns_that_were_whole(measured: Measured, whole: int, tmp_path: Path) -> None:
    budget = tmp_path / "budget.toml"
    budget.write_text("total.p50_ms = 1", encoding="utf-8")
    measured.report = report([turn(n, latency()) for n in range(whole)])
    main = threading.main_thread().ident
    assert main is not None
    measured.during = lambda: signal.pthread_kill(main, signal.SIGINT)
    done = bench("--json", "--check", budget)
    assert done.exit_code == 130
    assert "over budget" not in done.stderr
    if whole:
        assert len(from_json(done.stdout, "it").turns) == whole
    else:
        assert done.stdout == ""


def test_help_names_every_option_and_the_document() -> None:
    text = bench("--help").stdout
    for option in (
        "--turns",
        "--wav",
        "--json",
        "--html",
        "--compare",
        "--check",
        "--devices",
        "--models-dir",
        "--serve",
        "--sessions",
        "--questions",
        "--metrics",
        "--token-file",
    ):
        assert option in text
    assert "docs/latency.md" in " ".join(text.split())


@pytest.mark.models
@pytest.mark.matrix
def test_a_talk_with_the_real_models_is_measured(question: Path) -> None:
    done = voicecli("bench", "--json", "--turns", "2", "--wav", str(question))
    assert done.returncode == 0, done.stderr
    found = from_json(done.stdout, "it")
    assert [each.question for each in found.turns] == [question.name] * 2
    assert all(each.latency_ms and not each.cut_in for each in found.turns)
    assert {engine.name for engine in found.engines if engine.calls} == {
        *("detector", "completion", "transcriber", "generator", "synthesizer"),
    }
    assert found.losses["turns_without_answer"] == 0
    assert dataclasses.asdict(found)["version"] == json.loads(done.stdout)["version"]
