"""Plain text of one clause -> words a voice can say.

A chain of small passes, mostly one to a file of `spoken`: signs, addresses, abbreviations, Roman numerals,
dates, amounts, units, mathematics, years. espeak-ng 1.52, which turns Piper's text into phonemes, says some
things badly: the passes rewrite only those. They leave what it says well (decimals, thousands, ordinals, per
cent). These rules are for English voices; `locales` has those for other languages. Why so:
docs/decisions/0014.
"""

from __future__ import annotations

import re
import unicodedata

from voicecli.aloud.locales import localised
from voicecli.aloud.markdown.spans import GLUE
from voicecli.aloud.maths.maths import MATHS, bare
from voicecli.aloud.rules.rules import LONG_WORD, Rules, marks
from voicecli.aloud.scripts import foreign
from voicecli.aloud.spoken.abbreviations import MAY_END, expand, last_word
from voicecli.aloud.spoken.addresses import ADDRESSES, NAMES, OPERATORS
from voicecli.aloud.spoken.dates import DATES, WORD_RANGES
from voicecli.aloud.spoken.numbers import AMOUNTS, YEARS
from voicecli.aloud.spoken.roman import ROMAN
from voicecli.aloud.spoken.signs import composed
from voicecli.aloud.spoken.units import UNITS

CODE_PHRASE = {"en": "There is a code example here."}
"""What the voice says in place of a block of code; in other languages it says nothing."""

# Emoji: the pictograph blocks, flags, keycaps (a digit made a picture), dingbats; with the joiners, variation
# selectors, skin tones and tags that follow. Source: Unicode emoji-data.txt, rounded to whole blocks.
_PICTURE = (
    "\U0001f000-\U0001faff\u2300-\u23ff\u2500-\u27bf\u2b00-\u2bff"
    "\u203c\u2049\u3030\u303d\u3297\u3299\ufffc\ufffd"
)
_EMOJI = re.compile(
    f"(?:[0-9#*]\ufe0f?\u20e3|[{_PICTURE}]|[\u00a9\u00ae\u2122]\ufe0f)"
    f"[{_PICTURE}\u200d\ufe0e\ufe0f\u20e3\U000e0020-\U000e007f]*"
)
_PICTURED = re.compile(f"[{_PICTURE}\u00a9\u00ae\u2122\u20e3]")
"""Finds text that may have an emoji: every emoji has one of these characters."""
_ARROWS = "".join(map(chr, [*range(0x2190, 0x2200), *range(0x27F0, 0x2800), *range(0x2900, 0x2980)]))
_ARROW = re.compile(rf"\s*(?:[{_ARROWS}]\ufe0f?|=>|-+>|<-+)\s*")
_CITATION = re.compile(r"\[\^?\d{1,3}\]|\[[xX ]\](?=\s)")
_URL = re.compile(
    r"(?:https?://|ftp://|www\.)(?:www\.)?(?:[^\s/@]*@)?([^\s/?#:,;()\"'<>]+)[^\s<>\"]*", re.IGNORECASE
)
_BARE_URL = re.compile(
    r"(?<![\w@.])((?:[\w-]+\.)+(?:com|org|net|io|dev|edu|gov|ai))/[^\s<>\"]*", re.IGNORECASE
)
_LONG_DASH = re.compile(r"(?<=\w)([.,:;!?]?)\s*—(?!\s*\d)\s*")
_SPACED_DASH = re.compile(r"(?<=\w)([.,:;!?]?)\s+(?:–|-+)(?=\s|$)(?!\s*\d)\s*")
_STRAY = re.compile(r"[\[\]{}|\\`*~^<>_\u200d\ufe0e\ufe0f\u20e3]+")
_LOOSE_POINT = re.compile(r"[\s,;:][,;:.!?…]")
"""Finds text in which one of the next two patterns may match."""
_LONELY_POINT = re.compile(r"\s+([,;:.!?…]+)(?=\s|$)")
_POINTS = re.compile(r"([,;:])[,;:\s]*(?=[,;:.!?])")
_LEADING = re.compile(r"[\s,;:.!?…)\]}»”。，、！？；：」』）—–/-]+(?=\D|$)")


def speakable(text: str, language: str = "en") -> str:
    """Turn the plain text of a clause into words for a voice of `language` (ISO 639-1).

    Returns an empty text when nothing in it can be said.
    """
    if language == "en" and _is_prose(text):
        return _tidy(text) if any(map(str.isalnum, text)) else ""
    text = _without_controls(text)
    if not text.isascii():
        if _PICTURED.search(text):
            text = _EMOJI.sub(" ", text)
        text = foreign(composed(text, levels=language == "en"), language)
    text = _FIRST.apply(text)
    if "&" in text:
        text = _ENTITY.sub(_entity, text)
    text = _english(text) if language == "en" else localised(text, language)
    if _LAST_MARK.search(text) or " -" in text or " –" in text or _MARKS.search(text):
        text = _LAST.apply(text)
    text = _tidy(_STRAY.sub(" ", text))
    return text if any(map(str.isalnum, text)) else ""


def _is_prose(text: str) -> bool:
    """Whether a text is plain words, so that no rule can apply; most clauses are."""
    return bool(_PROSE.fullmatch(text)) and not _CAPITALS.search(text) and last_word(text) not in MAY_END


def _english(text: str) -> str:
    """Apply the rules of each kind of writing that a quick search finds, each to what the last one made."""
    shown = marks(text)
    if "\\" in text:
        text = bare(text)
    if _ADDRESS_MARK.search(text) or _ADDRESSED.search(text) or LONG_WORD in shown:
        text = _WRITTEN_FOR_MACHINES.apply(text, shown)
    text = expand(text)
    if _NUMERAL.search(text):
        text = ROMAN.apply(text)
    numbers = _DIGIT.search(text) is not None
    if numbers or _DASHED.search(text):
        text = _NUMBERS.apply(text, shown)
    if _SIGN.search(text) or _SIGNED.search(text) or (numbers and _NUMBER_SIGNED.search(text)):
        text = MATHS.apply(text)
    if numbers:
        text = YEARS.apply(text, shown)
    return _TIGHT.apply(text) if _TIGHT_MARK.search(text) else text


def _entity(match: re.Match[str]) -> str:
    from html import unescape

    return unescape(match[0])


def _without_controls(text: str) -> str:
    """Drop control characters; a lone surrogate or a NUL would even stop espeak-ng."""
    text = text.replace(GLUE, " ")
    if text.isprintable():
        return text
    return "".join(
        " " if char.isspace() else char
        for char in text
        if char.isspace()
        or char in "\u200c\u200d"
        or unicodedata.category(char) not in ("Cc", "Cf", "Cs", "Co", "Cn")
        or "\U000e0020" <= char <= "\U000e007f"
    )


def _tidy(text: str) -> str:
    """Tidy up after dropped words: move lone stops and commas to the word before, close up spaces."""
    if _LOOSE_POINT.search(text):
        text = _POINTS.sub("", _LONELY_POINT.sub(r"\1", text))
    if leading := _LEADING.match(text):
        text = text[leading.end() :]
    return " ".join(text.split())


def _url(match: re.Match[str]) -> str:
    """Keep the host of an address, and the stop of the sentence after it."""
    tail = match[0][-1] if match[0][-1] in ".,;:!?" else ""
    return match[1].rstrip(".,;:!?") + tail


_WRITTEN_FOR_MACHINES = OPERATORS + ADDRESSES + NAMES
_NUMBERS = DATES + WORD_RANGES + AMOUNTS + UNITS
_FIRST = Rules(
    [
        (("", "://", "www.", "WWW."), _URL, _url),
        (("/", *(f"{end}/" for end in "mgtovuiMGTOVUI")), _BARE_URL, _url),
        ("[", _CITATION, ""),
        (("!", "!["), re.compile(r"(?<!\S)!(?=\[)"), ""),
        ("#", re.compile(r"\s#+$"), ""),
        (":", re.compile(r":(?<!\S:)[a-z][a-z0-9_+-]+:(?!\w)"), ""),
        (("-–", " - ", " – "), re.compile(r"(?<=\d) [-–] (?=\d)"), " − "),
        ("\u2122\u00ae", re.compile("[\u2122\u00ae]"), ""),
        (
            "*",
            re.compile(
                r"(?<![\w*])\*{1,3}(?=[^\s*])|(?<=[^\s*])\*{1,3}(?![\w*])|(?<=[^\W\d]{2})\*\*(?=\w)|(?<=\w)\*\*(?=[^\W\d]{2})"
            ),
            "",
        ),
        ("_", re.compile(r"(?<!\w)_+(?=\w)|(?<=\w)_+(?![\w{])"), ""),
        (("=", "=="), re.compile(r"(?<![=\w])==(?=[^\s=])|(?<=[^\s=])==(?![=\w])"), ""),
    ]
)
_LAST = Rules(
    [
        ("|", re.compile(r"\s*\|+\s*"), ", "),
        ("<>" + _ARROWS, _ARROW, ", "),
        ("*", re.compile(r"(?<=\b\w) \* (?=\w\b)"), " × "),
        ("—", _LONG_DASH, lambda match: f"{match[1] or ','} "),
        (("-–", " -", " –"), _SPACED_DASH, lambda match: f"{match[1] or ','} "),
        ("-_*~#+:|", re.compile(r"[-_*~#+:|](?<!\S.)[-_*~#+:|]+(?!\S)"), " "),
        (("=", "==="), re.compile(r"(?<!\S)={3,}(?!\S)"), " "),
    ]
)
_LAST_MARK = re.compile(f"[|<>*—={_ARROWS}]")
_MARKS = re.compile(r"[-_*~#+:|][-_*~#+:|]")
_TIGHT_MARK = re.compile(r"[/.:;,!?](?:(?<=\w/)\w|(?<=[a-z][.:;,!?])[A-Za-z])")
_TIGHT = Rules(
    [
        ("/", re.compile(r"(?<=\w)/(?=\w)"), " "),
        # "end.Next": the model left out the space.
        (".!?", re.compile(r"(?<=[a-z]{2})([.!?])(?=[A-Z][a-z])"), r"\1 "),
        (":;,", re.compile(r"(?<=[A-Za-z]{2})([:;,])(?=[A-Za-z]{2})"), r"\1 "),
        ("!?", re.compile(r"(?<=[a-z]{3})([!?])(?=[a-z]{2})"), r"\1 "),
    ]
)

# Quick searches: the rules of a kind are tried only where the search for that kind finds something.
_PROSE = re.compile(r"[A-Za-z',;!?’“” ]*[.:…!?]?[\"”’]?")
_CAPITALS = re.compile(
    r"\bn!|\b[A-Z][A-Z]|\b[A-HJ-Z]\b|[A-Z][a-z]+ I\b|\b(?:Jr|Sr|Mon|Tue|Wed|Thu|Fri|Sat|Sun)\b"
    r"|\b[ivx]{2,4}\b|[a-z],[A-Za-z]|[a-z][;!?][A-Za-z]"
)
_ADDRESS_MARK = re.compile(r"[@/\\_#&=|§¶]")
_ADDRESSED = re.compile(
    r"\.(?:[A-Za-z]|(?<=\w\.)\w)|:(?<=\w:)\w|-(?<!\w-)|<=|>=|\(\)|\+(?:\+|(?<=[a-z]\+)[A-Z])|localhost|GitHub|Ctrl|Cmd"
)
_NUMERAL = re.compile(
    r"[IVXLCDMivxl](?:(?<=[IVXLCDM]{2})|(?<= [ivxl]{2})|(?<=[a-z] [IVXvx])(?![\w'’])|(?<=[IVX])\.)"
)
_DIGIT = re.compile(r"\d")
_DASHED = re.compile(r"\w[–-]\w|\w – \w")
_SIGN = re.compile(r"[=<>^~*|²³·÷×±−√∞∑→≤≥≠≈⁰-⟿]")
_SIGNED = re.compile(
    r"!(?:=|(?<=n!))|_\{|\((?:(?<=\b(?:sin|cos|tan|log|abs|exp|Var)\()|(?<=\bsqrt\()|(?<=\b(?:ln|Pr)\()|(?<=\b[fghPEO]\())"
)
_NUMBER_SIGNED = re.compile(r"\d[!xXeE]")
_ENTITY = re.compile(r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,30});")
