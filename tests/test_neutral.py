"""Whatever text comes from outside, a terminal only prints it: no command, file or device name steers it."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from rich.console import Console
from typer.testing import CliRunner

from tests.fuzz_texts import is_neutral
from tests.model_fakes import model_file, small_manifest
from tests.raw_server import status
from tests.test_servers import always, talking
from voicecli.cli import app
from voicecli.cli.progress import Bars, Lines
from voicecli.errors import VoicecliError
from voicecli.events import (
    Failed,
    Heard,
    Listening,
    Overheard,
    Partial,
    ReplyClause,
    Speaking,
    Warned,
    as_json,
)
from voicecli.models.manifest import HubPlace, Model
from voicecli.models.store import ModelStore
from voicecli.status import Status
from voicecli.system.clock import FakeClock
from voicecli.view.live.live import LiveView
from voicecli.view.plain import PlainView

EVIL = {
    "colour": "a\x1b[31mred\x1b[0mb",
    "clear": "a\x1b[2J\x1b[Hb",
    "title": "a\x1b]0;owned\x07b",
    "link": "a\x1b]8;;http://evil\x1b\\b",
    "clipboard": "a\x1b]52;c;cm0=\x07b",
    "bell": "a\x07\x07b",
    "C1": "a\x9b2Jb\x9dx\x9cb",
    "device control": "a\x1bP+q544e\x1b\\b",
    "back": "a\b\b\rb",
    "bidi": "a\u202egpj.exe\u2066\u2069b",
    "hidden": "a\u200b\u2060\ufeff\U000e0041b",
    "break": "a\u2028b\u2029c\x85d\x0be\x0cf",
    "markup": "a[red]x[/red][link=http://evil]y[/link]b",
    "half": "a\x1b[",
    "surrogate": "a\udc9b2Jb",
}


def lines_of(text: str) -> list[str]:
    return [line for line in text.split("\n") if line]


def run(*words: str) -> str:
    """All that a command writes, and the line that it ends with."""
    ran = CliRunner().invoke(app, [*words])
    assert ran.exception is None or isinstance(ran.exception, SystemExit | VoicecliError)
    return ran.output


@pytest.mark.parametrize("name", EVIL)
def test_the_views_show_events_and_devices(name: str) -> None:
    text = EVIL[name]
    events = (
        Listening(0.0, text),
        Partial(0.0, 1, text),
        Heard(0.0, 1, text, "en", 1.0),
        ReplyClause(0.0, 1, 1, text),
        Speaking(0.0, 1, 1, text),
        Overheard(0.0, 1, text),
        Warned(0.0, text, text),
        Failed(0.0, text, text),
    )
    plain, screen = io.StringIO(), io.StringIO()
    console = Console(file=screen, force_terminal=True, color_system=None, width=120, height=40)
    state = Status(
        "loading", -50.0, -60.0, text, text, text, text, {text: 2}, loading=text, heard_so_far=text
    )
    with PlainView(plain) as first, LiveView(console) as second:
        for view in (first, second):
            view.tick(state)
            for event in events:
                view.show(event)
                view.tick(state)
    assert all(map(is_neutral, lines_of(plain.getvalue())))
    shown = screen.getvalue()
    for evil in ("\x1b]", "\x1bP", "\x07", "\x9b", "\x9d", "\u202e", "\u200b", "\x1b[2J\x1b[H", "\x1b[31m"):
        assert evil not in shown
    for event in events:
        assert as_json(event).isascii()
        assert is_neutral(as_json(event))


@pytest.mark.parametrize("name", EVIL)
def test_lists_of_models(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The hub tells the licence and the name of a model, a user the folder."""
    root = tmp_path / EVIL[name].encode("utf-8", "surrogateescape").decode(
        "utf-8", "surrogateescape"
    ).replace("/", "")
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.chdir(tmp_path)
    model = Model(
        name="owner/repo/a.gguf",
        kind="llm",
        about="".join(char for char in EVIL[name] if not "\ud800" <= char <= "\udfff"),
        licence="".join(char for char in EVIL[name] if not "\ud800" <= char <= "\udfff"),
        hf=HubPlace(repo="owner/repo", revision="main"),
        files=(model_file("a.gguf", b"data"),),
    )
    store = ModelStore(root, small_manifest())
    store.path(model.name).mkdir(parents=True)
    (store.path(model.name) / "a.gguf").write_bytes(b"data")
    store.record(model)
    for command in (["list"], ["verify"], ["list", "--json"], ["remove", model.name], ["verify"]):
        told = run("models", *command, "--models-dir", str(root))
        assert told
        assert all(map(is_neutral, lines_of(told)))
        if "markup" in name and command == ["list"]:
            assert "[red]x[/red]" in told


@pytest.mark.parametrize("name", EVIL)
def test_what_a_pull_tells(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    Lines(FakeClock()).say(EVIL[name])
    with Bars() as bars:
        bars.say(EVIL[name])
    told = capsys.readouterr().err
    assert all(is_neutral(line) for line in lines_of(told) if "left" not in line)


@pytest.mark.parametrize("name", EVIL)
def test_what_servers_say(name: str) -> None:
    text = EVIL[name]
    with talking(always(status("500 Oops", {"error": {"message": text}}))) as talk:
        talk.ask("Hello?")
        assert talk.error
        assert is_neutral(talk.error)
    page = f"<title>{text}</title>".encode(errors="surrogatepass")
    with talking(always(status("500 Oops", page, "text/html"))) as talk:
        talk.ask("Hello?")
        assert is_neutral(talk.error)


@pytest.mark.parametrize("name", EVIL)
@pytest.mark.parametrize(
    "key", ["generate.model", "audio.input_device", "turn.style", "conversation.system_prompt"]
)
def test_settings(name: str, key: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    section, _, setting = key.partition(".")
    monkeypatch.setenv(f"VOICECLI_{section}__{setting}".upper(), EVIL[name])
    for command in ("show", "check"):
        ran = CliRunner().invoke(app, ["config", command])
        assert all(map(is_neutral, lines_of(ran.output)))


@pytest.mark.parametrize("name", EVIL)
def test_names_of_files_and_folders(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / EVIL[name].replace("/", "")
    folder.mkdir()
    monkeypatch.chdir(folder)
    (folder / "voicecli.toml").write_text("[turn]\nstyle = 'quick'\n")
    for command in (
        ["config", "path"],
        ["config", "show"],
        ["config", "check"],
        ["config", "check", "absent.toml"],
    ):
        assert all(map(is_neutral, lines_of(run(*command))))


@pytest.mark.parametrize("name", EVIL)
def test_words_of_the_command_line(name: str) -> None:
    text = EVIL[name]
    for words in ([text], ["talk", f"--{text}"], ["talk", "--style", text], ["models", "remove", text]):
        assert all(map(is_neutral, lines_of(run(*words))))
