"""`devices --meter`: how loud each microphone is, as bars or as lines."""

from __future__ import annotations

import json
import sys
import threading
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from voicecli.audio.level import SILENCE_DBFS
from voicecli.audio.streams import Pulse
from voicecli.devices.closing import close_in_time
from voicecli.devices.single.meter import LevelMeter
from voicecli.errors import DeviceError
from voicecli.messages import RATE_HZ
from voicecli.view import ReaderGone
from voicecli.view.output import LineOutput
from voicecli.view.safe import safe

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from voicecli.config import AudioConfig
    from voicecli.devices.portaudio import Device, DeviceStream
    from voicecli.devices.single.meter import Level
    from voicecli.system.clock import Clock
    from voicecli.view.live.microphones import MeterRow

FRAME_S = 0.1
"""s between two drawings of the live meter."""
HELD_S = 1.0
"""s that a peak stays marked."""
LINE_S = 1.0
"""s between two lines of a microphone, where there is no terminal."""


class Microphone:
    """One open microphone, and how loud it is and was."""

    def __init__(self, device: Device, stream: DeviceStream, now: float) -> None:
        self.device = device
        self.level: Level | None = None
        """The level between the last two readings."""
        self.loudest_dbfs = SILENCE_DBFS
        """Highest peak since it was opened."""
        self.clipped_at = self.held_at = float("-inf")
        self.held_dbfs = SILENCE_DBFS
        self.gone = False
        self.stream = stream
        self._meter = LevelMeter(stream.form)
        self._pulse = Pulse(now)
        stream.start(self._meter.on_block)

    def resume(self, now: float) -> None:
        """Forget the time in which this process was stopped."""
        self._pulse = Pulse(now)

    def look(self, now: float) -> Level | None:
        """Read what came since the last time; where nothing came, the level stays as it was."""
        self.gone = self.gone or self.stream.ended or self._pulse.stopped(self._meter.received, now)
        taken = self._meter.take()
        if taken is not None:
            self.level = taken
            self.loudest_dbfs = max(self.loudest_dbfs, taken.peak_dbfs)
            if taken.peak_dbfs >= self.held_dbfs or now - self.held_at > HELD_S:
                self.held_dbfs, self.held_at = taken.peak_dbfs, now
            if taken.clipped:
                self.clipped_at = now
        return taken


def meter(
    audio: AudioConfig,
    clock: Clock,
    seconds: float | None,
    *,
    named_alone: bool = False,
    as_json: bool,
) -> None:
    """Show the level of every microphone that opens, until `seconds` have passed or Ctrl-C.

    Measures the microphones of `audio.host_api`, or with `named_alone` the one of `audio.input_device`.
    Raises NoDeviceError where there is none, DeviceError where none opens or the last one stops.
    """
    from voicecli.view.live.live import terminal_console

    with _opened(audio, clock, named_alone=named_alone) as (microphones, refused):
        console = terminal_console(sys.stdout) if sys.stdout.isatty() and not as_json else None
        with suppress(KeyboardInterrupt, ReaderGone):
            if console is not None and console.is_interactive:
                from rich.live import Live
                from rich.text import Text

                from voicecli.system.posix import QuietTerminal
                from voicecli.view.live.microphones import meter_lines

                rest = [*map(Text, refused), Text(), Text("RMS, and the highest peak of the last second.")]
                rest.append(Text("Ctrl-C ends.", "dim"))

                def draw(now: float) -> None:
                    if terminal.stop_asked:
                        live.stop()  # give the shell its screen and its cursor
                        terminal.suspend()
                        for one in microphones:
                            one.resume(clock.now())
                    terminal.take()
                    if not terminal.in_front:
                        return
                    live.start()
                    lines = meter_lines([_row(one, now) for one in microphones], console)
                    live.update(Text("\n").join([*lines, *rest]), refresh=True)

                terminal = QuietTerminal(sys.stdout)
                with terminal, Live(console=console, auto_refresh=False, screen=True) as live:
                    _look(microphones, clock, FRAME_S, seconds, draw)
            else:
                _lines(microphones, refused, clock, seconds, as_json=as_json)
        if console is not None:
            for one in microphones:
                console.print(_summary(one), soft_wrap=True)


@contextmanager
def _opened(
    audio: AudioConfig, clock: Clock, *, named_alone: bool
) -> Iterator[tuple[list[Microphone], list[str]]]:
    """Open every microphone; a line for each that does not open."""
    from voicecli.devices.choose import device_of, devices_of
    from voicecli.devices.portaudio import DeviceStream

    found = [device_of("input", audio)] if named_alone else devices_of("input", audio.host_api)
    microphones: list[Microphone] = []
    refused: list[str] = []
    try:
        for device in found:
            try:
                stream = DeviceStream("input", device, RATE_HZ, audio.block_ms, audio.latency_ms)
                microphones.append(Microphone(device, stream, clock.now()))
            except DeviceError as error:
                refused.append(f"{device.number} {error.found}")
        if not microphones:
            raise DeviceError(
                "; ".join(refused), "close the programs that use them, or check them: voicecli doctor"
            )
        yield microphones, [safe(line) for line in refused]
    finally:
        close_in_time([one.stream for one in microphones])


def _look(
    microphones: Sequence[Microphone],
    clock: Clock,
    every_s: float,
    seconds: float | None,
    show: Callable[[float], None],
) -> None:
    """Read all of them, again and again."""
    never, end = threading.Event(), None if seconds is None else clock.now() + seconds
    while end is None or clock.now() < end:
        clock.wait(never, every_s)
        now = clock.now()
        for one in microphones:
            one.look(now)
        show(now)
        if all(one.gone for one in microphones):
            raise DeviceError(
                "the last microphone stopped", "plug it in again, then start this command again"
            )


def _lines(
    microphones: Sequence[Microphone],
    refused: Sequence[str],
    clock: Clock,
    seconds: float | None,
    *,
    as_json: bool,
) -> None:
    output, began = LineOutput(sys.stdout), clock.now()
    for line in refused:
        sys.stderr.write(f"voicecli: {line}\n")

    def write(now: float) -> None:
        for one in microphones:
            if as_json:
                output.write(json.dumps(_entry(one, now - began)))
            else:
                output.write(f"{now - began:6.1f} s  {_label(one)}  {_words(one)}")

    _look(microphones, clock, LINE_S, seconds, write)


def _label(one: Microphone) -> str:
    return safe(f"{one.device.number} {one.device.name}")


def _words(one: Microphone) -> str:
    if one.gone:
        return "stopped"
    if one.level is None:
        return "nothing yet"
    clips = ", clips" if one.level.clipped else ""
    return f"{one.level.rms_dbfs:z.1f} dBFS, peak {one.level.peak_dbfs:z.1f}{clips}"


def _entry(one: Microphone, t: float) -> dict[str, object]:
    level = None if one.gone else one.level
    return {
        "t": round(t, 1),
        "number": one.device.number,
        "name": one.device.name,
        "rms_dbfs": None if level is None else round(level.rms_dbfs, 1),
        "peak_dbfs": None if level is None else round(level.peak_dbfs, 1),
        "clipped": None if level is None else level.clipped,
    }


def _row(one: Microphone, now: float) -> MeterRow:
    from voicecli.view.live.microphones import MeterRow

    clipped = now - one.clipped_at <= HELD_S
    return MeterRow(_label(one), one.level, one.held_dbfs, clipped, "stopped" if one.gone else "")


def _summary(one: Microphone) -> str:
    if one.level is None:
        return f"{_label(one)}: nothing came"
    clipped = ", clipped" if one.clipped_at > float("-inf") else ""
    return f"{_label(one)}: highest peak {one.loudest_dbfs:z.0f} dBFS{clipped}"
