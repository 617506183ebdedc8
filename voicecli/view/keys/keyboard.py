"""Bytes from a terminal -> commands to a talk, and the line that is being typed.

Runs on a thread of its own, asleep until a key is pressed.
"""

from __future__ import annotations

import codecs
import math
import re
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final, Protocol

from voicecli.config.keymap import NO_KEY
from voicecli.floor.keys import TYPED_LINE
from voicecli.threads.worker import Worker
from voicecli.view.keys.held import ONE_PRESS_S, REPEAT_S, TalkKey

if TYPE_CHECKING:
    from collections.abc import Iterator

    from voicecli.config.keymap import KeysConfig
    from voicecli.system.clock import Clock

ESCAPE_S: Final = 0.05
"""s: the rest of a sequence such as an arrow key's follows within this time; else Escape was pressed."""

PASTE_S: Final = 1.0
"""s of silence that end a paste whose end is missing: Ctrl-Z in it makes the system drop the rest."""

LONGEST_LINE: Final = int(TYPED_LINE.capacity)
"""Most characters of a typed line."""

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
    r"|(\x1b(?:\[[0-?]*[ -/]*|O)?)\Z"  # a sequence that is not complete yet
    r"|(.)",
    re.DOTALL,
)

_PASTE_BEGINS: Final = "\x1b[200~"  # asked for with `posix.MARK_PASTES`
_PASTE_ENDS: Final = "\x1b[201~"


class Pasted(str):
    """A character of pasted text: never a key, and never a control character."""

    __slots__ = ()


class KeyDecoder:
    """Bytes, in pieces of any size -> keys (a name, or the character it writes) and pasted characters."""

    def __init__(self) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")("ignore")
        self.begun = ""
        """An Escape that may be the key, or the beginning of a sequence."""
        self._pasting = False

    def push(self, data: bytes) -> list[str]:
        """Decode the bytes that were read."""
        text, self.begun = self.begun + self._decoder.decode(data), ""
        keys: list[str] = []
        for match in _SEQUENCE.finditer(text):
            begun, character = match.groups()
            self.begun = begun or ""
            if match[0] in (_PASTE_BEGINS, _PASTE_ENDS):
                self._pasting = match[0] == _PASTE_BEGINS
            elif character and self._pasting:
                keys.append(Pasted(" " if character.isspace() else character))
            elif character:
                keys.append(_NAMES.get(character, character))
        return [key for key in keys if key.isprintable()]

    @property
    def patience_s(self) -> float | None:
        """s of silence after which `rest` is to be called; None when it need not be."""
        return PASTE_S if self._pasting else ESCAPE_S if self.begun else None

    def rest(self) -> list[str]:
        """Nothing followed: end a paste, or give the Escape that was waiting."""
        escape = bool(self.begun) and not self._pasting
        self.begun, self._pasting = "", False
        return ["escape"] if escape else []


class Commands(Protocol):
    """What keys can ask for."""

    push_to_talk: bool

    def mute_microphone(self) -> None:
        """Mute the microphone, or end that."""
        ...

    def mute_voice(self) -> None:
        """Mute the agent's voice, or end that."""
        ...

    def talk(self, *, begins: bool) -> None:
        """Open or close the microphone."""
        ...

    def press(self, key: str) -> None:
        """Do what a key is for, by its name in the settings: `interrupt`, `repeat`."""
        ...

    def say(self, text: str) -> None:
        """Send a typed line as the user's words."""
        ...


class KeySource(Protocol):
    """Where bytes come from."""

    def read(self, timeout_s: float | None) -> bytes | None:
        """Give some bytes, no bytes when the time is over, or None at the end."""
        ...

    def close(self) -> None:
        """End the `read` that waits, and each later one, with None."""
        ...


class KeyReader:
    """Reads keys and carries out their commands."""

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
        self.refused = 0
        """Characters that the line had no room for."""
        self._last_key, self._repeats_until = "", -math.inf
        self._was_typed = False
        """Whether the last press, and so its repeats, belonged to the typed line."""

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
                if isinstance(key, Pasted):
                    self._paste(key)
                else:
                    self._press(key)
            wait_s = self._decoder.patience_s or self._talk_key.look(self._clock.now())
            self._commands.talk(begins=self._talk_key.open)
        self._commands.talk(begins=False)  # no key can close the microphone any more

    def _paste(self, text: Pasted) -> None:
        """Begin a line with the pasted text, or add it to the line; the user sees it, and sends it or not."""
        if self.typed is not None or "type" in self.shown:
            self.typed = self._longer(self.typed or "", text)

    def _press(self, key: str) -> None:
        repeated = self._repeated(key)
        if not repeated:
            self._was_typed = self.typed is not None
        if self.typed is not None:
            self.typed = self._edited(self.typed, key)
            return
        action = self._actions.get(key.lower())
        if not repeated:
            self._command(action)
        if action == "push_to_talk" and not (repeated and self._was_typed):
            self._talk_key.press(self._clock.now())

    def _command(self, action: str | None) -> None:
        match action:
            case "mute_microphone":
                self._commands.mute_microphone()
            case "mute_voice":
                self._commands.mute_voice()
            case "type":
                self.typed = ""
            case str() if action != "push_to_talk":
                self._commands.press(action)

    def _repeated(self, key: str) -> bool:
        """Whether this press may be a repeat: a command is done once, however long its key is down."""
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
                return self._longer(line, " ")
            case _:
                return self._longer(line, key)

    def _longer(self, line: str, text: str) -> str:
        """Add what fits."""
        self.refused += max(0, len(line) + len(text) - LONGEST_LINE)
        return f"{line}{text}"[:LONGEST_LINE]
