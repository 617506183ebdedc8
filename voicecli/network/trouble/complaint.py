"""A server's answer that is no reply -> what it means, and its own words for people.

No two kinds of server put their words in the same place: error.message, error, detail, message, a page.
"""

from __future__ import annotations

import html
import re
from typing import TYPE_CHECKING

from voicecli.network.sse import Json, parsed

if TYPE_CHECKING:
    from collections.abc import Iterator

LONGEST = 200
"""Most characters that are shown of a server's words."""

MOST_READ = 1 << 13
"""Most characters of a refusal that are searched for words: what it means stands at its beginning."""

_OVERFLOW = re.compile(
    r"exceed_context_size|context_length_exceeded|string_above_max_length"
    r"|n_ctx|max_model_len|max_new_tokens|max_input_tokens"
    r"|context[ _-]?(?:size|length|window|limit|overflow)|maximum context|longer than .{0,40}context"
    r"|context .{0,30}(?:holds|is full|exceed)"
    r"|(?:exceed|fit|full|beyond|(?:larg|great|long)er than).{0,60}context"
    r"|(?:prompt|input|conversation|messages?|request)s? (?:is|are|was|has become) too (?:long|large)"
    r"|too many (?:input |prompt )?tokens|request too large|payload too large"
    r"|(?:input|prompt|sequence)s? .{0,40}(?:exceeds?|longer than|larger than)"
    r"|(?:reduce|shorten) .{0,40}(?:length|prompt|messages|input|conversation)",
    re.IGNORECASE | re.DOTALL,
)
_LOADING = re.compile(r"\bload(?:ing|ed)?\b|warming up|starting up|not (?:yet )?ready", re.IGNORECASE)
_WORD = re.compile(r"\w{3,}")
_TITLE = re.compile(r"<(title|h1)[^>]*>(.*?)</\1>", re.IGNORECASE | re.DOTALL)
_NOT_READ = re.compile(r"<(script|style)\b.*?</\1>|<!--.*?-->|<[^>]*>", re.IGNORECASE | re.DOTALL)


def words_of(body: str) -> str:
    """Give what a body says, in one line of at most `LONGEST` characters; empty where it says nothing."""
    body = body.strip()
    page = body[:MOST_READ]
    data = body[5:].strip() if body.startswith("data:") else body
    answer = parsed(data)
    if isinstance(answer, dict | list):
        text = "; ".join(dict.fromkeys(filter(None, _messages(answer, 0))))
    elif "<" in page and ">" in page:
        title = _TITLE.search(page)
        text = html.unescape(_NOT_READ.sub(" ", title[2] if title else page))
    else:
        text = answer if isinstance(answer, str) else page
    line = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return line if len(line) <= LONGEST else f"{line[: LONGEST - 3].rstrip()}..."


def quoted(body: str, given: str = "") -> str:
    """Give the same after a colon, to end a sentence with; empty where it says nothing.

    `given`: what somebody said, and the server was sent. Its words are not shown.
    """
    words = words_of(body)
    said = {word.casefold() for word in _WORD.findall(given)}
    if said:
        words = _WORD.sub(lambda word: "..." if word[0].casefold() in said else word[0], words)
    return f": {words}" if words else ""


def is_overflow(body: str) -> bool:
    """Whether it says that the conversation is too long for the model."""
    return bool(_OVERFLOW.search(body[:MOST_READ]))


def is_loading(status: int, body: str) -> bool:
    """Whether it says that the model is being loaded, and asks to wait."""
    return status == 503 and bool(_LOADING.search(body[:MOST_READ]))


def is_error(answer: Json) -> bool:
    """Whether JSON in place of a reply, or inside one, reports a failure."""
    if not isinstance(answer, dict) or answer.get("choices"):
        return False
    return bool(answer.get("error") or answer.get("detail")) or answer.get("object") == "error"


def _messages(answer: Json, depth: int) -> Iterator[str]:
    """The words in JSON, wherever they are."""
    if depth > 4:
        return
    match answer:
        case str():
            yield answer
        case list():
            for entry in answer[:3]:
                yield from _messages(entry, depth + 1)
        case {"loc": list(loc), "msg": str(message)}:  # FastAPI's
            yield f"{'.'.join(str(part) for part in loc)}: {message}"
        case dict():
            for key in (
                "error",
                "detail",
                "message",
                "msg",
                "errors",
                "reason",
                "title",
                "description",
                "code",
            ):
                if answer.get(key):
                    found = list(_messages(answer[key], depth + 1))
                    if any(found):
                        yield from found
                        return
        case _:
            return
