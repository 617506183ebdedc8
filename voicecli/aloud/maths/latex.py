r"""The LaTeX of a formula -> words, or signs where the voice speaks no English.

A recursive descent parser: `\frac{..}{..}`, `\sqrt[..]{..}`, `^`, `_` and accents take what follows them. Any
other command has one word or sign. An unknown command is left out, and its arguments are said.
"""

from __future__ import annotations

import re

from voicecli.aloud.maths.latex_words import ACCENTS, ATOM, BIG, GREEK, SETS, SIGNS, SYMBOLS, TEXTUAL, WORDS
from voicecli.aloud.rules.numerals import cardinal, ordinal

_TOKEN = re.compile(r"\\([A-Za-z]+)\*?|\\(.)|([{}^_&])|(\d+(?:[.,]\d+)*)|(\s+)|(.)", re.DOTALL)


def latex(source: str, language: str = "en") -> str:
    r"""The words of a formula without its marks, `$`, `\(` or `\[`."""
    if language != "en":
        return _symbols(source)
    return " ".join(_Formula(source).words().split()).replace(" ,", ",")


def _symbols(source: str) -> str:
    """Write a formula in signs, for which espeak-ng has words in the language of the voice."""
    text = re.sub(r"\\[dt]?frac\s*{([^{}]*)}\s*{([^{}]*)}", r"\1/\2", source)
    text = re.sub(
        r"\\([A-Za-z]+)",
        lambda match: f" {SYMBOLS.get(match[1], match[1] if match[1] in GREEK else '')} ",
        text,
    )
    return " ".join(re.sub(r"[\\{}$]", " ", text).split())


class _Formula:
    """Reads one formula, token by token."""

    def __init__(self, source: str) -> None:
        self._signs: list[tuple[str, str]] = []
        for match in _TOKEN.finditer(
            re.sub(r"\\(?:left|right|[bB]igg?[lr]?)\s*(?![A-Za-z])\\?([.|]?)", _sized, source)
        ):
            kind = ("command", "escape", "mark", "number", "space", "char")[(match.lastindex or 1) - 1]
            if kind != "space":
                self._signs.append((kind, match[match.lastindex or 0]))
            elif self._signs and self._signs[-1][1] in TEXTUAL:
                continue
            else:
                self._signs.append((kind, " "))
        self._at = 0
        self._bars = False
        """Whether the token that is read next is inside |...|."""

    def words(self, until: str = "") -> str:
        """Say what comes up to the closing mark `until`, and take that mark; without it, up to the end."""
        said: list[str] = []
        while self._at < len(self._signs):
            kind, sign = self._signs[self._at]
            self._at += 1
            if until and sign == until and kind in ("mark", "char"):
                break
            said.append(self._one(kind, sign, said))
        return " ".join(filter(None, said))

    def _one(self, kind: str, sign: str, before: list[str]) -> str:  # noqa: C901, PLR0911 - one case a token
        match kind, sign:
            case "mark", "{":
                return self.words("}")
            case "mark", "^":
                return self._raised(before)
            case "mark", "_":
                return self._index(before)
            case "command", name:
                return self._command(name)
            case "escape", ("\\" | ";"):
                return ","
            case "escape", ("%" | "$" | "#" | "&") as sign:
                return {"%": "per cent", "$": "dollars", "#": "number", "&": "and"}[sign]
            case "escape", "|":
                return "norm"
            case "char", "|":
                return self._bar(before)
            case "char", sign if sign in SIGNS:
                return SIGNS[sign]
            case "char", "(" if before and self._applied():
                return "of"
            case (("char" | "number"), text):
                return "" if text in "()[]" else text
            case _:
                return ""

    def _applied(self) -> bool:
        """Whether the bracket just taken follows a function's letter, as in f(x)."""
        at = self._at - 2
        return (
            at >= 0
            and self._signs[at][1] in ("f", "g", "h", "P", "F", "E", "p", "O")
            and self._signs[at][0] == "char"
        )

    def _argument(self) -> str:
        """Say a command's argument: the next group in braces, or the next single token."""
        while self._at < len(self._signs) and self._signs[self._at][0] == "space":
            self._at += 1
        if self._at == len(self._signs):
            return ""
        kind, sign = self._signs[self._at]
        self._at += 1
        return self._one(kind, sign, [])

    def _option(self) -> str:
        """Say a command's optional argument, `[...]`; empty where it has none."""
        if self._at < len(self._signs) and self._signs[self._at] == ("char", "["):
            self._at += 1
            return self.words("]")
        return ""

    def _command(self, name: str) -> str:  # noqa: PLR0911 - one case a command
        match name:
            case "frac" | "dfrac" | "tfrac" | "cfrac":
                return _fraction(self._argument(), self._argument())
            case "binom" | "dbinom":
                return f"{self._argument()} choose {self._argument()}"
            case "sqrt":
                root = {"": "square", "2": "square", "3": "cube"}.get(option := self._option())
                root = root or (ordinal(int(option)) if option.isdigit() else f"{option}th")
                return f"the {root} root of {self._argument()},"
            case "pmod":
                return f"mod {self._argument()}"
            case "mathbb":
                return SETS.get(letter := self._argument(), letter)
            case "begin" | "end" | "label" | "color":
                self._argument()
                return ""
            case _ if name in TEXTUAL:
                return self._verbatim()
            case _ if name in ACCENTS:
                return f"{self._argument()} {ACCENTS[name]}"
            case _ if name in BIG:
                return self._bounds(name)
            case _:
                return WORDS.get(name, "")

    def _verbatim(self) -> str:
        """Give the text of a group as it stands, with no space between its letters."""
        if self._at >= len(self._signs) or self._signs[self._at][1] != "{":
            return self._argument()
        parts: list[str] = []
        depth = 0
        while self._at < len(self._signs):
            _, sign = self._signs[self._at]
            self._at += 1
            depth += {"{": 1, "}": -1}.get(sign, 0)
            if not depth:
                break
            parts.append("" if sign in "{}" else sign)
        return "".join(parts)

    def _bounds(self, name: str) -> str:
        r"""`\int_0^1` -> the integral from zero to one of; `\lim_{x \to 0}` -> the limit as x goes to zero of."""
        low = high = ""
        while self._at < len(self._signs) and self._signs[self._at][1] in ("_", "^", " ", "limits"):
            _, sign = self._signs[self._at]
            self._at += 1
            if sign == "_":
                low = self._argument()
            elif sign == "^":
                high = self._argument()
        word = WORDS.get(name, "")
        if name in ("lim", "min", "max", "sup", "inf"):
            bound = low.replace(" to ", " goes to ", 1)
            return f"{word} {'as' if name == 'lim' else 'over'} {bound} of" if low else f"{word} of"
        if low and high:
            return f"{word} from {low} to {high} of"
        return f"{word} over {low} of" if low else f"{word} of"

    def _raised(self, before: list[str]) -> str:
        if self._at < len(self._signs) and self._signs[self._at] == ("command", "circ"):
            self._at += 1
            return "degrees"
        power = self._argument()
        if power in ("composed with", "degrees"):
            return "degrees"
        if power == "prime":
            return "prime"
        if power in ("T", "top"):
            return "transpose"
        return raised(power) if before else power

    def _index(self, before: list[str]) -> str:
        """Say an index, numbers in words: the rules for units would take `2 m` in `2 m_1 m_2` for metres."""
        index = _in_words(self._argument())
        if len(before) > 1 and len(before[-1]) == 1:
            before[-2] = _in_words(before[-2])
        return index if before and ATOM.fullmatch(index) else f"sub {index}"

    def _bar(self, before: list[str]) -> str:
        """Say a bar: "given" in `P(A|B)`, "the absolute value of" in `|x|`."""
        rest = [sign for _, sign in self._signs[self._at :]]
        if (
            not self._bars
            and before
            and before[-1]
            and before[-1][-1].isalnum()
            and before[-1] not in SIGNS.values()
        ):
            return "given"
        self._bars = not self._bars and "|" in rest
        return "the absolute value of" if self._bars else ","


def _in_words(number: str) -> str:
    usual = number.isascii() and number.isdigit() and len(number) < 5 and str(int(number)) == number
    return cardinal(int(number)) if usual else number


def raised(power: str) -> str:
    """Say a power, after its base: squared, cubed, to the fourth, to the minus three, to the n."""
    if power in ("2", "3"):
        return {"2": "squared", "3": "cubed"}[power]
    if power.isascii() and power.isdigit() and len(power) < 10:
        return f"to the {ordinal(int(power))}"
    return f"to the {power}"


def _fraction(above: str, below: str) -> str:
    if (
        above.isdigit()
        and below.isdigit()
        and len(above + below) < 6
        and (spoken := fraction(int(above), int(below)))
    ):
        return spoken
    if ATOM.fullmatch(above) and ATOM.fullmatch(below):
        return f"{above} over {below}"
    return f"{above}, over {below},"


def fraction(above: int, below: int) -> str:
    """(3, 4) -> `3 quarters`, (1, 2) -> `one half`; empty where nobody says it like that."""
    if not above > 0 or not 1 < below <= 1000:
        return ""
    name = {2: "half", 4: "quarter"}.get(below) or ordinal(below).removeprefix("one ")
    if above > 1:
        name = {"half": "halves"}.get(name, f"{name}s")
    return f"{'one' if above == 1 else above} {name}"


def _sized(match: re.Match[str]) -> str:
    return "" if match[1] == "." else match[1] or ""
