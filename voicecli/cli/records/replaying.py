"""`voicecli replay`: a recorded talk is heard and read again, or its user talks to today's program."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Self

import typer

from voicecli.cli.options import ConfigFile, ModelsDir, OutputDevice, settings
from voicecli.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import TracebackType

    from voicecli.config import Config
    from voicecli.engines import Session
    from voicecli.events import Event
    from voicecli.messages import Int16
    from voicecli.records.reading.recorded import Line, Recorded
    from voicecli.status import Status
    from voicecli.system.clock import Clock
    from voicecli.view import View

PLAY_HZ = 48_000

AHEAD_S = 1.0
"""s of sound that wait for the loudspeaker."""

TICK_S = 0.05


def replay(
    folder: Annotated[Path, typer.Argument(help="A folder that --record made.")],
    through: Annotated[
        bool,
        typer.Option("--through", help="Let the recorded user talk to the program as it is now; compare."),
    ] = False,
    silent: Annotated[bool, typer.Option("--silent", help="Only print it, at once.")] = False,
    output_device: OutputDevice = None,
    config_file: ConfigFile = None,
    models_dir: ModelsDir = None,
) -> None:
    """Play a recorded talk and print its words; or hold it again, and say what is different.

    With --through the exit code is 1 where words, turns or interruptions differ.
    """
    from voicecli.records.reading.recorded import Recorded

    if through and silent:
        raise ConfigError("--through and --silent exclude one another", "give one of them")
    recorded = Recorded(folder)
    config = settings(config_file, {"--output-device": ("audio.output_device", output_device)})
    if through:
        _through(recorded, config, models_dir)
    elif silent:
        for line in recorded.lines():
            _print(line)
    else:
        from voicecli.system.clock import MonotonicClock

        aloud_again(recorded, config, MonotonicClock())


def _print(line: Line) -> None:
    from voicecli.view.safe import safe

    match line.name:
        case "transcript":
            words = f"you: {line.text('text')}"
        case "speaking":
            words = f"voicecli: {line.text('text')}"
        case "interrupted":
            words = f"interrupted after: {line.text('heard')}"
        case "overheard":
            words = f"you, meanwhile: {line.text('text') or 'a sound without words'}"
        case "warning" | "error":
            words = f"{line.name}: {line.text('message')}"
        case _:
            return
    typer.echo(f"{line.t:7.3f}  {safe(words)}")


def aloud_again(recorded: Recorded, config: Config, clock: Clock) -> None:
    """Play both sides, as one, and print each line when its moment comes. Raises DeviceError."""
    from voicecli.audio.ring import Ring
    from voicecli.devices.choose import device_of
    from voicecli.devices.portaudio import DeviceStream
    from voicecli.devices.single.single import run_until

    audio = config.audio
    stream = DeviceStream("output", device_of("output", audio), PLAY_HZ, audio.block_ms, audio.latency_ms)
    rate_hz = stream.form.rate_hz
    ring, played = Ring(round(AHEAD_S * rate_hz)), 0

    def play(block: Int16, at: float, dry: bool) -> None:
        del at, dry
        nonlocal played
        _, samples = ring.read(len(block))
        block[: len(samples)] = samples
        block[len(samples) :] = 0
        played += len(samples)

    blocks, lines = _both(recorded, rate_hz), recorded.lines()
    begins_t = recorded.pieces()[0].t
    block, line = next(blocks, None), next(lines, None)

    def over() -> bool:
        nonlocal block, line
        while block is not None and ring.waiting + len(block) <= ring.capacity:
            ring.write(block)
            block = next(blocks, None)
        done = block is None and not ring.waiting
        while line is not None and (done or line.t <= begins_t + played / rate_hz):
            _print(line)
            line = next(lines, None)
        return done

    over()  # before the device starts: the first sound loads libav
    run_until(over, stream, play, clock, TICK_S)


def _both(recorded: Recorded, rate_hz: int) -> Iterator[Int16]:
    """Both sides in one, in blocks of 20 ms."""
    import numpy as np

    from voicecli.audio.frames import Reframer
    from voicecli.audio.level import to_int16
    from voicecli.records.reading.recorded import AGENT, USER

    def framed(channel: int) -> Iterator[np.ndarray]:
        reframer = Reframer(np.float32)
        for samples in recorded.side(rate_hz, channel):
            reframer.push(samples)
            yield from (frame for _, frame in reframer.frames(rate_hz // 50))

    for user, agent in zip(framed(USER), framed(AGENT), strict=False):
        yield to_int16(user + agent)


def _through(recorded: Recorded, config: Config, models_dir: Path | None) -> None:
    from voicecli.audio.level import to_int16
    from voicecli.cli.talk.commands import talk_simulated
    from voicecli.cli.talk.session import Outputs
    from voicecli.messages import RATE_HZ
    from voicecli.records.reading.compared import compare
    from voicecli.records.reading.recorded import USER
    from voicecli.view.plain import PlainView

    before = list(recorded.events())
    first = next(
        recorded.side(RATE_HZ, USER)
    )  # a file that cannot be read is refused before models are loaded
    del first

    def user(session: Session) -> Iterator[Iterator[Int16]]:
        yield map(to_int16, recorded.side(session.voice.it.rate_hz, USER))

    view = Kept(PlainView(sys.stdout))
    talk_simulated(config, models_dir, Outputs(view), user, None, stereo=False)
    difference = compare(before, view.events)
    for line in difference.lines():
        typer.echo(line)
    if difference.any:
        raise typer.Exit(1)


class Kept:
    """A view, and the events that it was shown."""

    def __init__(self, view: View) -> None:
        self.events: list[Event] = []
        self._view = view

    def __enter__(self) -> Self:
        self._view.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Leave the terminal as it was."""
        self._view.__exit__(kind, error, trace)

    def show(self, event: Event) -> None:
        """Show an event, and keep it."""
        self.events.append(event)
        self._view.show(event)

    def tick(self, status: Status) -> None:
        """Show the status."""
        self._view.tick(status)
