"""Keys without a terminal: bytes in, commands out, on a clock that the test moves."""

from __future__ import annotations

import itertools
import random
from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voicecli.config.keymap import NAMED, KeysConfig
from voicecli.system.clock import FakeClock
from voicecli.view.keys.held import FIRST_REPEAT_S, ONE_PRESS_S, RELEASE_S, REPEAT_S, TalkKey
from voicecli.view.keys.keyboard import LONGEST_LINE, PASTE_S, KeyDecoder, KeyReader, Pasted

# ---- bytes to keys

PASTE = "\x1b[200~{}\x1b[201~"


@pytest.mark.parametrize(
    ("typed", "keys"),
    [
        ("m", ["m"]),
        ("M é日", ["M", "space", "é", "日"]),
        ("\r\n\t\x7f\b", ["enter", "enter", "tab", "backspace", "backspace"]),
        ("\x15\x17", ["erase line", "erase word"]),
        ("\x01\x00\x0b", []),
        ("\x1b[A\x1b[1;5Dx", ["x"]),  # arrow keys
        ("\x1bOPx", ["x"]),  # F1
        ("\x1bmx", ["x"]),  # Alt-m is not m
        ("\x1b\x1bm", ["escape"]),
        ("\x1b[é", ["escape", "[", "é"]),
        ("\u202e\u2028", []),  # nothing that could change how a line is shown
    ],
)
def test_bytes_are_keys(typed: str, keys: list[str]) -> None:
    assert KeyDecoder().push(typed.encode()) == keys


def test_an_escape_is_the_key_when_nothing_follows() -> None:
    decoder = KeyDecoder()
    assert decoder.push(b"\x1b") == []
    assert decoder.begun
    assert decoder.rest() == ["escape"]
    assert decoder.rest() == []
    assert decoder.push(b"\x1b") + decoder.push(b"[A") == []
    assert decoder.rest() == []


@given(
    st.binary(max_size=40)
    | st.text(max_size=20).map(str.encode)
    | st.text(max_size=20).map(lambda text: PASTE.format(text).encode()),
    st.lists(st.integers(0, 40)),
)
def test_where_bytes_are_cut_makes_no_difference(data: bytes, cuts: list[int]) -> None:
    whole, pieces = KeyDecoder(), KeyDecoder()
    expected = whole.push(data) + whole.rest()
    found = []
    bounds = [0, *sorted(cuts), len(data)]
    for begin, end in itertools.pairwise(bounds):
        found += pieces.push(data[begin:end])
    found += pieces.rest()
    assert found == expected
    assert [type(key) for key in found] == [type(key) for key in expected]
    assert all(key.isprintable() for key in expected)


@pytest.mark.parametrize(
    ("pasted", "text"),
    [
        ("mv r", "mv r"),
        ("two\r\nlines\tand\x85more", "two  lines and more"),
        ("\x01\x08\x15\x7fé\x00\u202e日", "é日"),
        ("\x1b[31mred\x1b[0m \x1bO\x1b", "red O"),  # a sequence that has no end does not hide the paste's
        ("\x1b[200~again", "again"),
        ("", ""),
    ],
)
def test_what_is_pasted_is_text(pasted: str, text: str) -> None:
    keys = KeyDecoder().push(f"m{PASTE.format(pasted)}v".encode())
    assert "".join(keys) == f"m{text}v"
    assert [isinstance(key, Pasted) for key in keys] == [False, *(True for _ in text), False]


@given(st.text(max_size=20).map(lambda text: text.replace("\x1b[201~", "")))
def test_whatever_is_pasted_is_no_key(text: str) -> None:
    decoder = KeyDecoder()
    keys = decoder.push(PASTE.format(text).encode(errors="ignore"))
    assert all(isinstance(key, Pasted) and len(key) == 1 and key.isprintable() for key in keys)
    assert decoder.push(b"m") == ["m"]


def test_a_paste_without_end_ends() -> None:
    decoder = KeyDecoder()
    assert decoder.push(b"\x1b[200~hi\x1b") == ["h", "i"]
    assert decoder.patience_s == PASTE_S
    assert decoder.rest() == []
    assert decoder.push(b"m") == ["m"]


# ---- push to talk


@dataclass(frozen=True)
class Keyboard:
    """How a key that is held repeats, s; each gap is longer or shorter by chance."""

    first_s: float
    every_s: float
    chance: random.Random

    def held(self, at: float, for_s: float) -> list[float]:
        """When the press and its repeats come."""
        found, due = [at], at + self.first_s
        while due <= at + for_s:
            found.append(due)
            due += self.every_s * self.chance.uniform(0.7, 1.3)
        return found


KEYBOARDS = st.builds(Keyboard, st.floats(0.2, 0.7), st.floats(0.02, 0.25), st.randoms())
HOLDS_S = st.floats(0.0, 3.0)
SLOWEST_RELEASE_S = 2 * 1.3 * 0.25


def presses(key: TalkKey, at: Sequence[float], until: float = 20.0) -> list[tuple[float, bool]]:
    """When the key opened and closed, looked at every 10 ms."""
    changes = [(0.0, False)]
    waiting = list(at)
    for now in (step / 100 for step in range(round(until * 100))):
        while waiting and waiting[0] <= now:
            key.press(waiting.pop(0))
        key.look(now)
        if key.open != changes[-1][1]:
            changes.append((now, key.open))
    return changes[1:]


def test_pressed_again_it_closes_at_once() -> None:
    late = 1.0 + FIRST_REPEAT_S + 0.5
    assert presses(TalkKey(), [1.0, late]) == [(1.0, True), (pytest.approx(late, abs=0.011), False)]


def test_pressed_again_early_it_closes_once_no_repeat_can_come() -> None:
    (_, (closed_at, is_open)) = presses(TalkKey(), [1.0, 1.5])
    assert not is_open
    assert closed_at == pytest.approx(1.5 + REPEAT_S, abs=0.021)


@pytest.mark.parametrize("first_s", [0.25, 0.5, 1.0])
@pytest.mark.parametrize("every_s", [0.03, 0.09])
def test_held_down_it_closes_when_let_go(first_s: float, every_s: float) -> None:
    repeats = [1.0 + first_s + every_s * number for number in range(30)]
    ((opened_at, _), (closed_at, is_open)) = presses(TalkKey(), [1.0, *repeats])
    assert opened_at == 1.0
    assert not is_open
    assert closed_at == pytest.approx(repeats[-1] + RELEASE_S, abs=0.021)


@given(KEYBOARDS, HOLDS_S)
def test_however_it_repeats_it_opens_and_closes_once_while_held(keyboard: Keyboard, for_s: float) -> None:
    held = keyboard.held(1.0, keyboard.first_s + for_s)
    (_, (closed_at, is_open)) = presses(TalkKey(), held)
    assert not is_open
    assert held[-1] < closed_at <= held[-1] + SLOWEST_RELEASE_S + 0.02


@given(KEYBOARDS, st.floats(0.1, 5.0), HOLDS_S)
def test_however_long_the_press_that_closes_it_stays_closed(
    keyboard: Keyboard, open_s: float, for_s: float
) -> None:
    changes = presses(TalkKey(), [1.0, *keyboard.held(1.0 + open_s, for_s)])
    assert [is_open for _, is_open in changes] == [True, False]


@pytest.mark.parametrize("first_s", [0.25, 0.5])
def test_a_long_press_closes_when_it_begins(first_s: float) -> None:
    held = Keyboard(first_s, 0.03, random.Random(1)).held(4.0, 0.6)
    assert presses(TalkKey(), [1.0, *held]) == [(1.0, True), (4.0, False)]


@given(KEYBOARDS, st.floats(0.0, 3.0), HOLDS_S, HOLDS_S)
def test_it_can_be_held_again(keyboard: Keyboard, pause_s: float, for_s: float, again_s: float) -> None:
    held = keyboard.held(1.0, keyboard.first_s + 2 * keyboard.every_s + for_s)
    again = keyboard.held(held[-1] + SLOWEST_RELEASE_S + 0.05 + pause_s, keyboard.first_s + again_s)
    changes = presses(TalkKey(), held + again)
    assert [is_open for _, is_open in changes] == [True, False, True, False]
    assert changes[2][0] == pytest.approx(again[0], abs=0.011)


def test_repeats_that_come_together_are_no_end() -> None:
    together = [1.5 + 0.3 * number + late for number in range(10) for late in (0.0, 0.0, 0.001)]
    assert len(presses(TalkKey(), [1.0, *together])) == 2


def test_it_can_be_used_again() -> None:
    changes = presses(TalkKey(), [1.0, 4.0, 4.0 + ONE_PRESS_S + 0.1, 9.0])
    assert [is_open for _, is_open in changes] == [True, False, True, False]


def test_who_presses_on_opens_it() -> None:
    tapped = [4.0, *(4.0 + (REPEAT_S + 0.1) * number for number in (1, 2))]
    _, _, (opened_at, is_open) = presses(TalkKey(), [1.0, *tapped])
    assert is_open
    assert opened_at == pytest.approx(tapped[-1], abs=0.011)


def test_it_says_when_to_look_again() -> None:
    key = TalkKey()
    assert key.look(0.0) is None
    key.press(1.0)
    assert key.look(1.0) is None
    key.press(1.5)
    assert key.look(1.5) == pytest.approx(REPEAT_S)
    assert key.look(1.5 + REPEAT_S) is None
    assert not key.open


# ---- keys to commands


@dataclass
class Asked:
    """Takes commands."""

    push_to_talk: bool = True
    calls: list[str] = field(default_factory=list)
    is_open: bool = False

    def mute_microphone(self) -> None:
        self.calls.append("mute microphone")

    def mute_voice(self) -> None:
        self.calls.append("mute voice")

    def talk(self, *, begins: bool) -> None:
        if begins != self.is_open:
            self.is_open = begins
            self.calls.append("open" if begins else "close")

    def press(self, key: str) -> None:
        self.calls.append(key)

    def say(self, text: str) -> None:
        self.calls.append(f"say {text}")


@dataclass
class Script:
    """A terminal at which bytes come at their times; the clock moves on while it is waited."""

    clock: FakeClock
    bytes_at: list[tuple[float, bytes]]

    def read(self, timeout_s: float | None) -> bytes | None:
        if not self.bytes_at:
            return None
        at, data = self.bytes_at[0]
        if timeout_s is not None and self.clock.now() + timeout_s < at:
            self.clock.advance(timeout_s)
            return b""
        self.clock.advance(max(0.0, at - self.clock.now()))
        self.bytes_at.pop(0)
        return data

    def close(self) -> None:
        self.bytes_at.clear()


def asked(
    *typed: tuple[float, str], config: KeysConfig | None = None, push_to_talk: bool = True
) -> tuple[list[str], KeyReader]:
    """What is asked for when this is typed at these times, and the end comes two seconds after."""
    clock, commands = FakeClock(0.0), Asked(push_to_talk)
    end = typed[-1][0] + 2.0 if typed else 2.0
    source = Script(clock, [*((at, text.encode()) for at, text in typed), (end, b"\x00")])
    keys = KeyReader(config or KeysConfig(), commands, source, clock)
    keys.run()
    return commands.calls, keys


def test_each_key_does_what_it_is_for() -> None:
    calls, _ = asked((0.1, "m"), (0.2, "v"), (0.3, "r"), (0.4, "M"), (0.5, "xyz1"))
    assert calls == ["mute microphone", "mute voice", "repeat", "mute microphone"]


def test_escape_interrupts_and_an_arrow_does_not() -> None:
    assert asked((0.1, "\x1b"))[0] == ["interrupt"]
    assert asked((0.1, "\x1b["), (0.12, "A"))[0] == []


def typed_at(key: str, times: Sequence[float]) -> list[tuple[float, str]]:
    return [(at, key) for at in times]


@pytest.mark.parametrize(("key", "command"), [("m", "mute microphone"), ("v", "mute voice"), ("r", "repeat")])
@given(keyboard=KEYBOARDS, for_s=HOLDS_S)
def test_a_command_is_for_once_however_long_its_key_is_held(
    key: str, command: str, keyboard: Keyboard, for_s: float
) -> None:
    held = keyboard.held(0.1, for_s)
    again = keyboard.held(held[-1] + ONE_PRESS_S + 0.05, for_s)
    assert asked(*typed_at(key, held))[0] == [command]
    assert asked(*typed_at(key, held + again))[0] == [command, command]


def test_another_key_between_makes_it_a_press() -> None:
    assert asked((0.1, "mvm"))[0] == ["mute microphone", "mute voice", "mute microphone"]


def test_the_key_that_ends_a_line_does_no_more_while_it_is_held() -> None:
    held = Keyboard(0.25, 0.03, random.Random(1)).held(0.2, 1.0)
    assert asked((0.1, "t"), *typed_at("\x1b", held))[0] == []
    config = KeysConfig(push_to_talk="enter")
    assert asked((0.1, "thi"), *typed_at("\r", held), config=config)[0] == ["say hi"]


def test_a_letter_that_is_held_is_typed_again_and_again() -> None:
    held = Keyboard(0.25, 0.03, random.Random(1)).held(0.2, 1.0)
    assert asked((0.1, "t"), *typed_at("z", held))[1].typed == "z" * len(held)


def test_the_talk_key_opens_and_closes() -> None:
    assert asked((0.1, " "), (3.0, " "))[0] == ["open", "close"]
    assert asked((0.1, " "), (0.6, " "))[0] == ["open", "close"]
    held = [(0.1, " "), *((0.6 + 0.03 * number, " ") for number in range(20))]
    assert asked(*held)[0] == ["open", "close"]


def test_with_no_keys_any_more_the_microphone_closes() -> None:
    assert asked((0.1, " "))[0] == ["open", "close"]


def test_without_push_to_talk_its_key_is_none() -> None:
    calls, keys = asked((0.1, " "), push_to_talk=False)
    assert calls == []
    assert "push_to_talk" not in keys.shown


def test_keys_are_those_of_the_settings() -> None:
    config = KeysConfig(repeat="v", mute_voice="none", interrupt="enter")
    calls, keys = asked((0.1, "r"), (0.2, "v"), (0.3, "\r"), config=config)
    assert calls == ["repeat", "interrupt"]
    assert keys.shown["interrupt"] == "enter"
    assert "mute_voice" not in keys.shown


def test_a_line_is_typed_and_sent_and_its_letters_are_no_keys() -> None:
    calls, keys = asked((0.1, "t"), (0.2, "mute r"), (0.3, "é v\x7f!"), (0.4, "\r"), (0.5, "m"))
    assert calls == ["say mute ré !", "mute microphone"]
    assert keys.typed is None


def test_a_line_is_shown_while_it_is_typed_and_can_be_given_up() -> None:
    assert asked((0.1, "tab"))[1].typed == "ab"
    assert asked((0.1, "ta b  c\x17\x17"))[1].typed == "a"
    assert asked((0.1, "ta b\x15c"))[1].typed == "c"
    calls, keys = asked((0.1, "tab"), (0.2, "\x1b"), (0.4, "r"))
    assert (calls, keys.typed) == (["repeat"], None)


def test_what_is_pasted_opens_the_line_and_is_not_sent() -> None:
    calls, keys = asked((0.1, PASTE.format("first\rmvr\x1b second\r")))
    assert (calls, keys.typed) == ([], "first mvrsecond ")  # Escape and a letter: Alt with the letter
    assert asked((0.1, PASTE.format("a\nb")), (0.2, "!\r"), (0.3, "m"))[0] == ["say a b!", "mute microphone"]


def test_what_is_pasted_goes_on_with_the_line() -> None:
    in_pieces = [(0.2 + 0.1 * number, byte) for number, byte in enumerate(PASTE.format("m\rv")[6:])]
    calls, keys = asked((0.1, "ta \x1b[200~"), *in_pieces)
    assert (calls, keys.typed) == ([], "a m v")
    assert asked((0.1, "t" + PASTE.format("x" * 5000)))[1].typed == "x" * LONGEST_LINE


def test_what_is_pasted_is_nothing_where_no_line_can_be_typed() -> None:
    calls, keys = asked((0.1, PASTE.format("mvr\r")), (0.2, "m"), config=KeysConfig(type="none"))
    assert (calls, keys.typed) == (["mute microphone"], None)


def test_after_a_paste_without_end_keys_are_keys() -> None:
    assert asked((0.1, "\x1b[200~mv"), (0.2 + PASTE_S, "!\r"), (0.3 + PASTE_S, "m"))[0] == [
        "say mv!",
        "mute microphone",
    ]


def test_a_line_has_an_end() -> None:
    assert asked((0.1, "t" + "x" * 5000))[1].typed == "x" * LONGEST_LINE


@pytest.mark.parametrize("name", [name for name in NAMED if name != "space"])
def test_every_name_is_a_key_that_can_be_pressed(name: str) -> None:
    typed = {"enter": "\r", "tab": "\t", "backspace": "\x7f", "escape": "\x1b"}[name]
    config = KeysConfig(repeat=name, interrupt="i")
    assert asked((0.1, typed), config=config)[0] == ["repeat"]
