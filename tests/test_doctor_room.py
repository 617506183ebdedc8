"""The doctor, and `devices --meter`, `--test` and `--watch`, on real audio devices of a private server."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from rig.program import complaint, started, voicecli
from rig.room import RATE_HZ, Room, can_run
from tests.sentences import wording
from voicecli.audio.level import level_dbfs

if TYPE_CHECKING:
    from voicecli.messages import Float32

pytestmark = [
    pytest.mark.room,
    pytest.mark.skipif(not can_run(), reason="needs pulseaudio and its tools: make test installs them"),
]

RMS_DBFS = -23.0
TRIES = 3
"""While the computer is busy virtual devices stall, some for good."""


def tone(seconds: float, hz: float = 1000.0) -> Float32:
    """A sine of `RMS_DBFS`."""
    amplitude = np.sqrt(2) * 10 ** (RMS_DBFS / 20)
    sound: Float32 = np.sin(2 * np.pi * hz * np.arange(round(seconds * RATE_HZ)) / RATE_HZ, dtype=np.float32)
    return sound * np.float32(amplitude)


@contextmanager
def said_again_and_again(room: Room, sound: Float32) -> Iterator[None]:
    """The microphone hears it without an end."""
    over = threading.Event()

    def say() -> None:
        while not over.is_set():
            room.say(sound)

    speaker = threading.Thread(target=say)
    speaker.start()
    try:
        yield
    finally:
        over.set()
        speaker.join()


@pytest.mark.matrix
def test_the_meter_shows_a_tone_at_its_level() -> None:
    with Room() as room, said_again_and_again(room, tone(4)):
        done = voicecli("devices", "--meter", "--json", "--seconds", "4", env=room.env)
    assert (done.returncode, done.stderr) == (0, "")
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert {line["name"] for line in lines} == {"pulse", "default"}
    for name in ("pulse", "default"):
        loudest = max(line["rms_dbfs"] for line in lines if line["name"] == name and line["rms_dbfs"])
        assert loudest == pytest.approx(RMS_DBFS, abs=1.0)


@pytest.mark.matrix
def test_what_was_said_comes_back_from_the_loudspeaker() -> None:
    with Room() as room:
        silent = voicecli("devices", "--test", env=room.env)
        before = room.position()
        with said_again_and_again(room, tone(4)):
            done = voicecli("devices", "--test", "--json", env=room.env)
        played = room.tape(before)
    assert "only digital silence" in silent.stderr.splitlines()[-1]
    assert silent.returncode == 1
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert (told["silent"], told["clipped"]) == (False, False)
    assert told["rms_dbfs"] == pytest.approx(RMS_DBFS, abs=1.5)
    heard = np.nonzero(np.abs(played) > 0.01)[0]
    assert heard[-1] - heard[0] == pytest.approx(3 * RATE_HZ, rel=0.2)
    middle = played[heard[0] + RATE_HZ : heard[0] + 2 * RATE_HZ]
    assert level_dbfs(middle) == pytest.approx(RMS_DBFS, abs=1.5)


def test_test_names_a_device_that_is_not_there() -> None:
    with Room() as room:
        complaint(voicecli("devices", "--test", "--input-device", "yeti", env=room.env), 1)


def test_a_device_that_comes_and_goes_is_told() -> None:
    """ALSA shows what its settings name: here a sink of the server, as long as it is loaded."""
    with Room() as room, started("devices", "--watch", "--json", env=room.env) as process:
        assert process.stdout is not None

        def until(what: str, name: str) -> dict[str, object]:
            assert process.stdout is not None
            for line in process.stdout:
                change: dict[str, object] = json.loads(line)
                if (change["what"], change["name"]) == (what, name):
                    return change
            raise AssertionError(f"{name} never {what}")

        until("here", "pulse")
        module = room.pactl("load-module", "module-null-sink", "sink_name=headset").strip()
        settings = Path(room.env["HOME"], ".asoundrc")
        settings.write_text('pcm.headset { type pulse device "headset" }\n')
        assert until("came", "headset")["host_api"] == "ALSA"
        room.pactl("unload-module", module)
        settings.write_text("# it was unplugged, and the settings are longer or shorter than before\n")
        until("went", "headset")
        room.kill()
        until("went", "pulse")


def doctor(room: Room, *flags: str) -> tuple[int, dict[str, dict[str, str]]]:
    done = voicecli("doctor", "--json", *flags, env=room.env)
    assert "Traceback" not in done.stderr
    return done.returncode, {check["name"]: check for check in json.loads(done.stdout)}


@pytest.mark.models
def test_a_good_room_passes() -> None:
    with Room() as room, said_again_and_again(room, tone(4)):
        code, checks = doctor(room)
    kinds = {name: check["status"] for name, check in checks.items()}
    assert code == 0, checks
    assert kinds.pop("echo path") == "skip"
    assert kinds.pop("language model") in ("pass", "warn")
    # On a computer that is busy with tests these may be slow, which is no more than a warning.
    assert {kinds.pop("latency"), kinds.pop("speed")} <= {"pass", "warn"}
    assert set(kinds.values()) == {"pass"}, checks


@pytest.mark.matrix
@pytest.mark.models
def test_the_echo_of_a_room_is_measured() -> None:
    for _ in range(TRIES):
        with Room() as room:
            room.echo(-15.0, 60)
            code, checks = doctor(room, "--listen")
        if checks["echo path"]["status"] == "pass":
            break
    assert code == 0
    assert checks["echo path"]["found"] in {wording("doctor.echo", db=db) for db in (-14, -15, -16)}
    assert "measured" in checks["latency"]["found"]


@pytest.mark.models
def test_one_fault_fails_and_the_rest_is_still_looked_at(tmp_path: Path) -> None:
    with Room() as room:
        code, checks = doctor(room, "--models-dir", str(tmp_path), "--input-device", "yeti")
    assert code == 1
    failed = {name for name, check in checks.items() if check["status"] == "fail"}
    assert failed == {
        *("microphone", "voice activity", "end of turn", "speech to text"),
        *("text to speech", "language model"),
    }
    assert all(checks[name]["remedy"] for name in failed)
    assert checks["loudspeaker"]["status"] == "pass"
    assert "voicecli devices" in checks["microphone"]["remedy"]
