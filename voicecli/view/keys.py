"""Keys: bytes from a terminal -> what they ask of a talk, and the line that is being typed.

Runs on a thread of its own, asleep until a key is pressed. A terminal tells of presses alone, never that a
key was let go; `TalkKey` finds out from the keyboard's own repeats.
"""

from __future__ import annotations

import codecs
import math
import re
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final, Protocol

from voicecli.config.keys import NO_KEY
from voicecli.worker import Worker

if TYPE_CHECKING:
    from collections.abc import Iterator

    from voicecli.clock import Clock
    from voicecli.config.keys import KeysConfig

ESCAPE_S: Final = 0.05
"""The rest of a sequence such as an arrow key's follows within it; an Escape alone is the key."""

FIRST_REPEAT_S: Final = 1.1
"""A key held down repeats after 0.25 to 1 s, by the settings of X11, Windows and macOS."""

ONE_PRESS_S: Final = 0.75
"""What comes so soon after a press that has acted is its first repeat: X11 lets it come after 0.66 s.

Less than `FIRST_REPEAT_S`, since a press that is meant and comes as soon is lost.
"""

REPEAT_S: Final = 0.4
"""Then every 0.02 to 0.25 s, and a little less evenly over a network."""

RELEASE_S: Final = 0.25
"""A key that repeats faster still is let go no sooner than after such a silence."""

LEARNING_S: Final = 0.5
"""Repeats that have come for so long tell how far apart they come; a network may send some together."""

LONGEST_LINE: Final = 1000
"""Characters."""

_NAMES: Final = {
    " ": "space",
    "\r": "enter",
    "\n": "enter",
    "\t": "tab",
    "\x7f": "backspace",
    "\b": "backspace",
    "\x1b": "escape",
    "\x15": "erase line",  # Ctrl-U and Ctrl-W, as in a shell
    "\x17": "erase word",
}

_SEQUENCE = re.compile(
    r"\x1b(?:\[[0-?]*[ -/]*[@-~]|O[ -~]|[^\x1b\[O])"  # arrows, function keys, Alt with a letter: none of ours
    r"|(\x1b(?:\[[0-?]*[ -/]*|O)?)\Z"  # not known yet
    r"|(.)",
    re.DOTALL,
)


class KeyDecoder:
    """Bytes, in pieces of any size -> keys: a name, or the character the key writes."""

    def __init__(self) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")("ignore")
        self.begun = ""
        """An Escape that may be the key, or the beginning of a sequence."""

    def push(self, data: bytes) -> list[str]:
        """Take what was read."""
        text, self.begun = self.begun + self._decoder.decode(data), ""
        keys = []
        for match in _SEQUENCE.finditer(text):
            begun, character = match.groups()
            self.begun = begun or ""
            name = _NAMES.get(character or "", character)
            if name and name.isprintable():
                keys.append(name)
        return keys

    def rest(self) -> list[str]:
        """Nothing follows: give the Escape, if there was one."""
        begun, self.begun = self.begun, ""
        return ["escape"] if begun else []


class TalkKey:
    """Push to talk: pressed once it opens, pressed again it closes; held down, it closes when let go.

    =================  ==========================================  ========================================
    fingers            what comes of it                            what it does
    =================  ==========================================  ========================================
    tap, later tap     two presses more than `FIRST_REPEAT_S`      opens; closes at once
                       apart
    tap, soon tap      a press, another, silence                   opens; closes `REPEAT_S` after the other,
                                                                   which could have been a first repeat
    hold               a press, repeats, silence                   opens; closes when the silence is twice
                                                                   as long as any between the repeats
    tap, later hold    a press, another, its repeats               opens; closes at once; the repeats are
                                                                   told by `ONE_PRESS_S` and do nothing
    tap, soon hold     a press, another, its repeats               as tap and soon tap, or as hold
    tap or hold, soon  a press less than `ONE_PRESS_S` after       nothing: it may be a repeat of the one
    after a tap        the one that closed                         that closed, and would stop the answer
    tap or hold, soon  a press after that silence                  opens
    after a hold
    =================  ==========================================  ========================================

    What cannot be told apart is decided for less harm: to close late costs a little time, to open and close
    unasked costs words.
    """

    def __init__(self) -> None:
        self.open = False
        self._opened_at = self._pressed_at = self._repeats_since = 0.0
        self._longest_gap_s = 0.0
        self._close_after_s: float | None = None
        """Of silence, once it may be held down."""
        self._ignored_until = -math.inf
        """The press that closed may be held down."""

    def press(self, now: float) -> None:
        """Take a press, or a repeat."""
        gap_s, self._pressed_at = now - self._pressed_at, now
        if not self.open:
            if now <= self._ignored_until:
                self._ignored_until = now + REPEAT_S
            else:
                self.open, self._opened_at, self._close_after_s = True, now, None
        elif self._close_after_s is not None:
            self._longest_gap_s = max(self._longest_gap_s, gap_s)
            if now - self._repeats_since >= LEARNING_S:
                self._close_after_s = max(RELEASE_S, 2 * self._longest_gap_s)
            self._ignored_until = now
        else:
            self._ignored_until = now + ONE_PRESS_S
            if now - self._opened_at <= FIRST_REPEAT_S:
                self._close_after_s, self._longest_gap_s, self._repeats_since = REPEAT_S, 0.0, now
            else:
                self.open = False

    def look(self, now: float) -> float | None:
        """Close it where it was let go; give the time after which to look again, s, None when none."""
        if not self.open or self._close_after_s is None:
            return None
        left_s = self._pressed_at + self._close_after_s - now
        self.open = left_s > 0
        return left_s if self.open else None


class Commands(Protocol):
    """What keys can ask for."""

    push_to_talk: bool

    def mute_microphone(self) -> None:
        """Turn the switch."""
        ...

    def mute_voice(self) -> None:
        """Turn the switch."""
        ...

    def talk(self, *, begins: bool) -> None:
        """Open or close the microphone."""
        ...

    def interrupt(self) -> None:
        """Stop the agent."""
        ...

    def repeat(self) -> None:
        """Have the last reply said again."""
        ...

    def say(self, text: str) -> None:
        """Take these as the user's words."""
        ...


class KeySource(Protocol):
    """Where bytes come from."""

    def read(self, timeout_s: float | None) -> bytes | None:
        """Some bytes, none in time, or None at the end."""
        ...

    def close(self) -> None:
        """Make that the end."""
        ...


class Keys:
    """Reads keys and does what they ask for."""

    def __init__(self, config: KeysConfig, commands: Commands, source: KeySource, clock: Clock) -> None:
        self._commands = commands
        self._source = source
        self._clock = clock
        self._decoder = KeyDecoder()
        self._talk_key = TalkKey()
        self.shown: dict[str, str] = {
            action: key
            for action, key in config.model_dump().items()
            if key != NO_KEY and (action != "push_to_talk" or commands.push_to_talk)
        }
        """Action -> key."""
        self._actions = {key: action for action, key in self.shown.items()}
        self.typed: str | None = None
        """The line that is being typed."""
        self._last_key, self._repeats_until = "", -math.inf
        self._was_typed = False
        """Whether the last press, and so its repeats, was for the line."""

    @contextmanager
    def reading(self) -> Iterator[Worker]:
        """Read on a thread of its own."""
        worker = Worker("keys", self.run, lambda: None)
        worker.start()
        try:
            yield worker
        finally:
            self._source.close()
            worker.join(1.0)

    def run(self) -> None:
        """Until the source ends."""
        wait_s: float | None = None
        while (data := self._source.read(wait_s)) is not None:
            for key in self._decoder.push(data) if data else self._decoder.rest():
                self._press(key)
            wait_s = ESCAPE_S if self._decoder.begun else self._talk_key.look(self._clock.now())
            self._commands.talk(begins=self._talk_key.open)
        self._commands.talk(begins=False)  # there is no key any more that could close it

    def _press(self, key: str) -> None:
        repeated = self._repeated(key)
        if not repeated:
            self._was_typed = self.typed is not None
        if self.typed is not None:
            self.typed = self._edited(self.typed, key)
            return
        action = self._actions.get(key.lower())
        if repeated and (self._was_typed or action != "push_to_talk"):
            return
        match action:
            case "push_to_talk":
                self._talk_key.press(self._clock.now())
            case "mute_microphone":
                self._commands.mute_microphone()
            case "mute_voice":
                self._commands.mute_voice()
            case "interrupt":
                self._commands.interrupt()
            case "repeat":
                self._commands.repeat()
            case "type":
                self.typed = ""

    def _repeated(self, key: str) -> bool:
        """Tell whether a key may be held down: a command is for once, however long its key is pressed."""
        now, key = self._clock.now(), key.lower()
        repeated = key == self._last_key and now <= self._repeats_until
        self._last_key, self._repeats_until = key, now + (REPEAT_S if repeated else ONE_PRESS_S)
        return repeated

    def _edited(self, line: str, key: str) -> str | None:
        """Give the line after a key; None when it is sent or given up."""
        match key:
            case "enter" | "escape":
                if key == "enter":
                    self._commands.say(line)
                return None
            case "backspace":
                return line[:-1]
            case "erase line":
                return ""
            case "erase word":
                return line.rstrip().rpartition(" ")[0]
            case "space" | "tab":
                return f"{line} "[:LONGEST_LINE]
            case _:
                return f"{line}{key}"[:LONGEST_LINE]
