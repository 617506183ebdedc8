"""Commands of the user's: what they print is taken as it comes, and whatever they do wrong is one line."""

from __future__ import annotations

import os
import select
import struct
import sys
from pathlib import Path

import numpy as np
import pytest

from tests.fake_commands import MOUTH, SENTENCES, program
from tests.sentences import pattern, wording
from voicecli.command import Command
from voicecli.errors import ConfigError, EngineError
from voicecli.listen.recognise.recogniser_command import MOST_TEXT, CommandRecogniser, wav_of
from voicecli.messages import RATE_HZ
from voicecli.speak.streamed_voice import MOST_S
from voicecli.speak.voice import sound_of
from voicecli.speak.voice_command import Spoken

EAR, MOUTH_SETTING = "transcribe.command", "synthesize.command"
SOUND = np.full(RATE_HZ // 2, 0.1, np.float32)


def ear(folder: Path, source: str, wait_s: float = 20.0) -> CommandRecogniser:
    return CommandRecogniser(Command(EAR, program(folder, source), wait_s))


def mouth(folder: Path, source: str, wait_s: float = 20.0, volume: float = 1.0) -> Spoken:
    return Spoken(Command(MOUTH_SETTING, program(folder, source), wait_s), "en", volume)


def ends(pid: int) -> bool:
    """Whether a process has ended, or does so soon."""
    if sys.platform != "linux":
        return False
    try:
        handle = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    ready, _, _ = select.select([handle], [], [], 10.0)
    os.close(handle)
    return bool(ready)


# --- what is run


@pytest.mark.parametrize("line", ["", "   ", "\t"])
def test_no_command_is_told_with_an_example(line: str) -> None:
    with pytest.raises(ConfigError, match=pattern("command.none", setting=EAR)):
        Command(EAR, line)


def test_a_quotation_without_an_end_is_told() -> None:
    with pytest.raises(ConfigError, match=pattern("command.quotation", setting=EAR)):
        Command(EAR, "whisper 'my model")


def test_no_shell_sees_it(tmp_path: Path) -> None:
    there = tmp_path / "there"
    line = (
        program(tmp_path, "import sys; print(*sys.argv[1:], sep='|')") + f" $(touch {there}) '; x' > {there}"
    )
    heard = CommandRecogniser(Command(EAR, line)).transcribe(SOUND)
    assert heard.text == f"$(touch|{there})|; x|>|{there}"
    assert not there.exists()


def test_a_program_that_is_not_there_is_told_by_its_name_alone() -> None:
    command = Command(EAR, "no-such-program --key SECRET")
    assert command.found() is None
    for use in (command.demand, lambda: CommandRecogniser(command).transcribe(SOUND)):
        with pytest.raises(EngineError, match=pattern("command.missing", name="no-such-program")) as caught:
            use()
        assert "SECRET" not in str(caught.value)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such permission")
def test_a_file_that_is_no_program_is_told(tmp_path: Path) -> None:
    file = tmp_path / "words.txt"
    file.write_text("words")
    file.chmod(0o755)
    with pytest.raises(EngineError, match=pattern("command.not_run", name=file)):
        CommandRecogniser(Command(EAR, str(file))).transcribe(SOUND)


# --- a recogniser


def test_it_is_given_a_wav_that_every_program_reads(tmp_path: Path) -> None:
    copy = tmp_path / "copy.wav"
    source = f"import sys; open({str(copy)!r}, 'wb').write(sys.stdin.buffer.read()); print('yes')"
    assert ear(tmp_path, source).transcribe(SOUND).text == "yes"
    wav = copy.read_bytes()
    assert wav[:4] + wav[8:16] + wav[36:40] == b"RIFFWAVEfmt data"
    assert struct.unpack_from("<HHIIHH", wav, 20) == (1, 1, RATE_HZ, 2 * RATE_HZ, 2, 16)
    assert struct.unpack_from("<I", wav, 40) == (len(wav) - 44,) == (2 * SOUND.size,)
    assert wav == wav_of(SOUND)


def test_the_language_is_the_one_of_the_settings(tmp_path: Path) -> None:
    command = Command(EAR, program(tmp_path, "print('guten Tag')"))
    assert CommandRecogniser(command, "de").transcribe(SOUND, language="fr").language == "de"
    assert CommandRecogniser(command, "auto").transcribe(SOUND).language == "en"


@pytest.mark.parametrize(
    "note", ["[BLANK_AUDIO]", "(music)", " [ Silence ]\\n(coughs)", "*sighs*", "", "\\n"]
)
def test_what_recognisers_write_of_silence_is_no_word(tmp_path: Path, note: str) -> None:
    heard = ear(tmp_path, f"print('{note}')").transcribe(SOUND)
    assert (heard.text, heard.confidence, heard.spoken) == ("", 0.0, 0.0)


def test_words_are_one_line_without_signs_that_steer_a_terminal(tmp_path: Path) -> None:
    assert (
        ear(tmp_path, r"print('\ufeff one\n two\x1b[31m\tthree ')").transcribe(SOUND).text
        == "one two [31m three"
    )


def test_one_that_does_not_read_what_it_is_given_is_heard_all_the_same(tmp_path: Path) -> None:
    long = np.resize(SOUND, 28 * RATE_HZ)  # more than a pipe holds
    assert ear(tmp_path, "print('yes')").transcribe(long).text == "yes"


FAULTS: dict[str, tuple[str, dict[str, object]]] = {
    "command.exit": ("import sys; print('half of it'); sys.exit(3)", {"code": 3}),
    "command.signal": ("import os; os.kill(os.getpid(), 9)", {"number": 9}),
    "command.not_utf8": ("import sys; sys.stdout.buffer.write(b'caf\\xe9')", {}),
    "command.endless": ("while True: print('again and again')", {"most": f"{MOST_TEXT:,}"}),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_what_goes_wrong_is_one_line(tmp_path: Path, fault: str) -> None:
    source, values = FAULTS[fault]
    with pytest.raises(EngineError, match=pattern(fault, setting=EAR, **values)) as caught:
        ear(tmp_path, source).transcribe(SOUND)
    assert caught.value.remedy
    assert str(caught.value).isprintable()


def test_what_it_complains_of_is_not_repeated(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(EngineError) as caught:
        ear(tmp_path, "import sys; sys.exit('my name is Bond')").transcribe(SOUND)
    assert "Bond" not in str(caught.value)
    assert capfd.readouterr() == ("", "")


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have no handles of processes")
def test_one_that_hangs_is_ended_with_what_it_started(tmp_path: Path) -> None:
    pids = tmp_path / "pids"
    source = f"""
import os, subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
with open({str(pids)!r}, "w") as file:
    print(os.getpid(), child.pid, file=file)
time.sleep(60)
"""
    with pytest.raises(EngineError, match=pattern("command.late", setting=EAR, seconds=2)):
        ear(tmp_path, source, wait_s=2.0).transcribe(SOUND)
    for pid in map(int, pids.read_text().split()):
        assert ends(pid)


def test_ctrl_c_is_for_the_talk_alone(tmp_path: Path) -> None:
    source = "import os; print(os.getpgrp() == os.getpid())"
    assert ear(tmp_path, source).transcribe(SOUND).text == "True"


# --- a voice


def wav(samples: list[int], rate: int, channels: int = 1, bits: int = 16, size: int | None = None) -> str:
    """Python that prints a WAV; `size` is what its header says of the length."""
    return f"""
import struct, sys
sys.stdin.read()
samples = struct.pack("<{len(samples)}h", *{samples})
head = struct.pack("<4sI8sIHHIIHH4sI", b"RIFF", 36 + len(samples), b"WAVEfmt ", 16, 1, {channels}, {rate},
    {rate * channels * bits // 8}, {channels * bits // 8}, {bits}, b"data", {size} or len(samples))
sys.stdout.buffer.write(head + samples)
"""


LOUD = [9_000, -9_000] * 4_000


def test_the_rate_is_found_and_the_silence_in_front_is_cut(tmp_path: Path) -> None:
    spoken = mouth(tmp_path, MOUTH)
    spoken.warm()
    voice = spoken.session()
    assert voice.rate_hz == 8_000
    assert sound_of(voice, SENTENCES[0]).size == pytest.approx(8_000 * (len(SENTENCES[0]) + 1) / 15, abs=200)


@pytest.mark.parametrize("size", [None, 0x7FFFF000, 0xFFFFFFFF])
@pytest.mark.parametrize("channels", [1, 2])
def test_stereo_and_unknown_lengths_are_taken(tmp_path: Path, channels: int, size: int | None) -> None:
    frames = [value for value in LOUD for _ in range(channels)]
    sound = sound_of(mouth(tmp_path, wav(frames, 24_000, channels, size=size)).session(), "yes")
    assert sound.size == len(LOUD)
    assert np.abs(sound.astype(int)).max() == pytest.approx(9_000, abs=20)


def test_what_stands_behind_the_samples_is_no_sound(tmp_path: Path) -> None:
    sound = sound_of(mouth(tmp_path, wav(LOUD, 24_000, size=2 * 6_000)).session(), "yes")
    assert sound.size == 6_000


def test_it_is_as_loud_as_set(tmp_path: Path) -> None:
    sound = sound_of(mouth(tmp_path, wav(LOUD, 24_000), volume=0.5).session(), "yes")
    assert np.abs(sound.astype(int)).max() == pytest.approx(4_500, abs=20)


def test_a_command_that_streams_is_heard_before_it_ends(tmp_path: Path) -> None:
    ready = tmp_path / "ready"
    source = f"""
import os, struct, sys, time
def tone(n): sys.stdout.buffer.write(struct.pack("<2h", 9_000, -9_000) * n); sys.stdout.buffer.flush()
sys.stdin.read()
form = struct.pack("<IHHIIHH", 16, 1, 1, 16_000, 32_000, 2, 16)
sys.stdout.buffer.write(b"RIFF" + bytes(4) + b"WAVEfmt " + form + b"data" + bytes(4))
tone(8_000)
while not os.path.exists({str(ready)!r}): time.sleep(0.01)
tone(8_000)
"""
    spoken = mouth(tmp_path, source)
    spoken.rate_hz = 16_000
    pieces = spoken.session().say("a clause of some length")
    first = next(pieces)
    assert 0 < first.samples.size <= 16_000
    assert first.to_come > 0
    ready.touch()
    assert first.samples.size + sum(piece.samples.size for piece in pieces) == 32_000


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have no handles of processes")
def test_a_clause_that_is_left_ends_its_command(tmp_path: Path) -> None:
    pid = tmp_path / "pid"
    source = f"import os; open({str(pid)!r}, 'w').write(str(os.getpid()))\n" + wav(LOUD, 16_000)
    spoken = mouth(tmp_path, f"{source}\nsys.stdout.flush()\nwhile True: pass")
    spoken.rate_hz = 16_000
    clause = spoken.session().say("yes")
    next(clause)
    del clause
    assert ends(int(pid.read_text()))


VOICE_FAULTS: dict[str, tuple[str, dict[str, object]]] = {
    "command.no_wav": ("print('RIFFRAFF, and more')", {}),
    "command.nothing": ("pass", {}),
    "command.other_bits": (wav(LOUD, 16_000, bits=24), {"bits": 24}),
    "command.channels": (wav(LOUD, 16_000, channels=6), {"channels": 6}),
    "command.no_rate": (wav(LOUD, 5), {"rate": 5}),
    "command.silent": (wav([], 16_000, size=0xFFFFFFFF), {}),
    "command.exit": (wav(LOUD, 16_000) + "\nsys.exit(1)", {"code": 1}),
    "command.long": (
        wav(LOUD, 8_000, size=0xFFFFFFFF) + "\nwhile True: sys.stdout.buffer.write(samples)",
        {"most": f"{MOST_S:g}"},
    ),
}


@pytest.mark.parametrize("fault", VOICE_FAULTS)
def test_what_is_no_voice_is_one_line(tmp_path: Path, fault: str) -> None:
    source, values = VOICE_FAULTS[fault]
    with pytest.raises(EngineError, match=pattern(fault, setting=MOUTH_SETTING, **values)) as caught:
        mouth(tmp_path, source).warm()
    assert caught.value.remedy
    assert str(caught.value).isprintable()


def test_a_rate_that_changes_is_told(tmp_path: Path) -> None:
    spoken = mouth(tmp_path, wav(LOUD, 16_000))
    spoken.rate_hz = 22_050
    with pytest.raises(EngineError) as caught:
        sound_of(spoken.session(), "yes")
    assert caught.value.found == wording("command.rate", setting=MOUTH_SETTING, before=22_050, rate=16_000)
