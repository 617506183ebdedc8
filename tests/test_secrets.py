"""Keys and passwords appear in no output: not where a server repeats them, not in settings that are shown."""

from __future__ import annotations

import html
import json
from base64 import b64encode
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner

from rig.made_speech import speak
from rig.program import environment, started
from tests.raw_server import DONE, HEAD, STOP, chunk, serving, status, stream, words
from tests.test_servers import always, talking
from voicecli.audio.recordings.files import WavWriter
from voicecli.cli import app
from voicecli.errors import ConfigError, VoicecliError
from voicecli.messages import RATE_HZ
from voicecli.network.secrets import INSTEAD, SHORTEST, Secrets, in_address
from voicecli.reply.generate import never

if TYPE_CHECKING:
    from tests.raw_server import Rule

KEY = "sk-live-5up3r/s3cret+k3y=And-a-long-one-0123456789"
PASSWORD = "hunter2hunter2"

Echo = Callable[[str], list[bytes]]


def escaped(text: str) -> bytes:
    """As JSON may write it."""
    return "".join(f"\\u{ord(char):04x}" for char in text).encode()


ECHOES: dict[str, Echo] = {
    "401": lambda key: status("401 Unauthorized", {"error": {"message": f"Incorrect API key: {key}"}}),
    "400": lambda key: status("400 Bad Request", {"detail": f"header Authorization: Bearer {key} is odd"}),
    "404": lambda key: status("404 Not Found", {"error": f"no model for {key}"}),
    "429": lambda key: status("429 Too Many Requests", {"message": f"{key} has no quota"}),
    "500 page": lambda key: status(
        "500 Oops", f"<title>{html.escape(key)} failed</title>".encode(), "text/html"
    ),
    "escaped": lambda key: status("500 Oops", b'{"error":"' + escaped(key) + b' failed"}'),
    "cut off": lambda key: status("500 Oops", {"error": "x" * 180 + key}),
    "loading": lambda key: status(
        "503 Busy", {"error": f"{key}: the queue is full"}, headers="Retry-After: 0.01\r\n"
    ),
    "not a stream": lambda key: status("200 OK", f"<h1>Welcome, {key}</h1>".encode(), "text/html"),
    "error event": lambda key: stream(b'data: {"error":{"message":"' + key.encode() + b'"}}\n\n'),
    "in the middle": lambda key: stream(*words("Well. "), b'data: {"error":"' + key.encode() + b'"}\n\n'),
    "refusal": lambda key: stream(chunk({"refusal": f"I know {key}"}), STOP, DONE),
    "redirect": lambda key: status("302 Found", headers=f"Location: http://10.0.0.1/?token={key}\r\n"),
    "redirect path": lambda key: status("302 Found", headers=f"Location: http://me:{key}@10.0.0.1/{key}\r\n"),
    "words": lambda key: stream(chunk({"content": f"Your key is {key}, is it not?"}), STOP, DONE),
    "header": lambda key: [HEAD.replace(b"text/event-stream", f"text/{key}".encode()) + b"hello"],
    "packed": lambda key: [HEAD.replace(b"Connection", f"Content-Encoding: {key}\r\nConnection".encode())],
}


@pytest.mark.parametrize("name", ECHOES)
def test_a_key_that_a_server_repeats_is_not_shown(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    with talking(always(ECHOES[name](KEY))) as talk:
        heard = talk.ask("Hello?")
        assert f"Bearer {KEY}".encode() in talk.server.heads[0]
        shown = "\n".join((heard, talk.error, *talk.told, talk.engine.name))
    assert heard or talk.error
    for begin in range(len(KEY) - SHORTEST):
        assert KEY[begin : begin + SHORTEST] not in shown
    assert KEY.casefold()[:SHORTEST] not in shown.casefold()


def test_a_password_in_an_address_is_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    header = b64encode(f"ann:{PASSWORD}".encode()).decode()
    with serving(always(status("403 No", {"error": f"Basic {header} of {PASSWORD}"}))) as server:
        url = server.url.replace("//", f"//ann:{PASSWORD}@")
        for answer in (
            status("500 No", {"error": f"Basic {header} of {PASSWORD}"}),
            [b"HTTP/1.1 200 OK\r\n\r\n"],
        ):
            with talking(always(answer), url) as talk:
                talk.ask("Hello?")
                assert talk.error
                assert PASSWORD not in talk.error + talk.engine.name
                assert header not in talk.error


def test_names_of_models_are_shown_without_the_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "is-a-key-too-")
    with talking(always([]), model="is-a-key-too-1") as talk:
        assert "is-a-key" not in talk.engine.name
        assert talk.engine.models(never) == ["m"]


@pytest.mark.parametrize(
    "url",
    [
        "http://ann:{}@host:port/v1",
        "http://ann:{}/x@host/v1",
        "http://ann:{}@[::1/v1",
        "ftp://ann:{}@host/v1",
        "http://ann:{}@ho st/v1",
        "http://ann:{}@/v1",
        "http://{}@host/" + "x" * 100,
    ],
)
def test_an_address_that_is_refused_is_told_without_its_password(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("voicecli.toml").write_text(f'[generate]\nengine = "openai"\nbase_url = "{url.format(PASSWORD)}"\n')
    for command in (["config", "show"], ["config", "check"], ["doctor", "--connect"]):
        ran = CliRunner().invoke(app, command)
        told = ran.output + str(ran.exception)
        assert PASSWORD not in told
        assert not ran.exception or isinstance(ran.exception, SystemExit | ConfigError)


def test_settings_are_shown_without_a_password(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    monkeypatch.setenv("VOICECLI_GENERATE__BASE_URL", f"https://ann:{PASSWORD}@example.org/v1")
    shown = CliRunner().invoke(app, ["config", "show"])
    assert shown.exit_code == 0
    assert f'base_url = "https://{INSTEAD}@example.org/v1"' in shown.output
    assert PASSWORD not in shown.output
    assert KEY not in shown.output


@pytest.mark.parametrize("key", ["gsk_abcdefghijklmnop0123456789", "hf_abcdefghijk", "sk-abc", "xai-ABC"])
def test_a_key_in_the_place_of_its_variable_is_refused_and_not_shown(
    key: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("voicecli.toml").write_text(f'[generate]\napi_key_env = "{key}"\n')
    for command in ("show", "check"):
        ran = CliRunner().invoke(app, ["config", command])
        assert isinstance(ran.exception, ConfigError)
        assert key not in ran.output + str(ran.exception)


def test_any_error_hides_what_is_before_the_at_of_an_address() -> None:
    error = VoicecliError(
        f"https://ann:{PASSWORD}@a.org/x and http://tok@b failed", f"see ftp://{PASSWORD}@c"
    )
    assert PASSWORD not in str(error)
    assert "tok@" not in str(error)
    assert "b failed" in str(error)


def test_secrets_are_found_whole_and_cut_and_short_ones_are_words() -> None:
    secrets = Secrets(KEY, "ollama", "")
    assert secrets.hidden(f"a{KEY}b") == f"a{INSTEAD}b"
    assert secrets.hidden(f"a {KEY[:20]}... {KEY} {KEY[:SHORTEST]}") == f"a {INSTEAD}... {INSTEAD} {INSTEAD}"
    assert secrets.hidden("ollama has no model") == "ollama has no model"
    assert in_address("http://[") == in_address("http://host/v1") == ()


@pytest.mark.models
def test_a_whole_talk_shows_no_key_in_any_output(tmp_path: Path) -> None:
    question = tmp_path / "q.wav"
    with WavWriter(question, RATE_HZ, channels=1) as wav:
        wav.write((speak("What is the capital of France?") * 32767).astype("int16"))
    answers = [*ECHOES.values()]
    rule: Rule = lambda _request, number: answers[number % len(answers)](KEY)  # noqa: E731
    told = tmp_path / "events.jsonl"
    with serving(rule) as server:
        url = server.url.replace("//", f"//ann:{PASSWORD}@")
        flags = ["--engine", "openai", "--base-url", url, "--model", "m", "--from-file", str(question)]
        outputs = ["--to-file", str(tmp_path / "out.wav"), "--json-file", str(told), "--json"]
        variables = environment(network=True) | {"OPENAI_API_KEY": KEY}
        with started("talk", *flags, *outputs, env=variables, network=True) as process:
            out, err = process.communicate(timeout=120)
        assert server.asked
    events = [json.loads(line) for line in out.splitlines()]
    assert {"warning", "error"} & {event["event"] for event in events}
    for text in (out, err, told.read_text("utf-8")):
        assert KEY not in text
        assert PASSWORD not in text
