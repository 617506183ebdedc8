"""`voicecli talk` and `voicecli demo`."""

from __future__ import annotations

import contextlib
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from voicecli.cli.options import (
    BaseUrl,
    ConfigFile,
    Engine,
    Headphones,
    InputDevice,
    Language,
    LanguageModel,
    ModelsDir,
    OutputDevice,
    Voice,
    settings,
    store_at,
    view_mode,
)
from voicecli.errors import ConfigError

if TYPE_CHECKING:
    from voicecli.audio.streams import AudioStreams
    from voicecli.config import Config
    from voicecli.engines import Engines
    from voicecli.pipeline import Pipeline


def talk(
    plain: Annotated[bool, typer.Option("--plain", help="One line an event instead of the live view.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object an event (docs/events.md).")] = False,
    input_device: InputDevice = None,
    output_device: OutputDevice = None,
    headphones: Headphones = None,
    from_file: Annotated[
        Path | None, typer.Option(help="Hear this recording, in real time, instead of a microphone.")
    ] = None,
    to_file: Annotated[
        Path | None, typer.Option(help="With --from-file: write what the agent says to this WAV.")
    ] = None,
    engine: Engine = None,
    model: LanguageModel = None,
    base_url: BaseUrl = None,
    voice: Voice = None,
    language: Language = None,
    config_file: ConfigFile = None,
    models_dir: ModelsDir = None,
) -> None:
    """Talk: you speak, it answers. Ctrl-C ends."""
    config = settings(
        config_file,
        audio={"input_device": input_device, "output_device": output_device, "headphones": headphones},
        generate={"engine": engine, "model": model, "base_url": base_url},
        synthesize={"voice": voice},
        transcribe={"language": language},
    )
    if to_file is not None and from_file is None:
        raise ConfigError("--to-file needs --from-file", "name the recording to listen to")
    from voicecli.cli.session import hold_talk
    from voicecli.view import make_view

    view = make_view(view_mode(plain=plain, as_json=as_json), sys.stdout)
    store = store_at(models_dir)
    if from_file is not None:
        _talk_with_file(from_file, to_file, config, models_dir, view)
        return
    from voicecli.audio.devices import DeviceStreams, find_device

    microphone = find_device("input", config.audio.input_device)
    loudspeaker = find_device("output", config.audio.output_device)

    def open_streams(engines: Engines) -> AudioStreams:
        rate_hz = engines.synthesizer.rate_hz
        return DeviceStreams(microphone, loudspeaker, rate_hz, config.audio.block_ms, config.audio.latency_ms)

    hold_talk(config, store, open_streams, view, lambda _: False)
