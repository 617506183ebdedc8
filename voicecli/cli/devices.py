"""`voicecli devices`: microphones and loudspeakers, and whether they open."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated

import typer

from voicecli.errors import DeviceError

if TYPE_CHECKING:
    from voicecli.audio.devices import Device, Kind
    from voicecli.messages import Int16

VOICE_HZ = 22_050
"""What the default voice speaks at."""

RATES_HZ: dict[Kind, int] = {"input": 16_000, "output": VOICE_HZ}


def devices(
    as_json: Annotated[bool, typer.Option("--json", help="One JSON list instead of a table.")] = False,
    check: Annotated[bool, typer.Option("--check", help="Open each one at the rates talk uses.")] = False,
) -> None:
    """List microphones and loudspeakers; with --check, exit 1 when a default one cannot be opened."""
    from voicecli.audio.devices import NoDeviceError, list_devices

    found = list_devices()
    checks = (
        {(device.number, kind): _check(device, kind) for device in found for kind in _kinds(device)}
        if check
        else {}
    )
    if as_json:
        typer.echo(json.dumps([_described(device, checks) for device in found], indent=1))
    else:
        _print_table(found, checks)
    broken = [
        f"{device.name} ({kind})"
        for device in found
        for kind in _kinds(device)
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


def _kinds(device: Device) -> list[Kind]:
    kinds: list[Kind] = ["input", "output"]
    return [kind for kind in kinds if device.channels(kind)]


def _check(device: Device, kind: Kind) -> str:
    """What the device agreed to, or `no: ` and why not."""
    from voicecli.audio.devices import DeviceStream
    from voicecli.config import AudioConfig

    usual = AudioConfig()
    try:
        stream = DeviceStream(kind, device, RATES_HZ[kind], usual.block_ms, usual.latency_ms)
        stream.start(_ignore)
        stream.close()
    except DeviceError as error:
        return f"no: {error.found}"
    return f"{stream.form.rate_hz} Hz, {stream.form.channels} ch"


def _ignore(block: Int16, at: float, lost: bool) -> None:
    """A loudspeaker's block is silent as it comes; what a microphone gave, nobody reads."""


def _described(device: Device, checks: dict[tuple[int, Kind], str]) -> dict[str, object]:
    import dataclasses

    return {
        **dataclasses.asdict(device),
        **{f"{kind}_check": checks[device.number, kind] for kind in _kinds(device) if checks},
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
        for kind in _kinds(device):
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
