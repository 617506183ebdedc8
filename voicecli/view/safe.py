"""Text from a model, a person, a device or a file -> text a terminal only prints.

Without this a reply could clear the screen, set the window's title or reorder what is read. The views
also never hand such text to a markup parser.
"""

from __future__ import annotations

import re

_SEQUENCE = re.compile(
    # CSI: colours, cursor, erasing. ECMA-48, 5.4.
    r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]"
    # OSC, DCS, SOS, PM, APC with their text, where they are ended: titles, links, clipboard. ECMA-48, 5.6.
    r"|(?:\x1b[\]PX^_]|[\x9d\x90\x98\x9e\x9f])[^\x00-\x1f\x7f-\x9f]*(?:\x07|\x1b\\|\x9c)"
    # Other escapes of two or three characters: reset, character sets. ECMA-35, 13.2.
    r"|\x1b[ -/]*[0-~]"
)

_SPACE = re.compile(r"\s+")  # every line break of Unicode among them

_HIDDEN = re.compile(
    "["
    # C0, DEL, C1 but for breaks, which become spaces: no ESC is left that could begin a new sequence.
    "\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f"
    "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"  # bidirectional marks, overrides, isolates (UAX 9, 2)
    "\u00ad\u180e\u200b\u2060-\u2064\u206a-\u206f\ufeff\ufff9-\ufffb"  # other characters nobody sees
    "\U00013430-\U0001343f\U0001bca0-\U0001bca3\U0001d173-\U0001d17a"  # of hieroglyphs, shorthand, music
    "\U000e0000-\U000e007f"  # tags: text that is there and not shown
    "]"
)

_SURROGATE = re.compile("[\ud800-\udfff]")


def safe(text: str) -> str:
    """One printable line: no control characters or sequences, no bidirectional overrides, single spaces.

    Joiners (U+200C, U+200D) stay: Persian and emoji need them.
    """
    text = _HIDDEN.sub("", _SEQUENCE.sub("", text))
    return _SURROGATE.sub("\ufffd", _SPACE.sub(" ", text)).strip()
