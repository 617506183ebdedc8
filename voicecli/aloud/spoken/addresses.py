"""Addresses, paths, flags, names in programs, operators and codes -> words that can be told apart by ear."""

from __future__ import annotations

import re

from voicecli.aloud.rules.numerals import digits
from voicecli.aloud.rules.rules import (
    FILE,
    HASH,
    INNER_POINT,
    LONG_CODE,
    POINTS,
    ROOTED,
    Rules,
    one_of,
    words,
)
from voicecli.aloud.spoken.numbers import port

_TOP = "com|org|net|io|dev|edu|gov|ai|co|uk|de|fr|eu|us|me|app|info|test|example|invalid|local|lan|localhost|cloud|tv|ch|nl|es|it|pl|jp|cn|xyz|tech"
_SURE_TOP = "com|org|net|io|dev|edu|gov|ai|app|info|example|test|co\\.uk|de|fr|eu|nl|ch"
_SPELT = frozenset(words("md txt py js ts tsx jsx json yml toml csv xml html css sh exe dll pdf doc docx xls xlsx ppt pptx png jpg jpeg gif svg mp3 mp4 wav flac ogg tar gz tgz rs cpp hpp rb php sql ini cfg conf lock gguf onnx iso deb rpm apk dmg bat ps1 ipynb tex log env bin yaml zip go java swift kt lua"))  # fmt: skip
"""File name extensions; unless `_AS_WORDS` has one, it is spelt."""
_AS_WORDS = {"bin": "bin", "log": "log", "conf": "conf", "lock": "lock", "yaml": "yaml", "zip": "zip", "go": "go", "java": "java", "swift": "swift", "lua": "lua", "toml": "toml", "gif": "gif", "json": "jason", "env": "env", "iso": "iso", "onnx": "onnx", "tar": "tar", "bat": "bat"}  # fmt: skip
_FOLDERS = {"usr": "user", "etc": "etsy", "src": "source", "lib": "lib", "var": "var", "tmp": "temp", "opt": "opt", "dev": "dev", "cfg": "config", "config": "config", "ssh": "S S H", "readme": "read me", "localhost": "local host", "github": "git hub", "gitignore": "git ignore", "github.com": "git hub dot com"}  # fmt: skip
_END = one_of(_SPELT)
_LETTERS_AND_DIGITS = re.compile(r"(?<=[A-Za-z])(?=\d)|(?<=\d)(?=[A-Za-z])")


def word(part: str) -> str:
    """One part of an address: `python3` -> python 3, `max_tokens` -> max tokens."""
    part = part.strip()
    if part.lower() in _FOLDERS:
        return _FOLDERS[part.lower()]
    if part.isascii() and part.isupper() and 1 < len(part) < 4:
        return " ".join(part)
    part = re.sub(r"(?<=[a-z]{2})(?=[A-Z][a-z])", " ", part)
    return " ".join(_LETTERS_AND_DIGITS.sub(" ", part.replace("_", " ").replace("-", " ")).split())


def _ending(name: str) -> str:
    """Say a file name's extension: `py` -> P Y, `json` -> jason."""
    return _AS_WORDS.get(name.lower()) or " ".join(
        _LETTERS_AND_DIGITS.sub(" ", name).replace(" ", "").upper()
    )


def _file_name(name: str) -> str:
    """Say a file name: `.bashrc`, `notes.txt`, `archive.tar.gz`."""
    begin = "dot " if name.startswith(".") and len(name) > 1 else ""
    stem, *ends = name.lstrip(".").split(".")
    said = [
        word(stem),
        *(
            _ending(end) if end.lower() in _SPELT else digits(end) if end.isdigit() else word(end)
            for end in ends
        ),
    ]
    return begin + " dot ".join(part for part in said if part)


def _path(match: re.Match[str]) -> str:
    """Say every part of a path, and not the slashes between them."""
    written = match[0]
    tail = written[len(written.rstrip(".,;:!?")) :]
    written = written.rstrip(".,;:!?")
    home = "home " if written.startswith("~") else ""
    drive = re.match(r"([A-Za-z]):", written)
    parts = re.split(r"[/\\]+", written[2:] if drive else written.lstrip("~"))
    said = [part for raw in parts if (part := _file_name(raw)) and raw != "."]
    return (f"{drive[1].upper()}, " if drive else home) + ", ".join(said) + tail


def _mail(match: re.Match[str]) -> str:
    name, host = match[1], match[2]
    for sign, said in (("_", "underscore"), ("-", "dash"), (".", "dot"), ("+", "plus")):
        name = name.replace(sign, f" {said} ")
    said = ip(host) if host.replace(".", "").isdigit() else host_words(host)
    return f"{' '.join(_LETTERS_AND_DIGITS.sub(' ', name).split())} at {said}"


def host_words(host: str) -> str:
    """Say a host: docs.example.co.uk -> docs dot example dot co dot U K."""
    labels = host.split(".")
    said = [_FOLDERS.get(label.lower(), label).replace("-", " dash ") for label in labels]
    if len(labels) > 1 and len(labels[-1]) == 2 and labels[-1] not in ("io", "me", "co"):
        said[-1] = " ".join(labels[-1].upper())
    return " dot ".join(said)


def _host(match: re.Match[str]) -> str:
    """Say a host with its port and path: `localhost:8080/docs`. Without a port, the path is left out."""
    name, number, path = match[1], match[2], match[3] or ""
    tail = path[len(path.rstrip(".,;:!?")) :]
    parts = [_file_name(part) for part in re.split(r"[/?#&=]+", path.rstrip(".,;:!?")) if part]
    said = ip(name) if name[0].isdigit() and name.replace(".", "").isdigit() else host_words(name)
    return (
        said + (f" {port(number)}" if number else "") + "".join(f" {part}" for part in parts if number) + tail
    )


def ip(address: str) -> str:
    """Say an IP address: 192.168.1.1 -> one nine two dot one six eight dot one dot one."""
    return " dot ".join(map(digits, address.split(".")))


def _machine(match: re.Match[str]) -> str:
    if any(int(part) > 255 for part in match[1].split(".")):
        return match[0]
    number = f", port {port(match[3])}" if match[3] else ""
    return ip(match[1]) + (f" slash {match[2]}" if match[2] else "") + number


def _flag(match: re.Match[str]) -> str:
    name = match[2].replace("-", " ").replace("_", " ")
    return f"{'dash ' * len(match[1])}{name}" + (f" {match[3]}" if match[3] else "")


def _identifier(match: re.Match[str]) -> str:
    """Say a program's name as words: `get_user_name()` -> get user name."""
    return word(match[0].removesuffix("()"))


def _code(match: re.Match[str]) -> str:
    """Say the first four characters of a hash: enough to tell it from another."""
    return " ".join(match[0][:4].upper()) if any(map(str.isdigit, match[0])) else match[0]


_NAMES = {"C++": "C plus plus", "c++": "C plus plus", "C#": "C sharp", "F#": "F sharp", "Notepad++": "Notepad plus plus", "g++": "G plus plus", ".NET": "dot net", "ASP.NET": "A S P dot net", "VB.NET": "V B dot net", "Objective-C": "Objective C", "GitHub": "Git Hub", "localhost": "local host"}  # fmt: skip
_KEYS = {"Ctrl": "Control", "Cmd": "Command", "Win": "Windows"}
_OPERATORS = {"&&": "and", "||": "or", "!=": "is not equal to", "!==": "is not equal to", "==": "equals", "===": "equals", ">=": "is at least", "<=": "is at most", "->": "to", "=>": "to", "::": ",", "+=": "plus equals", "-=": "minus equals", "|": "pipe", ">>": "into", "++": "plus plus"}  # fmt: skip
_PATH_END = r"(?=[\s,;:!?)\"'”’]|\.(?:\s|$)|$)"

OPERATORS = Rules(
    [
        (
            ("!&+<=>|", "=", "&&", "||"),
            re.compile(
                rf"(?:(?<=\s)|^)({one_of(['&&', '||', '!==', '!=', '===', '==', '>=', '<=', '+=', '-='])})(?=\s|$)"
            ),
            lambda match: _OPERATORS[match[1]],
        ),
        (
            ("&|", "&&", "||"),
            re.compile(r"\s*(?:&&|\|\|)\s*"),
            lambda match: " and " if "&" in match[0] else " or ",
        ),
    ]
)
NAMES = Rules(
    [
        (
            ("+-", "Ctrl", "Control", "Alt", "Shift", "Cmd", "Command", "Option", "Win", "Super", "Fn"),
            re.compile(r"\b(Ctrl|Control|Alt|Shift|Cmd|Command|Option|Win|Super|Fn)[+-](?=\w)"),
            lambda match: f"{_KEYS.get(match[1], match[1])} ",
        ),
        (("C", "Ctrl", "Cmd"), re.compile(r"\b(Ctrl|Cmd)\b"), lambda match: _KEYS[match[1]]),
        (("+", "++"), re.compile(r"(?<=\b[a-z])\+\+"), " plus plus"),
        (
            ("+ACFGNOVl", "+", "#", ".NET", "Objective-C", "GitHub", "localhost"),
            re.compile(rf"(?<![\w.])({one_of(_NAMES)})(?![\w+#])"),
            lambda match: _NAMES[match[1]],
        ),
        (
            ("", ".js", ".ts"),
            re.compile(
                r"\b(Node|Vue|Next|React|Express|Three|D3|Nuxt|Nest|Chart|Discord|Ember|Backbone|Alpine|node|vue|next|react)\.(js|ts)\b",
                re.IGNORECASE,
            ),
            lambda match: f"{'View' if match[1].lower() == 'vue' else match[1]} {' '.join(match[2].upper())}",
        ),
        (
            "&",
            re.compile(r"\b([A-Z]{1,3})&([A-Z])(s?)\b"),
            lambda match: f"{' '.join(match[1])} and {match[2]}{match[3] and chr(39) + 's'}",
        ),
        ("&", re.compile(r"(?<=\w)\s?&\s?(?=\w)|(?<=\s)&(?=\s)|^& "), " and "),
        ("§", re.compile(r"§§? ?(?=\d)"), "section "),
        ("¶", re.compile(r"¶ ?(?=\d)"), "paragraph "),
        ("§", re.compile(r"§"), " section "),
        ("¶", re.compile(r"¶"), " paragraph "),
        ("#№", re.compile(r"(?<!\w)(?:#|№ ?)(?=\d)"), "number "),
        ("#", re.compile(r"(?<![\w#&])#(?=[A-Za-z])"), "hashtag "),
    ]
)
ADDRESSES = Rules(
    [
        (
            (HASH, "-"),
            re.compile(r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b", re.IGNORECASE),
            _code,
        ),
        (
            HASH,
            re.compile(
                r"\b(?:sha\d+[:-])?(?=[0-9a-f]*\d[0-9a-f]*[a-f]|[0-9a-f]*[a-f][0-9a-f]*\d)[0-9a-f]{12,}\b",
                re.IGNORECASE,
            ),
            _code,
        ),
        (
            LONG_CODE,
            re.compile(
                r"(?<![\w/.-])(?=[\w+=-]*[a-z][\w+=-]*[A-Z]|[\w+=-]*[A-Z][\w+=-]*[a-z])(?=[\w+=-]*\d[\w+=-]*[A-Za-z][\w+=-]*\d)[\w+=-]{20,}"
            ),
            _code,
        ),
        ("@", re.compile(r"\b([\w.+-]*[\w+-])@((?:[\w-]+\.)+\w+|localhost)"), _mail),
        (
            POINTS,
            re.compile(r"(?<![\w.])(\d{1,3}(?:\.\d{1,3}){3})(?:/(\d{1,2}))?(?::(\d{2,5}))?(?![\w/]|\.\d)"),
            _machine,
        ),
        (
            (":", *(f":{digit}" for digit in "0123456789")),
            re.compile(
                rf"(?<![\w@.])((?:[\w-]+\.)+(?:{_TOP})|localhost|\d{{1,3}}(?:\.\d{{1,3}}){{3}}):(\d{{2,5}})((?:/[^\s<>\"'“”‘’()]*)?)"
            ),
            _host,
        ),
        (INNER_POINT, re.compile(rf"(?<![\w@.])((?:[\w-]+\.)+(?:{_SURE_TOP}))\b()(?!\.\w|@)()"), _host),
        (
            ROOTED,
            re.compile(
                rf"(?<![\w.])[A-Za-z]:\\[^\s,;<>\"'()]*|(?<![\w.<])(?:~|\.\.?)?/(?=[\w.])[\w.+@%~-]+(?:/[\w.+@%~-]*)+{_PATH_END}|(?<![\w.<])(?:~|\.\.?)/[\w.+@%-]+{_PATH_END}"
            ),
            _path,
        ),
        (
            ROOTED,
            re.compile(
                rf"(?<![\w./])/(?:usr|etc|bin|home|tmp|var|opt|dev|api|proc|mnt|srv|docs|v\d)\b{_PATH_END}"
            ),
            _path,
        ),
        (
            FILE,
            re.compile(
                rf"(?<![\w./:])[\w.-]*[A-Za-z_][\w.-]*/(?:[\w.-]+/)*[\w-]*\.(?:{_END})\b(?!/)|(?<![\w./:])(?:[\w.-]*[A-Za-z_][\w.-]*/){{2,}}[\w.-]*{_PATH_END}|(?<![\w./])[\w-]*_[\w-]*/{_PATH_END}"
            ),
            _path,
        ),
        (
            INNER_POINT,
            re.compile(rf"(?<![\w./@])[\w-]+(?:\.[\w-]+)*\.(?:{_END})\b(?![\w/]|\.\w)(?<!\d\.\d)"),
            lambda match: _file_name(match[0]),
        ),
        (
            INNER_POINT,
            re.compile(r"(?<![\w./])\.(?=[a-z]{2,}[\w-]*\b)[\w-]+(?:\.\w+)*"),
            lambda match: _file_name(match[0]),
        ),
        ("-", re.compile(r"(?<![\w-])(-{1,2})([A-Za-z][\w-]*)(?:=([\w./-]+))?(?![\w-])"), _flag),
        ("(_", re.compile(r"\b_*[A-Za-z]\w*_\w*(?:\(\))?|\b[A-Za-z]\w*\(\)"), _identifier),
    ]
)
