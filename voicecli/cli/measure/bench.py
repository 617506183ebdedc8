"""`voicecli bench`: where the milliseconds go."""

from __future__ import annotations

import dataclasses
import signal
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from voicecli.cli.measure.bench_serve import (
    MetricsUrls,
    QuestionsEach,
    ServerToken,
    ServeUrl,
    Sessions,
    capacity,
)
from voicecli.cli.measure.bench_turns import trade_off
from voicecli.cli.measure.bench_turns import turns as bench_turns
from voicecli.cli.options import ConfigFile, Light, ModelsDir, Record, lightened, settings, store_at
from voicecli.cli.talk.with_recorder import WithRecorder
from voicecli.errors import ConfigError, VoicecliError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from voicecli.bench.budget import Limit
    from voicecli.bench.findings import Report
    from voicecli.bench.run import Bench, Devices
    from voicecli.config import Config
    from voicecli.models.store import ModelStore
    from voicecli.system.clock import Clock

LONGEST_END_S = 1.0
"""s that the bench waits after Ctrl-C for a model that does not return."""

TICK_S = 0.1

ANSWER_TOKENS = 40
"""Tokens of the longest answer in the bench."""

bench_app = typer.Typer(rich_markup_mode=None)
bench_app.command("turns")(bench_turns)


@bench_app.callback(invoke_without_command=True)
def bench(
    context: typer.Context,
    turns: Annotated[int, typer.Option(min=1, max=1000, help="Questions asked.")] = 10,
    wav: Annotated[
        list[Path] | None, typer.Option(help="Ask this recording; may be given several times.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Write the report as JSON.")] = False,
    html: Annotated[Path | None, typer.Option(help="Write the report as a page to this file.")] = None,
    compare: Annotated[
        Path | None, typer.Option(help="Say what changed since this report of --json.")
    ] = None,
    check: Annotated[
        Path | None, typer.Option(help="Exit with 1 when this budget is broken (docs/budget.example.toml).")
    ] = None,
    devices: Annotated[
        bool, typer.Option("--devices", help="Use the microphone and the loudspeaker.")
    ] = False,
    labelled: Annotated[
        Path | None,
        typer.Option(help="Add the figures that `bench turns` finds for this folder of labelled turns."),
    ] = None,
    record: Record = None,
    serve: ServeUrl = None,
    sessions: Sessions = "1,2,4",
    questions: QuestionsEach = 10,
    metrics: MetricsUrls = None,
    token_file: ServerToken = None,
    light: Light = False,
    config_file: ConfigFile = None,
    models_dir: ModelsDir = None,
) -> None:
    """Measure a talk: asks questions in real time and shows what each stage takes (docs/latency.md)."""
    if context.invoked_subcommand is not None:
        return
    config = lightened(settings(config_file, {}), light=light)
    if serve is not None:
        _alone(
            {"--html": html, "--compare": compare, "--check": check, "--labelled": labelled}
            | {"--record": record, "--devices": devices or None}
        )
        capacity(
            *(serve, sessions, questions, metrics or (), token_file, wav or (), config, models_dir),
            as_json=as_json,
        )
        return
    from voicecli.bench.budget import read_budget
    from voicecli.bench.compare import read_report

    # What cannot be read or written is refused before a minute is spent on measuring.
    limits = read_budget(check) if check else []
    old = read_report(compare) if compare else None
    if html is not None and not html.absolute().parent.is_dir():
        raise ConfigError(f"there is no folder {html.parent}", "name a file in one that is there")
    config = _with_short_answers(config)
    _check_readable(wav or ())
    report, stopped = _measured(
        lambda stop, made: _run(config, store_at(models_dir), wav or (), turns, devices, record, stop, made)
    )
    if report is not None and labelled is not None and not stopped:
        report = dataclasses.replace(report, tradeoff=trade_off(labelled, config, models_dir))
    if report is not None:
        _show(report, as_json=as_json)
        if html is not None:
            _write_page(report, html)
    if stopped:
        raise typer.Exit(130)
    assert report is not None
    if old is not None:
        _show_changes(old, report, to_stderr=as_json)
    if not report.stages:
        raise VoicecliError("no question was answered", "listen to what it does: voicecli demo")
    _check(report, limits)


def _alone(others: dict[str, object]) -> None:
    if given := [flag for flag, value in others.items() if value is not None]:
        raise ConfigError(f"{given[0]} does not go with --serve", "leave it out")


def _with_short_answers(config: Config) -> Config:
    """Limit answers: what follows an answer's first seconds takes most of the time and changes no figure."""
    most = min(config.generate.max_tokens, ANSWER_TOKENS)
    return config.model_copy(update={"generate": config.generate.model_copy(update={"max_tokens": most})})


def _check_readable(recordings: Sequence[Path]) -> None:
    from voicecli.audio.recordings.recording import decode
    from voicecli.messages import RATE_HZ

    for path in recordings:
        next(decode(path, RATE_HZ))


def _measured(run: Callable[[threading.Event, list[Bench]], None]) -> tuple[Report | None, bool]:
    """Measure on a thread, so that Ctrl-C acts at once. Give the report, if any, and whether Ctrl-C came."""
    from voicecli.threads.worker import Worker

    stop, made = threading.Event(), list["Bench"]()
    worker = Worker("bench", lambda: run(stop, made), lambda: None)
    try:
        worker.start()
        while not worker.join(TICK_S):
            pass
    except KeyboardInterrupt:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # the run is ending already
        stop.set()
        if made:
            worker.join(LONGEST_END_S)
        report = made[0].report() if made else None
        return (report if report and report.turns else None), True
    if worker.failure is not None:
        raise worker.failure
    return made[0].report(), False


def _run(
    config: Config,
    store: ModelStore,
    recordings: Sequence[Path],
    turns: int,
    real: bool,
    record: Path | None,
    stop: threading.Event,
    made: list[Bench],
) -> None:
    from voicecli.bench.run import Bench
    from voicecli.loading import load
    from voicecli.measure.questions import recorded, spoken
    from voicecli.system.clock import MonotonicClock

    session = load(config, store, lambda what: _tell(f"loading {what}")).session()
    rate_hz, clock = session.voice.it.rate_hz, MonotonicClock()
    devices = _real(config, rate_hz, clock) if real else _simulated(config, rate_hz, clock)
    microphone_hz = devices.streams.microphone.rate_hz
    questions = recorded(recordings, microphone_hz) if recordings else spoken(session.voice.it, microphone_hz)
    recorder = WithRecorder(record, 0, config, clock, clock.now())
    made.append(Bench(session, devices, config, clock, stop, _tell, recorder.over))
    if record is not None:
        recorder.follow(made[0].talk)
        recorder.start()
    try:
        made[0].run(questions, turns)
    finally:
        if problem := recorder.close():
            _tell(problem)


def _simulated(config: Config, rate_hz: int, clock: Clock) -> Devices:
    from voicecli.bench.run import SIMULATED, Devices
    from voicecli.devices.simulated import RecordedUser, SimulatedStreams

    return Devices(SimulatedStreams(RecordedUser(), rate_hz, config.audio.block_ms, clock), SIMULATED)


def _real(config: Config, rate_hz: int, clock: Clock) -> Devices:
    """The user's own devices, after a measurement with chirps. Raises DeviceError."""
    from voicecli.bench.run import Devices
    from voicecli.devices.choose import device_of
    from voicecli.devices.pair import DeviceStreams
    from voicecli.measure.roundtrip import measure

    audio = config.audio
    microphone, loudspeaker = device_of("input", audio), device_of("output", audio)

    def pair() -> DeviceStreams:
        return DeviceStreams(microphone, loudspeaker, rate_hz, audio.block_ms, audio.latency_ms, clock)

    _tell("chirps: the microphone must hear the loudspeaker")
    found = measure(pair(), clock)
    _tell(f"round trip {found.median_ms:.0f} ms, of which the devices report {found.reported_ms:.0f} ms")
    streams = pair()
    name = f"{streams.microphone.name} / {streams.loudspeaker.name}"
    return Devices(streams, name, found.median_ms, found.correction_ms)


def _tell(line: str) -> None:
    from voicecli.view.safe import safe

    typer.echo(safe(line), err=True)


def _show(report: Report, *, as_json: bool) -> None:
    from voicecli.bench.display.table import print_report
    from voicecli.bench.findings import to_json

    if as_json:
        typer.echo(to_json(report))
    else:
        print_report(report, sys.stdout)


def _write_page(report: Report, path: Path) -> None:
    from voicecli.bench.display.page import page

    try:
        path.write_text(page(dataclasses.asdict(report)), encoding="utf-8")
    except OSError as error:
        raise VoicecliError(f"cannot write {path}: {error.strerror}", "name another file") from None
    _tell(f"the page is in {path}")


def _show_changes(old: Report, new: Report, *, to_stderr: bool) -> None:
    from voicecli.bench.compare import caveats, compare
    from voicecli.bench.display.table import print_changes

    print_changes(compare(old, new), caveats(old, new), sys.stderr if to_stderr else sys.stdout)


def _check(report: Report, limits: Sequence[Limit]) -> None:
    from voicecli.bench.budget import broken

    lines = broken(limits, report)
    for line in lines:
        _tell(f"over budget: {line}")
    if lines:
        raise typer.Exit(1)
