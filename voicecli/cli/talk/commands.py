"""`voicecli talk` and `voicecli demo`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from voicecli.cli.options import (
    Channel,
    ConfigFile,
    InputDevice,
    Language,
    Light,
    MaxMinutes,
    ModelsDir,
    OutputDevice,
    Record,
    Track,
    Voice,
    lightened,
    settings,
    store_at,
)
from voicecli.cli.talk import elsewhere
from voicecli.cli.talk import watchers as other
from voicecli.cli.talk.outputs import AsJson, JsonFile, Plain, Verbose, outputs_for
from voicecli.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from voicecli.audio.streams import AudioStreams
    from voicecli.cli.talk.session import Outputs
    from voicecli.config import Config
    from voicecli.engines import Session
    from voicecli.messages import Int16

DEMO_QUESTIONS = (
    "Hello! What can you do?",
    "How many legs does a spider have?",
    "Thank you. Can you tell me something about the moon?",
)


def talk(
    plain: Plain = False,
    as_json: AsJson = False,
    json_file: JsonFile = None,
    verbose: Verbose = False,
    record: Record = None,
    max_minutes: MaxMinutes = None,
    input_device: InputDevice = None,
    output_device: OutputDevice = None,
    headphones: Annotated[
        bool | None,
        typer.Option(
            "--headphones/--speakers", help="Whether you wear headphones: then there is no echo to cancel."
        ),
    ] = None,
    push_to_talk: Annotated[
        bool | None,
        typer.Option(
            "--push-to-talk/--open-microphone",
            help="Open the microphone only with a key: space, or as set in [keys].",
        ),
    ] = None,
    channel: Channel = None,
    from_file: Annotated[
        Path | None,
        typer.Option(
            help="Listen to this recording, in real time, not to a microphone; - for standard input."
        ),
    ] = None,
    track: Track = None,
    to_file: Annotated[
        Path | None, typer.Option(help="With --from-file: write what the agent says to this WAV.")
    ] = None,
    engine: Annotated[
        str | None, typer.Option(help="Language model engine: embedded, openai or echo.")
    ] = None,
    model: Annotated[
        str | None,
        typer.Option(help="Language model: a name of `voicecli models list`, a .gguf, or a server's name."),
    ] = None,
    light: Light = False,
    base_url: Annotated[
        str | None, typer.Option(help="Where an OpenAI-compatible server is, with its /v1.")
    ] = None,
    voice: Voice = None,
    language: Language = None,
    style: Annotated[
        str | None,
        typer.Option(help="How long it waits when you pause: quick, normal or patient."),
    ] = None,
    server: elsewhere.Server = None,
    token_file: elsewhere.TokenFile = None,
    metrics_port: other.MetricsPort = None,
    metrics_host: other.MetricsHost = "127.0.0.1",
    debug: other.DebugPath = None,
    debug_words: other.DebugWords = False,
    log: other.WithLog = False,
    log_file: other.LogPath = None,
    config_file: ConfigFile = None,
    models_dir: ModelsDir = None,
) -> None:
    """Talk: you speak, it answers. Ctrl-C ends."""
    if light and (engine or model or base_url):
        raise ConfigError(
            "--light excludes --engine, --model and --base-url", "leave out --light, or the others"
        )
    config = settings(
        config_file,
        {
            "--input-device": ("audio.input_device", input_device),
            "--output-device": ("audio.output_device", output_device),
            "--channel": ("audio.channel", channel),
            "--headphones": ("audio.headphones", headphones),
            "--push-to-talk": ("audio.push_to_talk", push_to_talk),
            "--engine": ("generate.engine", engine),
            "--model": ("generate.model", model),
            "--base-url": ("generate.base_url", base_url),
            "--voice": ("synthesize.voice", voice),
            "--language": ("transcribe.language", language),
            "--style": ("turn.style", style),
        },
    )
    config = lightened(config, light=light)
    engines: dict[str, object] = {"--engine": engine, "--model": model, "--light": light}
    engines |= {"--base-url": base_url, "--voice": voice, "--language": language, "--models-dir": models_dir}
    at = elsewhere.server_of(server, token_file, engines)
    watching = other.Watching(metrics_port, metrics_host, debug, debug_words, log, log_file)
    outputs = outputs_for(plain, as_json, json_file, record, max_minutes, watching, verbose=verbose)
    if from_file is None and config.audio.push_to_talk:
        from voicecli.cli.talk.session import reads_keys

        _need_talk_key(config, reads_keys=reads_keys(outputs.view))
    typed = (input_device is not None, output_device is not None)
    if from_file is not None and at is not None:
        chosen = (channel or 0, track or 0)
        elsewhere.talk_with_file(at, config, outputs, from_file, chosen, to_file)
    elif from_file is not None:
        _talk_with_file(from_file, (channel or 0, track or 0), to_file, config, models_dir, outputs)
    elif track is not None:
        raise ConfigError("--track needs --from-file", "name the recording that has several")
    elif to_file is not None:
        raise ConfigError("--to-file needs --from-file", "name the recording to listen to")
    elif at is not None:
        elsewhere.talk_with_devices(at, config, outputs, typed=typed)
    else:
        _talk_with_devices(config, models_dir, outputs, typed=typed)


def demo(
    plain: Plain = False,
    as_json: AsJson = False,
    json_file: JsonFile = None,
    verbose: Verbose = False,
    record: Record = None,
    max_minutes: MaxMinutes = None,
    output: Annotated[
        Path, typer.Option("-o", "--output", help="WAV of the conversation: you left, the agent right.")
    ] = Path("voicecli-demo.wav"),
    light: Light = False,
    config_file: ConfigFile = None,
    models_dir: ModelsDir = None,
) -> None:
    """Show a conversation without any device: a scripted user asks, the real pipeline answers."""
    config = lightened(settings(config_file, {}), light=light)

    from voicecli.speak.voice import sound_of
    from voicecli.view.safe import safe

    def questions(session: Session) -> Iterator[Iterator[Int16]]:
        for question in DEMO_QUESTIONS:
            yield iter([sound_of(session.voice.it, question)])

    outputs = outputs_for(plain, as_json, json_file, record, max_minutes, verbose=verbose)
    talk_simulated(config, models_dir, outputs, questions, output, stereo=True)
    typer.echo(safe(f"the conversation is in {output}"), err=True)


def _talk_with_devices(
    config: Config, models_dir: Path | None, outputs: Outputs, *, typed: tuple[bool, bool]
) -> None:
    from voicecli.cli.talk.session import hold_talk
    from voicecli.devices.choose import choose
    from voicecli.devices.recovery.recover import RecoveringStreams
    from voicecli.system.clock import MonotonicClock

    audio = config.audio
    microphone, loudspeaker = (
        choose("input", audio, typed=typed[0]),
        choose("output", audio, typed=typed[1]),
    )

    def open_streams(session: Session) -> AudioStreams:
        rate_hz = session.voice.it.rate_hz
        return RecoveringStreams(microphone, loudspeaker, rate_hz, audio, MonotonicClock())

    hold_talk(config, store_at(models_dir), open_streams, outputs, lambda _: False)


def _need_talk_key(config: Config, *, reads_keys: bool) -> None:
    from voicecli.config.keymap import NO_KEY

    if not reads_keys:
        raise ConfigError(
            "push to talk needs a key, and keys are read only in the live view",
            "talk in a terminal without --plain and --json, or with --open-microphone",
        )
    if config.keys.push_to_talk == NO_KEY:
        raise ConfigError(
            "push to talk needs a key, and keys.push_to_talk is none", "give it one in the settings"
        )


def _talk_with_file(
    source: Path,
    channels: tuple[int, int],
    tape: Path | None,
    config: Config,
    models_dir: Path | None,
    outputs: Outputs,
) -> None:
    """`channels`: the channel and the track to use; 0: the program chooses."""
    from voicecli.audio.level import to_int16
    from voicecli.audio.recordings.pipes import at_hand, name_of
    from voicecli.audio.recordings.recording import Recording
    from voicecli.messages import RATE_HZ
    from voicecli.view.safe import safe

    def of(rate_hz: int) -> Recording:
        return Recording(path, rate_hz, channel=channels[0], track=channels[1], called=name_of(source))

    read: list[Recording] = []

    def recording(session: Session) -> Iterator[Iterator[Int16]]:
        read.append(of(session.voice.it.rate_hz))
        yield map(to_int16, read[0])

    with at_hand(source) as path:
        next(iter(of(RATE_HZ)))  # a file that cannot be read is refused before anything is loaded
        talk_simulated(config, models_dir, outputs, recording, tape, stereo=False)
    if read and read[0].damage:
        typer.echo(f"voicecli: {safe(f'{name_of(source)} {read[0].damage}')}", err=True)


def talk_simulated(
    config: Config,
    models_dir: Path | None,
    outputs: Outputs,
    lines: Callable[[Session], Iterator[Iterator[Int16]]],
    tape: Path | None,
    *,
    stereo: bool,
) -> None:
    """Talk on simulated devices, at the voice's rate; record both sides if `stereo`, else the agent alone."""
    from voicecli.cli.talk.scripted import Script, simulated
    from voicecli.cli.talk.session import hold_talk
    from voicecli.system.clock import MonotonicClock

    # A recording presses no key.
    audio = config.audio.model_copy(update={"push_to_talk": False})
    config = config.model_copy(update={"audio": audio})
    clock = MonotonicClock()
    script: list[Script] = []
    with simulated(tape, audio.block_ms, clock, stereo=stereo) as devices:

        def open_streams(session: Session) -> AudioStreams:
            script.append(Script(lines(session), clock))
            return devices(script[0], session.voice.it.rate_hz)

        hold_talk(
            config,
            store_at(models_dir),
            open_streams,
            outputs,
            lambda talk: script[0].finished(talk),  # noqa: PLW0108  # made later
        )
