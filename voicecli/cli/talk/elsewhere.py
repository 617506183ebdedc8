"""`voicecli talk --server`: the microphone, the loudspeaker and the views here, the engines there."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from voicecli.cli.options import note
from voicecli.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from voicecli.audio.streams import AudioStreams
    from voicecli.cli.talk.session import Outputs, Start
    from voicecli.config import Config
    from voicecli.satellite import RemoteTalk
    from voicecli.satellite.server_url import ServerAt

Server = Annotated[
    str | None,
    typer.Option(help="Use the engines of a `voicecli serve` elsewhere, as in ws://pi.local:8765."),
]
TokenFile = Annotated[
    Path | None,
    typer.Option(help="With --server: the file with its token (else VOICECLI_SERVER_TOKEN)."),
]

EAGERNESS = {"quick": "high", "patient": "low"}
"""`turn.style` -> OpenAI's eagerness; what is not in it is the server's own choice."""


def server_of(given: str | None, token_file: Path | None, flags: Mapping[str, object]) -> ServerAt | None:
    """The server that the flags name, if any. Raises ConfigError.

    `flags`: those that choose engines here, with what was given; with a server, none may be.
    """
    from voicecli.satellite.server_url import server_at, token_for

    if given is None:
        if token_file is not None:
            raise ConfigError("--token-file needs --server", "name the server")
        return None
    for name, value in flags.items():
        if value:
            raise ConfigError(
                f"--server excludes {name}: the engines are there",
                "leave it out, or give it to voicecli serve",
            )
    at = server_at(given, token_for(token_file))
    note(f"what the microphone hears goes to {at.shown}" + _warning(at))
    return at


def _warning(at: ServerAt) -> str:
    if at.in_clear:
        return ", and whoever is on the way can hear it: wss:// would encrypt it"
    return ", on this computer" if at.is_local else ", encrypted"


def talk_with_devices(at: ServerAt, config: Config, outputs: Outputs, *, typed: tuple[bool, bool]) -> None:
    """Talk until Ctrl-C. `typed`: whether a flag named each device. Raises DeviceError, ServerError."""
    from voicecli.cli.talk.session import hold
    from voicecli.devices.choose import choose
    from voicecli.devices.recovery.recover import RecoveringStreams
    from voicecli.satellite.protocol.sound_blocks import WIRE_HZ
    from voicecli.system.clock import MonotonicClock

    audio = config.audio
    microphone = choose("input", audio, typed=typed[0])
    loudspeaker = choose("output", audio, typed=typed[1])
    streams = RecoveringStreams(microphone, loudspeaker, WIRE_HZ, audio, MonotonicClock())
    hold(config, _maker(at, lambda: streams), outputs, lambda _: False)


def talk_with_file(
    at: ServerAt, config: Config, outputs: Outputs, source: Path, channels: tuple[int, int], tape: Path | None
) -> None:
    """Say a recording to the server, in real time, until it is answered; `tape`: what the agent says, a WAV.

    `channels`: the channel and the track to use; 0: the program chooses.
    """
    from voicecli.audio.level import to_int16
    from voicecli.audio.recordings.pipes import at_hand, name_of
    from voicecli.audio.recordings.recording import Recording
    from voicecli.cli.talk.scripted import Script, simulated
    from voicecli.cli.talk.session import hold
    from voicecli.satellite.protocol.sound_blocks import WIRE_HZ
    from voicecli.system.clock import MonotonicClock

    # Nothing that the agent says comes back into a recording, and a recording presses no key.
    audio = config.audio.model_copy(update={"push_to_talk": False, "headphones": True})
    config, clock = config.model_copy(update={"audio": audio}), MonotonicClock()
    with ExitStack() as stack:
        path = stack.enter_context(at_hand(source))
        channel, track = channels
        recording = Recording(path, WIRE_HZ, channel=channel, track=track, called=name_of(source))
        next(iter(recording))  # a file that cannot be read is refused before anybody is asked
        script = Script(iter([map(to_int16, recording)]), clock)
        devices = stack.enter_context(simulated(tape, audio.block_ms, clock, stereo=False))
        hold(config, _maker(at, lambda: devices(script, WIRE_HZ)), outputs, script.finished)


def _maker(at: ServerAt, open_streams: Callable[[], AudioStreams]) -> Callable[[Start], RemoteTalk]:
    def make(start: Start) -> RemoteTalk:
        import random

        from voicecli.satellite import RemoteTalk
        from voicecli.satellite.protocol.requests import Wishes

        config = start.config
        wishes = Wishes(config.audio.push_to_talk, EAGERNESS.get(config.turn.style, ""))
        streams = start.over(open_streams())
        return RemoteTalk(at, wishes, streams, config, start.clock, start.began, random.random)

    return make
