"""Abbreviations, initials and shouted capitals -> words."""

from __future__ import annotations

import re

from voicecli.aloud.rules.names import DAYS, SHORT_DAYS, SHORT_MONTHS
from voicecli.aloud.rules.rules import STREET, Rules, one_of, words

_TITLES = {
    "Dr": "Doctor", "Mr": "Mr", "Mrs": "Mrs", "Ms": "Ms", "Prof": "Professor", "Gen": "General",
    "Sen": "Senator", "Rep": "Representative", "Gov": "Governor", "Pres": "President", "Capt": "Captain",
    "Cmdr": "Commander", "Lt": "Lieutenant", "Col": "Colonel", "Maj": "Major", "Sgt": "Sergeant",
    "Rev": "Reverend", "Hon": "Honourable", "Mt": "Mount", "Ft": "Fort", "Messrs": "Messieurs",
}  # fmt: skip
_STREETS = {
    "St": "Street", "Dr": "Drive", "Ave": "Avenue", "Av": "Avenue", "Blvd": "Boulevard", "Rd": "Road", "Ln": "Lane",
    "Ct": "Court", "Pl": "Place", "Sq": "Square", "Hwy": "Highway", "Pkwy": "Parkway", "Ter": "Terrace",
    "Cir": "Circle", "Expy": "Expressway",
}  # fmt: skip
_ALWAYS = {
    "Fig": "Figure", "fig": "figure", "Figs": "Figures", "figs": "figures", "Vol": "Volume", "vol": "volume",
    "vols": "volumes", "vs": "versus", "approx": "approximately", "Approx": "Approximately", "dept": "department", "Dept": "Department",
    "cf": "compare", "Apt": "Apartment", "apt": "apartment", "Ste": "Suite", "Blvd": "Boulevard", "Ave": "Avenue",
    "Hwy": "Highway", "Pkwy": "Parkway", "Inc": "Incorporated", "Ltd": "Limited", "Corp": "Corporation",
    "Bros": "Brothers", "Assn": "Association", "Univ": "University", "govt": "government", "Govt": "Government",
    "misc": "miscellaneous", "incl": "including", "excl": "excluding", "esp": "especially", "viz": "namely",
    "Jr": "Junior", "Sr": "Senior", "Eq": "Equation", "eq": "equation", "Mlle": "Mademoiselle", "Mme": "Madame",
    "resp": "respectively", "ibid": "ibidem", **SHORT_MONTHS,
}  # fmt: skip
_BEFORE_NUMBER = {
    "p": "page", "pp": "pages", "P": "page", "est": "established", "Est": "established", "c": "circa", "ca": "circa",
    "max": "maximum", "Max": "Maximum", "min": "minimum", "Min": "Minimum", "ext": "extension", "Ext": "extension",
    "tel": "telephone", "Tel": "telephone", "ch": "chapter", "Ch": "Chapter", "sec": "section", "Sec": "Section",
    "ver": "version", "v": "version", "par": "paragraph", "para": "paragraph", "art": "article", "Art": "Article",
    "no": "number", "No": "number", "nos": "numbers", "Nos": "numbers", "op": "opus", "Op": "Opus", "Rm": "Room",
    "rm": "room", "ed": "edition", "d": "died", "b": "born", "Pt": "Part", "pt": "part", "Bk": "Book", "l": "line",
}  # fmt: skip
_DIRECTIONS = {
    "N": "North",
    "S": "South",
    "E": "East",
    "W": "West",
    "NW": "Northwest",
    "NE": "Northeast",
    "SW": "Southwest",
    "SE": "Southeast",
}
_STATES = {
    "AL": "Alabama", "AK": "Alaska", "AZ": "Arizona", "AR": "Arkansas", "CA": "California", "CO": "Colorado",
    "CT": "Connecticut", "DE": "Delaware", "FL": "Florida", "GA": "Georgia", "HI": "Hawaii", "ID": "Idaho",
    "IL": "Illinois", "IN": "Indiana", "IA": "Iowa", "KS": "Kansas", "KY": "Kentucky", "LA": "Louisiana", "ME": "Maine",
    "MD": "Maryland", "MA": "Massachusetts", "MI": "Michigan", "MN": "Minnesota", "MS": "Mississippi", "MO": "Missouri",
    "MT": "Montana", "NE": "Nebraska", "NV": "Nevada", "NH": "New Hampshire", "NJ": "New Jersey", "NM": "New Mexico",
    "NY": "New York", "NC": "North Carolina", "ND": "North Dakota", "OH": "Ohio", "OK": "Oklahoma", "OR": "Oregon",
    "PA": "Pennsylvania", "RI": "Rhode Island", "SC": "South Carolina", "SD": "South Dakota", "TN": "Tennessee",
    "TX": "Texas", "UT": "Utah", "VT": "Vermont", "VA": "Virginia", "WA": "Washington", "WV": "West Virginia",
    "WI": "Wisconsin", "WY": "Wyoming", "DC": "D C",
}  # fmt: skip
"""Postal codes of the United States."""
_STREET_WORD = (
    r"(?:Street|Drive|Avenue|Boulevard|Road|Lane|Court|Place|Square|Highway|Parkway|Terrace|Circle)"
)
_WITH_SLASH = {"w/": "with", "w/o": "without", "b/c": "because", "c/o": "care of", "h/t": "hat tip", "n/a": "not applicable", "N/A": "not applicable", "a/c": "air conditioning", "A/C": "air conditioning", "s/he": "she or he", "w/in": "within"}  # fmt: skip
_STARTERS = (
    "The A An I It He She We They You This That These Those There Here In On At But And So If When What Who Why "
    "How My Your His Her Our Their Come Go Please Let Do Is Are Was Then Now Yes No For To After Before Since"
).replace(" ", "|")
"""Words that after an abbreviation begin a new sentence, and do not go on with a name."""
_DAY_GOES_ON = re.compile(rf",?\s+(?:[a-z\d]|{one_of(SHORT_MONTHS.values())}|{one_of(SHORT_DAYS)})|[,;:)–—-]")
_STARTS = re.compile(rf"(?:{_STARTERS})\b")

_SHORT_NAME = re.compile(r"[A-Z][a-z]{1,3}\.")
_SHOWN = frozenset({STREET})
_M = (".m.", ". m.", ".M.", ". M.")
_PHRASES = Rules(
    [
        (("g", "e.g.", "e. g."), re.compile(r"(?<!\w)e\.\s?g\.(?:,(?=\s))?"), "for example"),
        ((".", "i.e.", "i. e."), re.compile(r"(?<!\w)i\.\s?e\.(?:,(?=\s))?"), "that is"),
        (("k", "k.a.", "k. a."), re.compile(r"(?<!\w)[aA]\.\s?k\.\s?a\."), "also known as"),
        (("l", "et al."), re.compile(r"(?<!\w)et al\.(?=\s*[a-z(,;:])"), "et al"),
        (("c", "etc."), re.compile(r"(?<!\w)etc\.(?=[\s,;)]\s*[^\sA-Z])|(?<!\w)etc\.(?=[,;)])"), "et cetera"),
        (("c", "etc"), re.compile(r"(?<!\w)etc\.?(?!\w)"), "et cetera."),
        (("Vv", "Vs", "vs"), re.compile(r"(?<!\w)[Vv]s(?!\w)\.?"), "versus"),
        (("P", "Ph."), re.compile(r"\bPh\.\s?D\.(?=\s\w|,)"), "PhD"),
        (("R", "R.I.P"), re.compile(r"(?<!\w)R\.I\.P\.?"), "R I P"),
        (
            ("Mm", *_M),
            re.compile(r"(?<!\w)([ap])\.\s?m\.(?=\s*(?:[a-z,;:)(–-]|[A-Z]{2,}))", re.IGNORECASE),
            lambda match: f"{match[1]}m",
        ),
        (("Mm", *_M), re.compile(r"(?<!\w)([ap])\. ?m\.", re.IGNORECASE), lambda match: f"{match[1]}m."),
        (("&", "& Co"), re.compile(r"& (?=Co\b)"), "and "),
        (("C", "Co."), re.compile(r"\bCo\.(?=,?\s+[a-z]|,|$)"), "Company"),
        (("C", "Co."), re.compile(r"\bCo\.(?=\s)"), "Company."),
    ]
)


def _street(match: re.Match[str]) -> str:
    return f"{_STREETS[match[1]]}{match[2] or ''}"


def _abbreviated(match: re.Match[str]) -> str:
    """Say an abbreviation with a point: of `_TITLES`, of `_ALWAYS`, of `_BEFORE_NUMBER`, or a weekday."""
    word, rest = match[1], match.string[match.end() :]
    if word in _TITLES and rest[:1].isspace():
        return _TITLES[word]
    if full := _ALWAYS.get(word):
        ends = not rest.strip() or (rest[0].isspace() and _STARTS.match(rest.lstrip()))
        return full + ("." if ends else "")
    if word in _BEFORE_NUMBER and rest.lstrip(" ")[:1].isdigit():
        return _BEFORE_NUMBER[word] + ("" if rest[0] == " " else " ")
    return SHORT_DAYS[word] if word in SHORT_DAYS and _DAY_GOES_ON.match(rest) else match[0]


def _initials(match: re.Match[str]) -> str:
    """Write initials without their points; keep the last point where a sentence ends."""
    letters = " ".join(match[0].replace(".", " ").split())
    rest = match.string[match.end() :]
    spaced = match[0].endswith(" ")
    starts = spaced and bool(_STARTS.match(rest))
    if len(letters) == 1:
        behind_word = match.string[: match.start()].rstrip()[-1:].islower()
        initial = spaced and rest[:1].isupper() and letters != "I" and not (behind_word and starts)
        return f"{letters} " if initial else match[0]
    if not rest or starts:
        return f"{letters}. " if rest else f"{letters}."
    return letters if rest[0] in ",;:)'’?!\"”" else f"{letters} "


_POINTED = _PHRASES + Rules(
    [
        (
            ("mM", "min.", "max."),
            re.compile(r"(?<=\b[Tt]he )(min|max)\.(?=\s+[a-z])"),
            lambda match: _BEFORE_NUMBER[match[1]],
        ),
        # "Dr." and "St." before a name are titles; after a name they are a drive and a street.
        (
            STREET,
            re.compile(rf"(?<=[a-z] )({one_of(_STREETS)})\.(?=\s+(?:(?:{_STARTERS})\b))"),
            lambda match: f"{_STREETS[match[1]]}.",
        ),
        (
            STREET,
            re.compile(rf"(?<=[a-z] )({one_of(_STREETS)})\.(?=\s+[a-z(]|\s+[NSEW]{{1,2}}\b|[,;:)])()"),
            _street,
        ),
        (
            STREET,
            re.compile(rf"(?<=[a-z] )({one_of(_STREETS)})\.$()"),
            lambda match: f"{_STREETS[match[1]]}.",
        ),
        (
            STREET,
            re.compile(rf"(\b\d+[a-z]? (?:[A-Z][\w'’]+ ){{1,2}})({one_of(_STREETS)})\.?(?=\W|$)"),
            lambda match: match[1] + _STREETS[match[2]],
        ),
        (
            "RLCPSTE",
            re.compile(r"^(Rd|Ln|Ct|Pl|Sq|Ter|Cir|Expy)\.(?=$|\s)"),
            lambda match: _STREETS[match[1]] + ("" if match.string[match.end() :].strip() else "."),
        ),
        (("D", "Dr."), re.compile(r"^Dr\.(?=\s+[a-z]|,)"), "Drive"),
        (("S", "St"), re.compile(r"(?<![\w.])St\.?(?=\s+[A-Z][a-z])"), "Saint"),
        (".", re.compile(r"(?<![\w.])([A-Za-z]{1,6})\.(?![A-Za-z.])"), _abbreviated),
        (
            ".",
            re.compile(r"(\d) (min|sec|hrs?|yrs?|mos?|wks?|ft|lbs?|oz|tbsp|tsp)\.(?=\s+[a-z(\d]|[,;)])"),
            r"\1 \2",
        ),
        # With its points, the voice says J. K. Rowling as three sentences, the U.S. President as two.
        (".", re.compile(r"[A-Z](?<![\w.].)\. ?(?:[A-Z]\. ?)*(?![\w.]*@)"), _initials),
    ]
)
_UNPOINTED = Rules(
    [
        (
            ",",
            re.compile(
                rf"({one_of(_STATES)})(?<=[a-z], ..)(?=,| \d{{5}}\b|\.?$|[.;)]| (?:and|to|is|in|on|for|by|at|has)\b)"
            ),
            lambda match: _STATES[match[1]],
        ),
        # A clause may begin with the code of a state, when a clause ended before it: "St. Louis, / MO, to".
        (
            "ACDFGHIKLMNOPRSTUVW",
            re.compile(rf"^(?!OK|IN|OR|ME|HI|ID)({one_of(_STATES)})(?=,| \d{{5}}\b|\.?$)"),
            lambda match: _STATES[match[1]],
        ),
        (
            "ENSW",
            re.compile(rf"({_STREET_WORD},? )(NW|NE|SW|SE|[NSEW])\b\.?(?!['’])"),
            lambda match: match[1] + _DIRECTIONS[match[2]],
        ),
        (
            ("ENSW", " N", " S", " E", " W"),
            re.compile(rf"\b(\d+ )(NW|NE|SW|SE|[NSEW])\b\.?(?= [A-Z\d]\w*(?: \w+)? {_STREET_WORD})"),
            lambda match: match[1] + _DIRECTIONS[match[2]],
        ),
        (
            ("JS", "Jr", "Sr"),
            re.compile(r"(?<=[A-Z][a-z] )(Jr|Sr)\b|(?<=[a-z]{2} )(Jr|Sr)\b"),
            lambda match: _ALWAYS[match[1] or match[2]],
        ),
        (
            "FMSTW",
            re.compile(rf"^({one_of(SHORT_DAYS)})(?=[,:]?(?:\s\d|$)|[,:]\s)"),
            lambda match: SHORT_DAYS[match[1]],
        ),
        (
            ("FMSTW", *(day[:3] for day in DAYS)),
            re.compile(
                rf"\b({one_of(SHORT_DAYS)})(?=(?:\s?[–-]\s?|, (?:and )?|/| and | to | or )(?:{one_of(SHORT_DAYS)})\b)"
            ),
            lambda match: SHORT_DAYS[match[1]],
        ),
    ]
)
_DAY_LIST = re.compile(rf"(day(?:\s?[–-]\s?|, (?:and )?|/| and | to | or ))({one_of(SHORT_DAYS)})(?![\w])")
_SLASHED = re.compile(rf"(?<![\w/])({one_of(_WITH_SLASH)})(?![\w/])")
_POINT_INSIDE = re.compile(r"\.(?=[\s,;:)'’\w–-])(?!\d)")
_SHORT = re.compile(
    rf"[A-Z](?<!\w[A-Z])(?:[A-Z]|(?<=[NSEW])|(?<=[JS])r|{one_of({day[1:] for day in SHORT_DAYS})})\b"
)
MAY_END = frozenset({*_STREETS, *_ALWAYS, *_TITLES, *SHORT_DAYS, "etc", "Co", "vs"})
_SHOUTED = re.compile(r"\b[A-Z][A-Z'’]+\b")
_KEPT = frozenset(
    words(
        "FBI CIA NSA USA UK EU UN US AI API CPU GPU RAM USB SQL HTML CSS HTTP HTTPS URL PDF TV DVD CEO CTO FAQ ID IT DIY "
        "ATM PIN VIP BBC CNN NBA NFL IBM UFO GPS PC LLM TTS DNA RNA HIV ETA FYI ASAP IRS DMV MRI NASA NATO OK AD BC BCE CE AM PM"
    )
)
_COMMON = frozenset(
    words(
        "THE IS ARE NOT YOU TO DO THIS THAT AND OF FOR IN ON IT NO WE ALL YOUR MY VERY NOW BE WAS HAVE WITH WILL CAN WHAT"
    )
)
"""Words of sentences. If one of them is among capitals, these are shouted, and no list of abbreviations."""
_WORDS_TOO = frozenset({"IT", "US", "ID"})


def expand(text: str) -> str:
    """Put words in place of abbreviations, and small letters in place of shouted capitals."""
    if "." in text and (_POINT_INSIDE.search(text) or last_word(text) in MAY_END):
        text = _POINTED.apply(text, _SHOWN if _SHORT_NAME.search(text) else frozenset())
    if "/" in text:
        text = _SLASHED.sub(lambda match: _WITH_SLASH[match[1]], text)
    if _SHORT.search(text):
        text = _DAY_LIST.sub(lambda match: match[1] + SHORT_DAYS[match[2]], _UNPOINTED.apply(text))
    return calm(text) if text.isupper() else text


def calm(text: str) -> str:
    """Put small letters in place of the capitals of a shouted text, of three words or more."""
    shouted = _SHOUTED.findall(text)
    words = [word for word in shouted if word not in _KEPT or word in _WORDS_TOO]
    sentence = any(word in _COMMON for word in words) or all(len(word) > 3 for word in words)
    if len(shouted) < 3 or len(words) * 2 < len(shouted) or not sentence:
        return text
    kept = _KEPT - _WORDS_TOO
    calmed = _SHOUTED.sub(lambda match: match[0] if match[0] in kept else match[0].lower(), text)
    return re.sub(r"\bA\b(?= [a-z])", "a", calmed)


def last_word(text: str) -> str:
    """The last word of a text, without the point after it."""
    return text.rstrip(".").rpartition(" ")[2].lstrip("([\"'“‘")
