"""Text in another script inside a clause -> words for a voice of a language in Latin letters.

espeak-ng would name every letter: it says Привет as "cyrillic pe, cyrillic er", and two characters of
Chinese as "chinese letter, chinese letter". Instead, this file

* transliterates Cyrillic and Greek words, so that they sound more or less right;
* names a lone Greek letter, as in mathematics;
* says a run of any other script as one phrase, "in Japanese", once in a clause. It leaves the run out where
  that only repeats the words beside it: in brackets, or with its transliteration in brackets after it.

A voice whose language is written in a script gets that script as it is. Why so: docs/decisions/0015.
"""

from __future__ import annotations

import re
import unicodedata

_LATIN_VOICES = ("en", "de", "fr", "es", "it", "nl", "pt")
"""Languages of the columns in the tables below. For other voices, what would be a phrase is left out."""

_JAPANESE, _CHINESE, _KOREAN = "Japanese", "Chinese", "Korean"

# Blocks of Unicode with letters and marks. U+FEFF, the byte order mark, is left out of the Arabic ones.
_BLOCKS = {
    _JAPANESE: "\u3041-\u30ff\u31f0-\u31ff\uff66-\uff9f",
    _CHINESE: "\u2e80-\u2fdf\u3005-\u3007\u3100-\u312f\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
    "\U00020000-\U0003ffff",
    _KOREAN: "\u1100-\u11ff\u3130-\u318f\ua960-\ua97f\uac00-\ud7ff",
    "Arabic": "\u0600-\u06ff\u0750-\u077f\u0870-\u08ff\ufb50-\ufdff\ufe70-\ufefc",
    "Hebrew": "\u0590-\u05ff\ufb1d-\ufb4f",
    "Hindi": "\u0900-\u097f\ua8e0-\ua8ff",
    "Bengali": "\u0980-\u09ff",
    "Punjabi": "\u0a00-\u0a7f",
    "Gujarati": "\u0a80-\u0aff",
    "Tamil": "\u0b80-\u0bff",
    "Telugu": "\u0c00-\u0c7f",
    "Kannada": "\u0c80-\u0cff",
    "Malayalam": "\u0d00-\u0d7f",
    "Sinhala": "\u0d80-\u0dff",
    "Thai": "\u0e00-\u0e7f",
    "Lao": "\u0e80-\u0eff",
    "Tibetan": "\u0f00-\u0fff",
    "Burmese": "\u1000-\u109f",
    "Georgian": "\u10a0-\u10ff\u1c90-\u1cbf\u2d00-\u2d2f",
    "Armenian": "\u0530-\u058f",
    "Amharic": "\u1200-\u139f",
    "Khmer": "\u1780-\u17ff",
    "Mongolian": "\u1800-\u18af",
}
_CYRILLIC = "\u0400-\u052f\u1c80-\u1c8f\u2de0-\u2dff\ua640-\ua69f"
_GREEK = "\u0370-\u03ff\u1f00-\u1fff"

_OWN_SCRIPTS = {
    "ja": (_JAPANESE, _CHINESE), "zh": (_CHINESE,), "cmn": (_CHINESE,), "yue": (_CHINESE,),
    "hak": (_CHINESE,), "ko": (_KOREAN, _CHINESE), "ar": ("Arabic",), "fa": ("Arabic",), "ur": ("Arabic",),
    "sd": ("Arabic",), "ku": ("Arabic",), "ug": ("Arabic",), "he": ("Hebrew",), "yi": ("Hebrew",),
    "hi": ("Hindi",), "ne": ("Hindi",), "mr": ("Hindi",), "kok": ("Hindi",), "bn": ("Bengali",),
    "as": ("Bengali",), "bpy": ("Bengali",), "pa": ("Punjabi",), "gu": ("Gujarati",), "ta": ("Tamil",),
    "te": ("Telugu",), "kn": ("Kannada",), "ml": ("Malayalam",), "si": ("Sinhala",), "th": ("Thai",),
    "lo": ("Lao",), "my": ("Burmese",), "shn": ("Burmese",), "ka": ("Georgian",), "hy": ("Armenian",),
    "hyw": ("Armenian",), "am": ("Amharic",), "ti": ("Amharic",), "km": ("Khmer",), "bo": ("Tibetan",),
}  # fmt: skip
_OTHER_LATIN = re.compile(
    "af|bs|ca|cs|cy|da|eo|et|eu|fi|ga|gl|hr|hu|id|is|la|lb|lt|lv|ms|mt|nb|nn|no|pl|ro|sk|sl|sq|sv|sw|tr|vi"
)
_CYRILLIC_VOICES = ("ru", "uk", "be", "bg", "mk", "sr", "kk", "ky", "tt", "ba", "cv", "mn")

_READS_ANOTHER = frozenset((*_OWN_SCRIPTS, *_CYRILLIC_VOICES, "el"))

# What languages are called in each language of `_LATIN_VOICES`, by Unicode's CLDR 47. Han alone may be
# Chinese or Japanese.
_PHRASES = {
    _CHINESE: "in Chinese characters|in chinesischer Schrift|en caractères chinois|en caracteres chinos"
    "|in caratteri cinesi|in Chinese tekens|em caracteres chineses",
}  # fmt: skip
_IN = ("in", "auf", "en", "en", "in", "in het", "em")
_NAMES = {
    _JAPANESE: "Japanese Japanisch japonais japonés giapponese Japans japonês",
    _KOREAN: "Korean Koreanisch coréen coreano coreano Koreaans coreano",
    "Arabic": "Arabic Arabisch arabe árabe arabo Arabisch árabe",
    "Hebrew": "Hebrew Hebräisch hébreu hebreo ebraico Hebreeuws hebraico",
    "Hindi": "Hindi Hindi hindi hindi hindi Hindi hindi",
    "Bengali": "Bengali Bengalisch bengali bengalí bengalese Bengaals bengali",
    "Punjabi": "Punjabi Punjabi pendjabi panyabí punjabi Punjabi panjabi",
    "Gujarati": "Gujarati Gujarati goudjarati guyaratí gujarati Gujarati guzerate",
    "Tamil": "Tamil Tamil tamoul tamil tamil Tamil tâmil",
    "Telugu": "Telugu Telugu télougou telugu telugu Telugu telugu",
    "Kannada": "Kannada Kannada kannada canarés kannada Kannada canarim",
    "Malayalam": "Malayalam Malayalam malayalam malayálam malayalam Malayalam malaiala",
    "Sinhala": "Sinhala Singhalesisch cingalais cingalés singalese Singalees cingalês",
    "Thai": "Thai Thailändisch thaï tailandés thailandese Thai tailandês",
    "Lao": "Lao Laotisch lao lao lao Laotiaans laosiano",
    "Tibetan": "Tibetan Tibetisch tibétain tibetano tibetano Tibetaans tibetano",
    "Burmese": "Burmese Birmanisch birman birmano birmano Birmaans birmanês",
    "Georgian": "Georgian Georgisch géorgien georgiano georgiano Georgisch georgiano",
    "Armenian": "Armenian Armenisch arménien armenio armeno Armeens arménio",
    "Amharic": "Amharic Amharisch amharique amárico amarico Amhaars amárico",
    "Khmer": "Khmer Khmer khmer jemer khmer Khmer khmer",
    "Mongolian": "Mongolian Mongolisch mongol mongol mongolo Mongools mongol",
}

_GREEK_LETTERS = "αβγδεζηθικλμνξοπρστυφχψω"
_GREEK_NAMES = {
    "en": "alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi omicron pi rho sigma tau "
    "upsilon phi chi psi omega",
    "de": "Alpha Beta Gamma Delta Epsilon Zeta Eta Theta Iota Kappa Lambda My Ny Xi Omikron Pi Rho Sigma Tau "
    "Ypsilon Phi Chi Psi Omega",
    "fr": "alpha bêta gamma delta epsilon zêta êta thêta iota kappa lambda mu nu xi omicron pi rhô sigma tau "
    "upsilon phi khi psi oméga",
    "es": "alfa beta gamma delta épsilon zeta eta teta iota kappa lambda mu nu xi ómicron pi ro sigma tau "
    "ípsilon fi ji psi omega",
    "it": "alfa beta gamma delta epsilon zeta eta teta iota kappa lambda mu nu xi omicron pi ro sigma tau "
    "ipsilon fi chi psi omega",
    "nl": "alfa bèta gamma delta epsilon zèta èta thèta jota kappa lambda mu nu xi omikron pi rho sigma tau "
    "ypsilon phi chi psi omega",
    "pt": "alfa beta gama delta épsilon zeta eta teta iota capa lambda mu nu xi ómicron pi ró sigma tau "
    "úpsilon fi qui psi ómega",
}

# Letters as English newspapers write them.
_ROMANISED = str.maketrans(
    dict(
        zip(
            "абвгдезийклмнопрстуфыэґіјў" + "αβγδεζηικλμνξοπρσςτυφω",
            "abvgdeziyklmnoprstufyegiyu" + "avgdeziiklmnxoprsstyfo",
            strict=True,
        )
    )
    | {
        "ё": "yo", "ж": "zh", "х": "kh", "ц": "ts", "ч": "ch", "ш": "sh", "щ": "shch", "ъ": "", "ь": "",
        "ю": "yu", "я": "ya", "є": "ye", "ї": "yi", "љ": "ly", "њ": "ny", "ћ": "ch", "ђ": "dj", "џ": "dzh",
        "ѓ": "g", "ќ": "k", "ѕ": "dz", "ә": "a", "ғ": "gh", "қ": "q", "ң": "ng", "ө": "o", "ұ": "u",
        "ү": "u", "һ": "h", "θ": "th", "χ": "h", "ψ": "ps", "’": "", "ʼ": "",
    }
)  # fmt: skip
_GREEK_PAIRS = {
    "ου": "ou", "αι": "e", "ει": "i", "οι": "i", "μπ": "b", "ντ": "d", "γγ": "ng", "γκ": "g", "ευ": "ev",
    "αυ": "av", "τζ": "tz",
}  # fmt: skip

_ANY = re.compile(f"[{_CYRILLIC}{_GREEK}{''.join(_BLOCKS.values())}]|(?![0-9])\\d")
_GREEK_ALONE = re.compile(
    f"(?<![{_GREEK}])(?:(?!Ω|μ[a-zA-Z])[{_GREEK}]|(?<!\\d)(?<!\\d )(?<!\\d[kM])(?<!\\d [kM])Ω)(?![{_GREEK}])"
)
"""A Greek letter alone, unless it is part of a unit, as in 5 kΩ and 3 μm."""
_GREEK_WORD = re.compile(f"[{_GREEK}\u0300-\u036f]{{2,}}")
_CYRILLIC_WORD = re.compile(f"[{_CYRILLIC}\u0301’ʼ]+")
_OPENING = ("", " ", "(", "[", '"', "“", "„", "«")
_CLOSING = ("", " ", ")", "]", '"', "”", "»", ",", ".", ";", ":", "!", "?")
_PUNCTUATION = str.maketrans("。、，；：！？「」『』《》（）・", '.,,;:!?""""""()\u0020')


def foreign(text: str, language: str) -> str:
    """Turn what is written in another script into words for a voice of `language` (ISO 639-1).

    Text without another script comes back unchanged, and so does all text for an unknown language.
    """
    known = language in _LATIN_VOICES or language in _READS_ANOTHER or _OTHER_LATIN.fullmatch(language)
    if text.isascii() or not known or not _ANY.search(text):
        return text
    text = "".join(str(unicodedata.decimal(char)) if char.isdecimal() else char for char in text)
    text = _without_sounds(text, language)
    if language != "el":
        text = _GREEK_WORD.sub(_greek_word, text)
        text = _greek_named(text, language)
    if language not in _CYRILLIC_VOICES:
        text = _CYRILLIC_WORD.sub(_cyrillic_word, text)
    return re.sub(r"\s+(?=[,.;:!?](?:\s|$))", "", " ".join(text.split()))


def _without_sounds(text: str, language: str) -> str:
    """Replace each run of a script that is not transliterated: the first of a script by a phrase."""
    own = _OWN_SCRIPTS.get(language, ())
    silent = {name: block for name, block in _BLOCKS.items() if name not in own}
    if not re.search(f"[{''.join(silent.values())}]", text):
        return text
    if not own:
        text = text.translate(_PUNCTUATION)
    japanese = re.search(f"[{_BLOCKS[_JAPANESE]}]", text) is not None
    said: set[str] = set()

    def phrase(match: re.Match[str]) -> str:
        script = next(name for name, block in silent.items() if re.match(f"[{block}]", match["run"]))
        script = _JAPANESE if script == _CHINESE and japanese else script
        repeats = match["gloss"] is not None or match["open"] is not None or script in said
        said.add(script)
        words = "" if repeats else _phrase(script, language)
        before, behind = match.string[: match.start()][-1:], match.string[match.end() :][:1]
        front = "" if before in _OPENING else " "
        return front + words + (" " if words and behind not in _CLOSING else "")

    return re.sub(
        f"\\s*(?P<open>\\(\\s*)?(?P<run>{_runs(silent)})(?(open)\\s*\\)|(?P<gloss>(?=\\s*\\([a-zà-ž])))?\\s*",
        phrase,
        text,
        flags=re.IGNORECASE,
    )


def _runs(silent: dict[str, str]) -> str:
    """Pattern of a run of one script, with marks and digits inside. Japanese uses Chinese characters, too."""
    together = {**silent}
    if _JAPANESE in together and _CHINESE in together:
        together[_JAPANESE] += together.pop(_CHINESE)
    return "|".join(f"[{b}](?:[\\s{b}\u200c\u200d.,;:!?0-9-]*[{b}])?" for b in together.values())


def _phrase(script: str, language: str) -> str:
    """`in Japanese`, in the voice's language; empty where the tables have no column for that."""
    if language not in _LATIN_VOICES:
        return ""
    column = _LATIN_VOICES.index(language)
    if script in _PHRASES:
        return _PHRASES[script].split("|")[column]
    return f"{_IN[column]} {_NAMES[script].split()[column]}"


def _greek_named(text: str, language: str) -> str:
    """`Δx` -> `Delta x`: espeak-ng names Greek letters, too, but runs them into the letter beside them."""
    names = dict(zip(_GREEK_LETTERS, _GREEK_NAMES.get(language, "").split(), strict=False))
    names["ς"] = names.get("σ", "")

    def named(match: re.Match[str]) -> str:
        plain = unicodedata.normalize("NFD", match[0].lower())[0]
        if not names.get(plain):
            return match[0]
        before = " " * match.string[: match.start()][-1:].isalnum()
        return before + names[plain] + " " * match.string[match.end() :][:1].isalnum()

    return _GREEK_ALONE.sub(named, text)


def _greek_word(match: re.Match[str]) -> str:
    letters = "".join(c for c in unicodedata.normalize("NFD", match[0]) if not unicodedata.combining(c))
    low = letters.lower()
    for pair, sound in _GREEK_PAIRS.items():
        low = low.replace(pair, sound)
    return _cased(low.translate(_ROMANISED), letters)


def _cyrillic_word(match: re.Match[str]) -> str:
    word = match[0].replace("\u0301", "")
    low = word.lower()
    if re.search("[іїєґ]", low):  # Ukrainian, where и is no i
        low = low.replace("и", "y").replace("ї", "i")
    return _cased(low.translate(_ROMANISED), word)


def _cased(romanised: str, original: str) -> str:
    """Give a transliterated word the capitals of the original: none, the first letter, or all."""
    if len(original) > 1 and original.isupper():
        return romanised.upper()
    return romanised[:1].upper() + romanised[1:] if original[:1].isupper() else romanised
