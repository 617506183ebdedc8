"""`voicecli devices`: lists microphones and loudspeakers; the files beside this one try them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated

import typer

from voicecli.cli.options import ConfigFile, InputDevice, OutputDevice, note, settings
from voicecli.errors import ConfigError, DeviceError

if TYPE_CHECKING:
    from voicecli.audio.streams import Notice
    from voicecli.devices.portaudio import Device, Kind

Seconds = Annotated[
    float | None,
    typer.Option("--seconds", min=1, max=86_400, help="With --meter or --watch: end after so many seconds."),
]


def devices(
    as_json: Annotated[
        bool, typer.Option("--json", help="Print JSON: a list, or one object per line.")
    ] = False,
    check: Annotated[bool, typer.Option("--check", help="Open each one at the rates talk uses.")] = False,
    meter: Annotated[bool, typer.Option("--meter", help="Show how loud each microphone is, live.")] = False,
    test: Annotated[bool, typer.Option("--test", help="Record 3 s, say how loud, play them back.")] = False,
    watch: Annotated[bool, typer.Option("--watch", help="Show devices as they come and go.")] = False,
    seconds: Seconds = None,
    input_device: InputDevice = None,
    output_device: OutputDevice = None,
    config_file: ConfigFile = None,
) -> None:
    """List microphones and loudspeakers, or try them.

    With --check, exit 1 when a default one cannot be opened; with --test, when nothing is heard.
    """
    if sum((check, meter, test, watch)) > 1:
        raise ConfigError("--check, --meter, --test and --watch exclude one another", "give one of them")
    if seconds is not None and not (meter or watch):
        raise ConfigError("--seconds is for --meter and --watch", "give one of them")
    if not (meter or test or watch):
        _list(as_json=as_json, check=check)
        return
    from voicecli.cli.devices import metering, trying, watching
    from voicecli.system.clock import MonotonicClock

    clock = MonotonicClock()
    if watch:
        watching.watch(clock, seconds, as_json=as_json)
        return
    config = settings(
        config_file,
        {
            "--input-device": ("audio.input_device", input_device),
            "--output-device": ("audio.output_device", output_device),
        },
    )
    if meter:
        named = input_device is not None
        metering.meter(config.audio, clock, seconds, named_alone=named, as_json=as_json)
    else:
        trying.test(config, clock, as_json=as_json)


def _list(*, as_json: bool, check: bool) -> None:
    from voicecli.cli.devices import trying
    from voicecli.devices.portaudio import NoDeviceError, list_devices, nameless_devices

    found = list_devices()
    checks = (
        {(device.number, kind): trying.check(device, kind) for device in found for kind in device.kinds}
        if check
        else {}
    )
    if as_json:
        typer.echo(json.dumps([_described(device, checks) for device in found], indent=1))
    else:
        _print_table(found, checks)
    if copied := _copied(found):
        note("; ".join((copied.message, copied.remedy)))
    for name in nameless_devices():
        note(f"left out, as its name is not UTF-8: {name!r}; rename it where it is set up")
    broken = [
        f"{device.name} ({kind})"
        for device in found
        for kind in device.kinds
        if device.is_default(kind) and checks.get((device.number, kind), "").startswith("no")
    ]
    if check and not found:
        raise NoDeviceError(
            "this computer shows no audio device", "plug one in, or try it with: voicecli demo"
        )
    if broken:
        raise DeviceError(
            f"a default device cannot be opened: {', '.join(broken)}", "close what uses it, or name another"
        )


def _copied(found: list[Device]) -> Notice | None:
    """The notice for a default microphone that is a copy of the default loudspeaker."""
    from voicecli.devices.monitor import copy_notice, is_copy

    microphone = next((device for device in found if device.default_input), None)
    loudspeaker = next((device for device in found if device.default_output), None)
    if microphone is None or loudspeaker is None or not is_copy(microphone, loudspeaker):
        return None
    return copy_notice(microphone.name)


def _described(device: Device, checks: dict[tuple[int, Kind], str]) -> dict[str, object]:
    import dataclasses

    return {
        **dataclasses.asdict(device),
        **{f"{kind}_check": checks[device.number, kind] for kind in device.kinds if checks},
    }


def _print_table(found: list[Device], checks: dict[tuple[int, Kind], str]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from voicecli.view.safe import safe

    console = Console()
    if not found:
        console.print("no audio device; plug one in, or try: voicecli demo", markup=False)
        return
    table = Table(box=None, pad_edge=False)
    for title in (
        "",
        "kind",
        "name",
        "host API",
        "ch",
        "rate Hz",
        "latency ms",
        *(["opens"] if checks else []),
    ):
        table.add_column(title, overflow="fold")
    for device in found:
        for kind in device.kinds:
            latency_s = device.input_latency_s if kind == "input" else device.output_latency_s
            row = [
                f"{'*' if device.is_default(kind) else ' '}{device.number}",
                "microphone" if kind == "input" else "loudspeaker",
                safe(device.name),
                safe(device.host_api),
                str(device.channels(kind)),
                str(device.default_rate_hz),
                f"{latency_s * 1000:.0f}",
            ]
            if checks:
                row.append(safe(checks[device.number, kind]))
            table.add_row(*(Text(cell) for cell in row))
    console.print(table)
    console.print(
        "* the default; name one with --input-device or --output-device", markup=False, highlight=False
    )
