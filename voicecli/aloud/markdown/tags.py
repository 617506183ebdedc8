"""Decides what `<...>` in a reply is: a tag, an address, a special token of the model, or words."""

from __future__ import annotations

import re

_HELD_MAX = 200
"""Most characters of `<...>` that may be a tag; a real one is shorter."""
_BLOCK_TAG = re.compile(r"p|br|hr|div|li|ul|ol|tr|table|h[1-6]|blockquote|pre|details|summary")
_INLINE_TAG = re.compile(
    r"a|abbr|b|big|cite|code|del|em|font|i|img|ins|kbd|mark|q|s|small|span|strong|su[bp]|u|t[dh]|thead|tbody"
)
_LEVEL_TAG = {"<sup>": "^{", "</sup>": "}", "<sub>": "_{", "</sub>": "}"}
"""What stands for raised and lowered text until `speakable` says it: 10<sup>6</sup> is not 106."""
_TAG = re.compile(r"</?([a-z][a-z0-9]*)(\s+[^<>]*=[^<>]*)?\s*/?>", re.IGNORECASE)
_ADDRESS = re.compile(r"<((?:https?://|mailto:)?[^\s<>]*[@.][^\s<>]*)>")


def may_be_tag(held: str) -> bool:
    """Whether text that begins with `<` can still become a tag, a comment or a special token."""
    if len(held) > _HELD_MAX or held[-1] == "<" or not (held[1].isalpha() or held[1] in "/|!"):
        return False
    return held[1] in "|!" or (held[-1] != "\n" and (held.count(" ") < 2 or "=" in held))


def tag_text(tag: str) -> str:
    """What `<...>` becomes: an address, a line break, nothing, or itself where it is no tag."""
    if level := _LEVEL_TAG.get(tag.lower()):
        return level
    if address := _ADDRESS.fullmatch(tag):
        return address[1]
    if tag[1] in "|!":
        return ""
    name = match[1].lower() if (match := _TAG.fullmatch(tag)) else ""
    if _BLOCK_TAG.fullmatch(name):
        return "\n"
    return "" if _INLINE_TAG.fullmatch(name) else tag
