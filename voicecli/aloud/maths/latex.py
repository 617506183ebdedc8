r"""LaTeX between its marks -> words, or signs where the voice speaks no English.

Read by descent: `\frac{..}{..}`, `\sqrt[..]{..}`, `^`, `_` and accents take what follows them; other commands
have a word or a sign each; what is unknown is left out, its arguments are read.
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
    """Signs that espeak-ng has words for in the language of the voice."""
    text = re.sub(r"\\[dt]?frac\s*{([^{}]*)}\s*{([^{}]*)}", r"\1/\2", source)
    text = re.sub(
        r"\\([A-Za-z]+)",
        lambda match: f" {SYMBOLS.get(match[1], match[1] if match[1] in GREEK else '')} ",
        text,
    )
    return " ".join(re.sub(r"[\\{}$]", " ", text).split())


class _Formula:
    """One pass over the signs of a formula."""

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
        """Inside |...|."""

    def words(self, until: str = "") -> str:
        """What is read up to the closing brace or bracket, which is taken."""
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
        """Whether the bracket that was just taken holds what a function of one letter is applied to."""
        at = self._at - 2
        return (
            at >= 0
            and self._signs[at][1] in ("f", "g", "h", "P", "F", "E", "p", "O")
            and self._signs[at][0] == "char"
        )

    def _argument(self) -> str:
        """The group or the one sign that a command takes."""
        while self._at < len(self._signs) and self._signs[self._at][0] == "space":
            self._at += 1
        if self._at == len(self._signs):
            return ""
        kind, sign = self._signs[self._at]
        self._at += 1
        return self._one(kind, sign, [])

    def _option(self) -> str:
        """The words of `[...]`, where a command has it."""
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
        """The text of a group as it stands, its letters not parted."""
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
        """Numbers in words: of the digits of `2 m_1 m_2`, units would make metres."""
        index = _in_words(self._argument())
        if len(before) > 1 and len(before[-1]) == 1:
            before[-2] = _in_words(before[-2])
        return index if before and ATOM.fullmatch(index) else f"sub {index}"

    def _bar(self, before: list[str]) -> str:
        """`P(A|B)`: given; `|x|`: the absolute value of x."""
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
    """What is said of a power behind its base: squared, cubed, to the fourth, to the minus three, to the n."""
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
    """(3, 4) -> three quarters; empty where no such word is used."""
    if not above > 0 or not 1 < below <= 1000:
        return ""
    name = {2: "half", 4: "quarter"}.get(below) or ordinal(below).removeprefix("one ")
    if above > 1:
        name = {"half": "halves"}.get(name, f"{name}s")
    return f"{'one' if above == 1 else above} {name}"


def _sized(match: re.Match[str]) -> str:
    return "" if match[1] == "." else match[1] or ""
