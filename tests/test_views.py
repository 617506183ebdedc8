from __future__ import annotations

import io
import os
import pty
import re
import termios
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import TextIO, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fake_terminal import FakeTerminal
from tests.sentences import pattern, wording
from voicecli.errors import VoicecliError
from voicecli.events import (
    Cued,
    Event,
    Failed,
    Heard,
    Interrupted,
    Listening,
    Overheard,
    Partial,
    QualityStepped,
    ReplyClause,
    Speaking,
    SpeechBegan,
    TurnDone,
    Warned,
    as_json,
)
from voicecli.listen.bargein.bargein import BargeIn
from voicecli.status import State, Status
from voicecli.view import ReaderGone
from voicecli.view.live.live import LiveView
from voicecli.view.live.screen import Screen, ShownNotice, region
from voicecli.view.live.shown_turn import ShownTurn
from voicecli.view.modes import make_view
from voicecli.view.plain import PlainView
from voicecli.view.safe import safe
from voicecli.view.stream import StreamView
from voicecli.view.wording import LATE_RECORDING_S, TIMELY_RECORDING_S
from voicecli.waiting.quality import STEPS

WIDTHS = (40, 80, 120, 200)
LATENCY = {
    "device_in": 58.1,
    "pause": 100.0,
    "transcribe": 118.4,
    "first_token": 70.0,
    "first_clause": 41.0,
    "first_audio": 44.9,
    "decision": 342.1,
    "playback": 38.0,
    "total": 812.5,
}
STAGES = wording(
    "talk.stages",
    microphone=58,
    pause=100,
    transcribe=118,
    word=70,
    clause=41,
    voice=45,
    decision=342,
    playback=38,
)
STATUS = Status(
    state="listening",
    level_dbfs=-42.0,
    floor_dbfs=-60.0,
    microphone="Yeti Nano",
    loudspeaker="Built-in Audio",
    model="SmolLM2-135M",
    hint="for better answers " + wording("models.pull", model="llm-qwen3-0-6b"),
    losses={"underruns": 0, "samples lost": 0},
    threshold_dbfs=-54.0,
)
KEYS = {
    "mute_microphone": "m",
    "mute_voice": "v",
    "interrupt": "escape",
    "repeat": "r",
    "type": "t",
}
FIRST, SECOND = "It is ten o'clock in Oslo,", "the same as in Berlin, in Paris, in Rome and in Madrid."
TALK: list[Event] = [
    Listening(1.204),
    Warned(1.3, "the microphone is quiet", "turn it up"),
    SpeechBegan(4.0, 1),
    Partial(4.5, 1, "what time"),
    Heard(5.5, 1, "What time is it in Norway?", "en", 0.9),
    ReplyClause(5.7, 1, 0, FIRST),
    Speaking(5.9, 1, 0, FIRST),
    ReplyClause(6.0, 1, 1, SECOND),
    Speaking(7.5, 1, 1, SECOND),
    TurnDone(9.0, 1, f"{FIRST} {SECOND}", LATENCY),
    Listening(9.0),
    SpeechBegan(10.0, 2),
    Heard(11.0, 2, "And in Lima?", "en", 0.9),
    ReplyClause(11.1, 2, 0, "Four in the morning."),
    Speaking(11.2, 2, 0, "Four in the morning."),
    SpeechBegan(11.9, 3),
    Interrupted(11.9, 2, "Four"),
    TurnDone(11.9, 2, "Four", LATENCY),
    Listening(11.9),
    Heard(13.0, 3, "Thank you.", "en", 0.8),
    Failed(13.1, "the server refused", "start it", 3),
    TurnDone(13.1, 3, ""),
    Listening(13.1),
]
HOSTILE = {
    "[red]x[/red]": "[red]x[/red]",
    "\x1b]0;title\x07x": "x",
    "\x1b]8;;http://a\x1b\\x": "x",
    "\x9d0;title\x9cx": "x",
    "\x1b]0;never ended": "0;never ended",
    "\x1b[2Jx": "x",
    "\x1b[38;5;1mx": "x",
    "\x9b31mx": "x",
    "\x9bx": "",
    "\x1bcx": "x",
    "\x1b\x1b[2J[2Jx": "[2Jx",
    "a\rb\nc\td\x0be": "a b c d e",
    "a\u2028b\u2029c\x85d": "a b c d",
    "a\u202egnp.exe": "agnp.exe",
    "\u2066a\u2069\u200f": "a",
    "\x00\x07\x08\x7fx": "x",
    "\ud800x": "\ufffdx",
    "x\U000e0041": "x",
    ":smile:": ":smile:",
}


def _heard(text: str) -> list[Event]:
    """Every event with text, all of it `text`."""
    return [
        SpeechBegan(1.0, 1),
        Partial(1.0, 1, text),
        Heard(1.0, 1, text, "en", 1.0),
        ReplyClause(1.0, 1, 0, text),
        ReplyClause(1.0, 1, 1, text),
        Speaking(1.0, 1, 0, text),
        Warned(1.0, text, text),
        Failed(1.0, text, text, 1),
        Cued(1.0, 1, 1, text),
        Overheard(1.0, 1, text),
        Interrupted(1.0, 1, text),
        TurnDone(1.0, 1, text, LATENCY),
    ]


def _plain(events: list[Event], *status: Status) -> list[str]:
    out = io.StringIO()
    with PlainView(out) as view:
        for one in status:
            view.tick(one)
        for event in events:
            view.show(event)
    assert out.getvalue().endswith("\n")
    return out.getvalue()[:-1].split("\n")


# ---- text is only text


@pytest.mark.parametrize("text", HOSTILE)
def test_text_is_made_safe(text: str) -> None:
    assert safe(text) == HOSTILE[text]


@given(st.text(st.characters() | st.sampled_from("\x1b\x9b\x9d\x90\x07[];m\\\u202e")))
def test_safe_text_is_one_line_of_printable_characters(text: str) -> None:
    clean = safe(text)
    assert clean.splitlines() in ([clean], [])
    assert not re.search("[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]", clean)
    assert safe(clean) == clean


@pytest.mark.parametrize("text", ["naïve café", "日本語 です", "שלום עולם", "می\u200cخواهم", "👩\u200d🚀"])
def test_words_in_any_language_stay(text: str) -> None:
    assert safe(text) == text


@pytest.mark.parametrize("text", HOSTILE)
def test_plain_writes_only_text(text: str) -> None:
    status = replace(STATUS, state="loading", microphone=text, loudspeaker=text, loading=text)
    lines = _plain([Listening(1.0), *_heard(text)], status)
    assert len(lines) == 14
    assert all(safe(line) == re.sub(" +", " ", line).strip() for line in lines)
    assert any(line.endswith(f"you: {HOSTILE[text]}") for line in lines)


@pytest.mark.parametrize("text", HOSTILE)
def test_live_writes_only_text(text: str) -> None:
    terminal = FakeTerminal(80)  # fails on any sequence that is not for drawing
    status = replace(STATUS, microphone=text, loudspeaker=text, model=text, hint=text, losses={text: 1})
    with LiveView(terminal.console) as view:
        view.tick(replace(status, state="loading", loading=text))
        view.tick(status)
        for event in _heard(text):
            view.show(event)
    if HOSTILE[text]:
        assert f"you       {HOSTILE[text]}\n" in terminal.text
    assert "title" not in terminal.text


# ---- plain


def test_plain_is_one_line_an_event() -> None:
    lines = _plain(TALK, STATUS)
    assert len(lines) == len(TALK)
    assert lines[0] == (
        "  1.204  "
        + wording(
            "talk.listening",
            microphone="Yeti Nano",
            loudspeaker="Built-in Audio",
            model=f"{STATUS.model} ({STATUS.hint})",
        )
    )
    assert lines[1] == "  1.300  warning: the microphone is quiet; turn it up"
    assert lines[4] == "  5.500  you: What time is it in Norway?"
    assert lines[6] == f"  5.900  voicecli: {FIRST}"
    assert lines[9] == f"  9.000  turn 1: 812 ms ({STAGES})"
    assert lines[10] == "  9.000  listening"
    assert lines[16] == " 11.900  interrupted after: Four"
    assert lines[20] == " 13.100  error: the server refused; start it"
    assert lines[21] == " 13.100  turn 3: no reply was played"


def test_plain_says_each_step_that_is_taken_and_taken_back() -> None:
    step = STEPS[0]
    told: list[Event] = [
        QualityStepped(1.0, "warning", 1, step.name, "taken"),
        QualityStepped(9.0, "calm", 1),
        QualityStepped(17.0, "calm", 0, step.name, "taken back"),
    ]
    first, level, last = _plain(told)
    assert step.words in first
    assert "warning" in first
    assert level.split() == ["9.000", "load", "calm"]
    assert step.words in last
    assert "no longer" in last
    assert "no longer" not in first


def test_plain_says_once_what_is_loaded() -> None:
    one, two = (replace(STATUS, state="loading", loading=name) for name in ("whisper-base", ""))
    lines = _plain([], one, one, two, STATUS)
    assert lines == ["         loading whisper-base", "         loading models"]


def test_json_is_the_events() -> None:
    out = io.StringIO()
    with StreamView(out) as view:
        view.tick(STATUS)
        for event in TALK:
            view.show(event)
    assert out.getvalue() == "".join(as_json(event) + "\n" for event in TALK)


# ---- the reader


@contextmanager
def _pipe() -> Iterator[tuple[int, TextIO]]:
    reader, writer = os.pipe()
    # Closing flushes: what is left in the buffer must not raise there.
    with os.fdopen(writer, "w", encoding="utf-8") as out:
        yield reader, out


@pytest.mark.parametrize("view_class", [PlainView, StreamView])
def test_lines_arrive_at_once(view_class: type[PlainView | StreamView]) -> None:
    with _pipe() as (reader, out):
        view_class(out).show(Listening(1.0))
        assert b"listening" in os.read(reader, 1000)
        os.close(reader)


@pytest.mark.parametrize("view_class", [PlainView, StreamView])
def test_a_reader_that_left_ends_talk_once(view_class: type[PlainView | StreamView]) -> None:
    with _pipe() as (reader, out):
        view = view_class(out)
        os.close(reader)
        with pytest.raises(ReaderGone):
            view.show(Listening(1.0))
        view.show(Listening(2.0))
        view.tick(STATUS)


@pytest.mark.parametrize("view_class", [PlainView, StreamView])
def test_a_reader_that_left_is_noticed_in_silence(view_class: type[PlainView | StreamView]) -> None:
    with _pipe() as (reader, out):
        view = view_class(out)
        view.tick(STATUS)
        os.close(reader)
        with pytest.raises(ReaderGone):
            view.tick(STATUS)
        view.tick(STATUS)


def test_a_full_disk_is_one_clear_line() -> None:
    with Path("/dev/full").open("w", encoding="utf-8") as out:
        view = PlainView(out)
        with pytest.raises(VoicecliError, match=pattern("files.full_output")):
            view.show(Listening(1.0))
        view.show(Listening(2.0))


# ---- which view


@contextmanager
def _terminal() -> Iterator[tuple[int, io.TextIOWrapper]]:
    """Yield the far end of a terminal, and the terminal."""
    far, near = pty.openpty()
    with os.fdopen(near, "w", encoding="ascii") as out:
        yield far, out
    os.close(far)


def _sent(far: int, out: TextIO) -> str:
    """Close the terminal and return all that was sent to it."""
    out.close()
    sent = b""
    with suppress(OSError):  # Linux's end of file at a terminal
        while more := os.read(far, 10_000):
            sent += more
    return sent.decode()


def test_live_shows_what_the_talk_does_without_and_nothing_else_while_all_is_calm() -> None:
    def shown(status: Status) -> list[str]:
        terminal = FakeTerminal(80)
        with LiveView(terminal.console) as view:
            view.show(QualityStepped(1.0, "warning", 1, STEPS[0].name, "taken"))
            view.tick(status)
            return [line.plain for line in view._drawn if line.plain.startswith("load ")]

    assert shown(STATUS) == []
    pressed = replace(STATUS, pressure="warning", without=tuple(step.words for step in STEPS[:1]), stepped=1)
    (line,) = shown(pressed)
    assert "warning" in line
    assert STEPS[0].words in line
    assert len(shown(replace(pressed, pressure="calm"))) == 1, "until the last step is taken back"


def test_live_becomes_plain_without_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert isinstance(make_view("live", io.StringIO()), PlainView)


@pytest.mark.parametrize(
    ("term", "view_class"), [("dumb", PlainView), ("unknown", PlainView), ("xterm", LiveView)]
)
def test_live_wants_a_terminal_that_moves_its_cursor(
    monkeypatch: pytest.MonkeyPatch, term: str, view_class: type[PlainView | LiveView]
) -> None:
    monkeypatch.setenv("TERM", term)
    with _terminal() as (_, out):
        assert isinstance(make_view("live", out), view_class)
        assert isinstance(make_view("plain", out), PlainView)
        assert isinstance(make_view("json", out), StreamView)


def test_letters_a_terminal_cannot_show_do_not_end_talk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    with _terminal() as (far, out):
        with make_view("live", out) as view:
            view.tick(STATUS)
            view.show(Heard(1.0, 1, "Žluťoučký kůň", "cs", 1.0))
        assert "k?" in _sent(far, out)


def test_no_color_sends_no_colour(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("NO_COLOR", "1")
    with _terminal() as (far, out):
        with make_view("live", out) as view:
            view.tick(STATUS)
            view.show(Failed(1.0, "found", "remedy"))
        sent = _sent(far, out)
    assert "listening" in sent
    colours = {int(n) for codes in re.findall(r"\x1b\[([\d;]+)m", sent) for n in codes.split(";")}
    assert not [code for code in colours if code >= 30]


def test_the_terminal_is_left_as_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    with _terminal() as (far, out):
        before = termios.tcgetattr(out)
        with pytest.raises(ZeroDivisionError), make_view("live", out):
            assert 1 / (termios.tcgetattr(out)[3] & termios.ECHO)  # no echo: 1 / 0
        assert termios.tcgetattr(out) == before
        sent = _sent(far, out)
    assert sent.rfind("\x1b[?25h") > sent.rfind("\x1b[?25l") >= 0


def test_a_terminal_that_is_gone_ends_talk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    far, near = pty.openpty()
    # Closing flushes what could not be written.
    with suppress(OSError), os.fdopen(near, "w") as out, make_view("live", out) as view:
        os.close(far)
        with pytest.raises(ReaderGone):
            view.tick(STATUS)
        view.tick(replace(STATUS, level_dbfs=-10))
        view.show(TALK[9])


# ---- live


@pytest.mark.parametrize("width", WIDTHS)
def test_first_screen_says_what_to_do(width: int) -> None:
    terminal = FakeTerminal(width)
    with LiveView(terminal.console) as view:
        assert "loading" in terminal.text
        assert "Ctrl-C ends" in terminal.text
        view.tick(replace(STATUS, state="loading", loading="whisper-base"))
        assert "whisper-base" in terminal.text
        assert "dBFS" not in terminal.text
        view.tick(STATUS)
        view.show(Listening(1.0))
        seen = " ".join(terminal.text.split())
        for fact in ("listening", "Speak now", "Ctrl-C ends", "-42 dBFS", "Yeti Nano", "Built-in Audio"):
            assert fact in seen
        assert "SmolLM2-135M" in seen
        assert STATUS.hint in seen
        assert "loading" not in seen


@pytest.mark.parametrize("width", WIDTHS)
def test_the_talk_stays_and_the_region_leaves(width: int) -> None:
    terminal = FakeTerminal(width)
    with LiveView(terminal.console) as view:
        view.tick(STATUS)
        for event in TALK:
            view.show(event)
            view.tick(replace(STATUS, level_dbfs=-30 + event.t))
            assert terminal.text.count("dBFS") == 1
    assert terminal.cursor_shown
    assert terminal.rows[terminal.row] == ""
    # Where they do not fit on one line, the sign between what was found and the remedy is a new line.
    assert " ".join(terminal.text.replace(";", "").split()) == (
        f"you What time is it in Norway? voicecli {FIRST} {SECOND} (812 ms) "
        "warning the microphone is quiet turn it up "
        "you And in Lima? voicecli Four — interrupted (812 ms) "
        "you Thank you. error the server refused start it"
    )


def test_the_command_in_a_hint_is_whole_for_copying() -> None:
    terminal = FakeTerminal(80)
    with LiveView(terminal.console) as view:
        view.tick(replace(STATUS, model="SmolLM2-135M, as small as a model gets"))
        assert '"voicecli models pull llm-qwen3-0-6b"' in terminal.text


@pytest.mark.parametrize("width", WIDTHS)
def test_what_is_said_is_told_from_what_is_to_come(width: int) -> None:
    terminal = FakeTerminal(width)
    with LiveView(terminal.console) as view:
        view.tick(STATUS)
        for event in TALK[:8]:
            view.show(event)
        lines = set()
        for count in range(len(FIRST.split())):
            said, to_come = FIRST.split()[:count], FIRST.split()[count:] + SECOND.split()
            view.tick(replace(STATUS, heard_so_far=" ".join(said)))
            assert " ".join(said) in _styled(view, "bold")
            assert " ".join(to_come) in _styled(view, "dim")
            line = next(line.plain for line in view._drawn if "voicecli" in line.plain)
            before, sign, _ = line.partition("▸")
            assert not sign or before.split()[1:] == said
            lines.add("\n".join(line.plain.rstrip() for line in view._drawn).replace("▸", " "))
        assert len(lines) == 1  # words stay where they are while the sign moves through them
        view.show(Speaking(7.0, 1, 1, SECOND))
        view.tick(replace(STATUS, heard_so_far=f"{FIRST} {SECOND}"))
        assert f"{FIRST} {SECOND}" in " ".join(terminal.text.split())
        assert "▸" not in terminal.text


def _styled(view: LiveView, style: str) -> str:
    """All words that are drawn so."""
    return " ".join(
        " ".join(line.plain[span.start : span.end].replace("▸", " ").split())
        for line in view._drawn
        for span in line.spans
        if style in str(span.style)
    )


def test_words_heard_of_another_reply_mark_nothing() -> None:
    turn = ShownTurn(clauses=["One two three,", "four five."], sounded=1)
    assert turn.marked("One two") == ("One two", "three, four five.")
    assert turn.marked("Something else") == ("One two three,", "four five.")
    assert turn.marked("One two three, four five.") == ("One two three,", "four five.")  # not begun, as told


def test_a_long_reply_keeps_what_is_said_now_in_sight() -> None:
    terminal = FakeTerminal(40, height=16)
    with LiveView(terminal.console) as view:
        view.tick(STATUS)
        for index in range(30):
            view.show(ReplyClause(1.0, 1, index, f"This is clause number {index}."))
        for index in range(30):
            view.show(Speaking(2.0, 1, index, f"This is clause number {index}."))
            so_far = " ".join(f"This is clause number {number}." for number in range(index + 1))
            view.tick(replace(STATUS, heard_so_far=so_far))
            assert f"clause number {index}." in " ".join(terminal.text.replace("▸", " ").split())
            assert len(terminal.rows) < 16


def test_words_that_may_change_are_marked() -> None:
    terminal = FakeTerminal(80)
    with LiveView(terminal.console) as view:
        view.tick(STATUS)
        view.show(Partial(1.0, 1, "what time"))
        assert "you       what time …\n" in terminal.text
        assert "dim" in str(
            view._drawn[[line.plain for line in view._drawn].index("you       what time …")].spans
        )
        view.show(Heard(2.0, 1, "What time is it?", "en", 1.0))
        assert "you       What time is it?\n" in terminal.text


def test_a_cough_leaves_nothing() -> None:
    terminal = FakeTerminal(80)
    with LiveView(terminal.console) as view:
        view.tick(STATUS)
        view.show(SpeechBegan(1.0, 1))
        view.show(Partial(1.1, 1, "uh"))
        view.show(Listening(1.2))
        assert "uh" not in terminal.text
        assert "Speak now" in terminal.text
    assert terminal.text.strip() == ""


def test_latency_of_the_last_turn_by_stage() -> None:
    terminal = FakeTerminal(200)
    with LiveView(terminal.console) as view:
        view.tick(STATUS)
        view.show(TurnDone(1.0, 1, "Yes.", LATENCY))
        view.show(TurnDone(2.0, 2, ""))
        assert f"latency   ▅ 812 ms: {STAGES}" in terminal.text


def test_latencies_of_the_last_turns_are_bars() -> None:
    terminal = FakeTerminal(120)
    with LiveView(terminal.console) as view:
        view.tick(STATUS)
        for number, total in enumerate((150.0, 450.0, 1700.0, 650.0)):
            view.show(TurnDone(1.0, number, "Yes.", {"total": total}))
        view.show(TurnDone(2.0, 5, ""))  # did not sound
        assert "latency   ▁▃█▄ 650 ms" in terminal.text
        for number in range(20):
            view.show(TurnDone(3.0, number, "Yes.", {"total": 1.0}))
        assert f"latency   {'▁' * 12} 1 ms" in terminal.text


def test_level_floor_and_threshold_are_on_one_scale() -> None:
    def bar(level: float, width: int = 100) -> str:
        terminal = FakeTerminal(width)
        with LiveView(terminal.console) as view:
            view.tick(replace(STATUS, level_dbfs=level, floor_dbfs=-60, threshold_dbfs=-50))
            return next(row for row in terminal.rows if row.startswith("listening"))

    assert "-62 dBFS  noise ┊ -60  speech ┃ -50" in bar(-62)
    for level in (-62, -55, -40):
        _, _, signs = bar(level).partition("listening ")
        filled = re.match(r"[█┊┃]*█", signs)
        reached = {sign for sign in "┊┃" if filled and sign in filled[0]}
        assert reached == {sign for sign, at in (("┊", -60), ("┃", -50)) if level > at}
    assert "noise" not in bar(-62, width=60)


@pytest.mark.parametrize("width", WIDTHS)
def test_keys_are_shown_where_there_are_some(width: int) -> None:
    terminal = FakeTerminal(width)
    with LiveView(terminal.console) as view:
        view.tick(STATUS)
        assert "keys" not in terminal.text
        view.tick(replace(STATUS, keys=KEYS))
        seen = " ".join(terminal.text.split())
        assert wording("talk.keys_shown") in seen
        view.tick(replace(STATUS, keys=KEYS, microphone_muted=True, voice_muted=True))
        seen = " ".join(terminal.text.split())
        assert wording("talk.unmute_keys") in seen
        assert "Muted: microphone, voice." in seen
        assert "mic off" in seen
        assert "Speak now" not in seen
        view.tick(replace(STATUS, keys=KEYS, typed="Hello [b]\x1b[2J there "))
        seen = terminal.text
        assert re.search(r"type +Hello \[b\] there ▏", seen)
        assert re.search(r"keys +" + pattern("talk.typing_keys"), seen)


def test_push_to_talk_tells_how() -> None:
    terminal = FakeTerminal(80)
    status = replace(STATUS, push_to_talk=True, keys={"push_to_talk": "space", **KEYS})
    with LiveView(terminal.console) as view:
        view.tick(status)
        assert "mic off" in terminal.text
        assert wording("talk.press_talk", key="space") + " Ctrl-C ends." in terminal.text
        assert "space talk" in terminal.text
        view.tick(replace(status, talk_key_down=True))
        assert wording("talk.press_twice", key="space") + " Ctrl-C ends." in terminal.text
        assert "space done" in terminal.text
        assert "listening" in terminal.text


BARGE_IN = {
    "on": wording("talk.barge_in_on"),
    "strict": wording("talk.barge_in_strict"),
    "off": wording("talk.barge_in_off"),
}


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize(("barge_in", "told"), BARGE_IN.items())
def test_while_it_speaks_it_says_how_to_interrupt(width: int, barge_in: BargeIn, told: str) -> None:
    terminal = FakeTerminal(width)
    with LiveView(terminal.console) as view:
        view.tick(replace(STATUS, barge_in=barge_in))
        rows = len(terminal.rows)
        assert told not in terminal.text
        view.tick(replace(STATUS, barge_in=barge_in, state="speaking"))
        assert f"\n{told}\n" in terminal.text
        assert len(terminal.rows) == rows
        view.tick(replace(STATUS, barge_in=barge_in, state="speaking", microphone_muted=True))
        assert "\nMuted: microphone.\n" in terminal.text


@pytest.mark.parametrize(("barge_in", "told"), BARGE_IN.items())
def test_with_push_to_talk_it_says_so_where_the_key_stops_it(barge_in: BargeIn, told: str) -> None:
    terminal = FakeTerminal(80)
    status = replace(
        STATUS, state="speaking", barge_in=barge_in, push_to_talk=True, keys={"push_to_talk": "space"}
    )
    with LiveView(terminal.console) as view:
        view.tick(status)
        assert (wording("talk.press_over", key="space") in terminal.text) == (barge_in != "off")
        view.tick(replace(status, talk_key_down=True))
        assert told in terminal.text


def test_plain_says_how_to_interrupt_when_that_changes() -> None:
    out = io.StringIO()
    view = PlainView(out)
    for barge_in in ("off", "off", "strict", "on", "on"):
        view.tick(replace(STATUS, barge_in=barge_in))
        view.tick(replace(STATUS, barge_in=barge_in, state="speaking"))
    assert [line.strip() for line in out.getvalue().splitlines()] == [
        BARGE_IN[each] for each in ("off", "strict", "on")
    ]


@pytest.mark.parametrize("width", WIDTHS)
def test_what_waits_is_shown_where_there_is_room_and_takes_no_line(width: int) -> None:
    terminal = FakeTerminal(width)
    with LiveView(terminal.console) as view:
        view.tick(replace(STATUS, state="thinking"))
        rows = len(terminal.rows)
        view.tick(replace(STATUS, state="thinking", waiting={"clauses": 2, "drafts": 0}))
        assert "\nwaiting: 2 clauses\n" in terminal.text
        view.tick(replace(STATUS, state="thinking", waiting={"clauses": 1, "replies": 1}))
        assert "\nwaiting: 1 clause, 1 reply\n" in terminal.text
        view.tick(replace(STATUS, state="speaking", waiting={"clauses": 2}))
        waiting = " waiting: 2 clauses" if width >= 80 else ""
        assert f"\n{BARGE_IN['off']}{waiting}\n" in terminal.text
        assert len(terminal.rows) == rows


def test_losses_show_when_there_are_some() -> None:
    terminal = FakeTerminal(80)
    with LiveView(terminal.console) as view:
        view.tick(STATUS)
        assert "lost" not in terminal.text
        view.tick(replace(STATUS, losses={"underruns": 2, "samples lost": 0}))
        assert "lost      2 underruns\n" in terminal.text
    assert "lost      2 underruns" in terminal.text


def test_a_notice_that_comes_again_is_counted_and_none_is_lost() -> None:
    terminal = FakeTerminal(80)
    with LiveView(terminal.console) as view:
        view.tick(STATUS)
        for number in (1, 2, 2, 3, 4):
            view.show(Warned(1.0, f"found {number}", f"remedy {number}"))
    notices = [row.split(maxsplit=1)[1] for row in terminal.rows if row.startswith("warning")]
    assert notices == [
        "found 1; remedy 1",
        "found 2 (2 times); remedy 2",
        "found 3; remedy 3",
        "found 4; remedy 4",
    ]


def test_what_was_under_way_stays_when_talk_ends() -> None:
    terminal = FakeTerminal(80)
    with LiveView(terminal.console) as view:
        view.tick(STATUS)
        for event in TALK[2:8]:
            view.show(event)
        view.tick(replace(STATUS, heard_so_far="It is ten"))
    assert terminal.text.split("\n")[:2] == [
        "you       What time is it in Norway?",
        "voicecli  It is ten",
    ]


def test_a_narrower_terminal_leaves_no_remains() -> None:
    terminal = FakeTerminal(120)
    with LiveView(terminal.console) as view:
        view.tick(replace(STATUS, level_dbfs=-20))
        for event in TALK[:9]:
            view.show(event)
        terminal.resize(50)
        view.show(TALK[9])
        assert terminal.text.count("dBFS") == 1
        terminal.resize(40)
        view.tick(STATUS)
        assert terminal.text.count("dBFS") == 1
    assert "dBFS" not in terminal.text


def test_nothing_new_writes_nothing() -> None:
    terminal = FakeTerminal(80)
    with LiveView(terminal.console) as view:
        view.tick(STATUS)
        written = terminal.tell()
        view.tick(STATUS)
        assert terminal.tell() == written


@pytest.mark.parametrize("level", [float("-inf"), float("nan"), -200.0, 0.0, 3.0])
def test_any_level_is_a_bar(level: float) -> None:
    terminal = FakeTerminal(90)
    with LiveView(terminal.console) as view:
        view.tick(replace(STATUS, level_dbfs=level, floor_dbfs=level, threshold_dbfs=level))
        (bar,) = re.findall(r"[█░┃┊]{2,}", terminal.text)
        assert len(bar) == 40


def test_the_bar_rises_at_once_and_falls_slowly() -> None:
    terminal = FakeTerminal(80)
    with LiveView(terminal.console) as view:
        shown = []
        for level in (-60, -20, -60):
            view.tick(replace(STATUS, level_dbfs=level))
            shown += re.findall(r"(-\d+) dBFS", terminal.text)
        assert shown == ["-60", "-20", "-24"]


WORDS = st.text(st.characters(codec="utf-8"), max_size=300)


@given(
    width=st.integers(22, 200),
    height=st.integers(4, 50),
    state=st.sampled_from(get_args(State)),
    texts=st.lists(WORDS, min_size=9, max_size=9),
    sounded=st.integers(0, 2),
    typed=st.none() | WORDS,
    switches=st.tuples(*[st.booleans()] * 4),
    keys=st.sampled_from([{}, KEYS, {"push_to_talk": "space", **KEYS}]),
)
def test_the_region_fits(
    width: int,
    height: int,
    state: State,
    texts: list[str],
    sounded: int,
    typed: str | None,
    switches: tuple[bool, bool, bool, bool],
    keys: dict[str, str],
) -> None:
    terminal = FakeTerminal(width, height)
    mic, loudspeaker, model, hint, loss, loading = texts[:6]
    status = Status(
        state,
        -30,
        -60,
        mic,
        loudspeaker,
        model,
        hint,
        {loss: 1},
        loading,
        -54,
        " ".join(texts[7:8]),
        {loss: 2},
        *switches,
        keys,
        typed,
    )
    turn = ShownTurn(safe(texts[6]), final=False, clauses=[safe(text) for text in texts[7:]], sounded=sounded)
    notices = {ShownNotice("error", texts[7], texts[8]): 2}
    screen = Screen(status, [turn, turn], 1, LATENCY, deque([812.5, 0.0, 1e9]), notices)
    lines = region(screen, terminal.console)
    assert len(lines) < height
    assert all(line.cell_len < width and "\n" not in line.plain for line in lines)
    assert any(state in line.plain or "mic off" in line.plain for line in lines)


# ---- while the talk is recorded


def test_lines_say_once_that_it_is_recorded_and_when_that_falls_behind() -> None:
    recorded = replace(STATUS, recorded_in="talks/1")
    late = replace(recorded, record_lag_s=LATE_RECORDING_S + 0.5)
    catching_up = replace(recorded, record_lag_s=(LATE_RECORDING_S + TIMELY_RECORDING_S) / 2)
    shown = _plain([], STATUS, recorded, recorded, late, late, catching_up, recorded, STATUS)
    assert sum("talks/1" in line for line in shown) == 1
    assert sum(f"{LATE_RECORDING_S + 0.5:.1f} s" in line for line in shown) == 1
    assert len(shown) == 4


def test_the_live_view_says_that_it_is_recorded_as_long_as_it_is() -> None:
    terminal = FakeTerminal(80)
    with LiveView(terminal.console) as view:
        view.tick(STATUS)
        assert "record" not in terminal.text
        view.tick(replace(STATUS, recorded_in="talks/1"))
        assert "record    recorded in talks/1\n" in terminal.text
        view.tick(replace(STATUS, recorded_in="talks/1", record_lag_s=4.0))
        assert "talks/1, 4 s behind" in terminal.text
        view.tick(STATUS)
        assert "talks/1" not in terminal.text
