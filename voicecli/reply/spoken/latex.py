r"""LaTeX between its marks -> words, or signs where the voice speaks no English.

Read by descent: `\frac{..}{..}`, `\sqrt[..]{..}`, `^`, `_` and accents take what follows them; other commands
have a word or a sign each; what is unknown is left out, its arguments are read.
"""

from __future__ import annotations

import re

from voicecli.reply.spoken.numerals import ordinal

_TOKEN = re.compile(r"\\([A-Za-z]+)\*?|\\(.)|([{}^_&])|(\d+(?:[.,]\d+)*)|(\s+)|(.)", re.DOTALL)

_GREEK = (
    "alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi omicron pi rho sigma tau upsilon "
    "phi chi psi omega"
)
_WORDS = {
    **{name: name for name in _GREEK.split()},
    **{name.title(): f"capital {name}" for name in _GREEK.split()},
    "varepsilon": "epsilon", "vartheta": "theta", "varphi": "phi", "varrho": "rho", "varsigma": "sigma",
    "pm": "plus or minus", "mp": "minus or plus", "times": "times", "cdot": "times", "ast": "times",
    "div": "divided by", "leq": "is less than or equal to", "le": "is less than or equal to",
    "leqslant": "is less than or equal to", "geqslant": "is greater than or equal to",
    "geq": "is greater than or equal to", "ge": "is greater than or equal to", "lt": "is less than",
    "gt": "is greater than", "ll": "is much less than", "gg": "is much greater than",
    "neq": "is not equal to", "ne": "is not equal to", "approx": "is about", "sim": "is similar to",
    "simeq": "is about", "cong": "is congruent to", "equiv": "is equivalent to", "propto": "is proportional to",
    "in": "is in", "notin": "is not in", "ni": "contains", "subset": "is a subset of",
    "subseteq": "is a subset of", "supset": "is a superset of", "supseteq": "is a superset of",
    "cup": "union", "cap": "intersection", "setminus": "without", "emptyset": "the empty set",
    "varnothing": "the empty set", "infty": "infinity", "partial": "partial", "nabla": "del", "ell": "l",
    "hbar": "h bar", "forall": "for all", "exists": "there exists", "neg": "not", "lnot": "not",
    "land": "and", "wedge": "and", "lor": "or", "vee": "or", "to": "to", "rightarrow": "to",
    "longrightarrow": "to", "mapsto": "maps to", "gets": "from", "leftarrow": "from",
    "Rightarrow": "implies", "implies": "implies", "Longrightarrow": "implies", "iff": "if and only if",
    "Leftrightarrow": "if and only if", "leftrightarrow": "if and only if", "therefore": "therefore",
    "because": "because", "circ": "composed with", "degree": "degrees", "angle": "angle", "perp": "is perpendicular to",
    "parallel": "is parallel to", "mid": "given", "dots": "and so on", "ldots": "and so on",
    "cdots": "and so on", "prime": "prime", "sum": "the sum", "prod": "the product", "int": "the integral",
    "iint": "the double integral", "oint": "the contour integral", "lim": "the limit",
    "sin": "sine", "cos": "cosine", "tan": "tangent", "cot": "cotangent", "sec": "secant", "csc": "cosecant",
    "arcsin": "arc sine", "arccos": "arc cosine", "arctan": "arc tangent", "sinh": "hyperbolic sine",
    "cosh": "hyperbolic cosine", "tanh": "hyperbolic tangent", "log": "log", "ln": "natural log",
    "exp": "exp", "min": "the minimum", "max": "the maximum", "sup": "the supremum", "inf": "the infimum",
    "det": "the determinant", "gcd": "the greatest common divisor", "arg": "the argument", "dim": "dim",
    "ker": "the kernel", "Pr": "the probability", "bmod": "mod", "mod": "mod", "triangle": "triangle",
    "quad": ",", "qquad": ",", "Re": "the real part", "Im": "the imaginary part", "dagger": "dagger",
}  # fmt: skip
_SIGNS = {
    "+": "plus", "-": "minus", "−": "minus", "=": "equals", "<": "is less than", ">": "is greater than",
    "*": "times", "×": "times", "·": "times", "/": "over", "!": "factorial", "%": "per cent", "'": "prime",
    "~": "", ":": ":", "≤": "is less than or equal to", "≥": "is greater than or equal to", "≠": "is not equal to",
    "≈": "is about", "±": "plus or minus", "∞": "infinity", "→": "to", "∈": "is in", "π": "pi", "√": "the square root of",
}  # fmt: skip
_BIG = frozenset(
    {"sum", "prod", "int", "iint", "oint", "lim", "min", "max", "sup", "inf", "bigcup", "bigcap"}
)
_TEXTUAL = frozenset(
    "text textbf textit textrm texttt mathrm mathbf mathit mathsf mathtt operatorname mbox boldsymbol mathcal mathbb "
    "mathfrak boxed tag label".split()
)
_ACCENTS = {
    "bar": "bar",
    "overline": "bar",
    "hat": "hat",
    "widehat": "hat",
    "tilde": "tilde",
    "vec": "vector",
    "dot": "dot",
    "ddot": "double dot",
}
_SETS = {
    "R": "the real numbers",
    "N": "the natural numbers",
    "Z": "the integers",
    "Q": "the rational numbers",
    "C": "the complex numbers",
}
_ATOM = re.compile(r"\w+|\w \w+")
_SYMBOLS = {
    "pm": "±", "times": "×", "cdot": "×", "div": "÷", "leq": "≤", "le": "≤", "geq": "≥", "ge": "≥", "neq": "≠",
    "ne": "≠", "approx": "≈", "infty": "∞", "sqrt": "√", "sum": "∑", "int": "∫", "to": ",", "rightarrow": ",",
}  # fmt: skip


def latex(source: str, language: str = "en") -> str:
    """The words of a formula without its marks, `$`, `\\(` or `\\[`."""
    if language != "en":
        return _symbols(source)
    return " ".join(_Formula(source).words().split()).replace(" ,", ",")


def _symbols(source: str) -> str:
    """Signs that espeak-ng has words for in the language of the voice."""
    text = re.sub(r"\\[dt]?frac\s*{([^{}]*)}\s*{([^{}]*)}", r"\1/\2", source)
    text = re.sub(
        r"\\([A-Za-z]+)",
        lambda match: f" {_SYMBOLS.get(match[1], match[1] if match[1] in _GREEK else '')} ",
        text,
    )
    return " ".join(re.sub(r"[\\{}$]", " ", text).split())


class _Formula:
    """One pass over the tokens of a formula."""

    def __init__(self, source: str) -> None:
        self._tokens: list[tuple[str, str]] = []
        for match in _TOKEN.finditer(
            re.sub(r"\\(?:left|right|[bB]igg?[lr]?)\s*(?![A-Za-z])\\?([.|]?)", _sized, source)
        ):
            kind = ("command", "escape", "mark", "number", "space", "char")[(match.lastindex or 1) - 1]
            if kind != "space":
                self._tokens.append((kind, match[match.lastindex or 0]))
            elif self._tokens and self._tokens[-1][1] in _TEXTUAL:
                continue
            else:
                self._tokens.append((kind, " "))
        self._at = 0
        self._bars = False
        """Inside |...|."""

    def words(self, until: str = "") -> str:
        """What is read up to the closing brace or bracket, which is taken."""
        said: list[str] = []
        while self._at < len(self._tokens):
            kind, token = self._tokens[self._at]
            self._at += 1
            if until and token == until and kind in ("mark", "char"):
                break
            said.append(self._one(kind, token, said))
        return " ".join(filter(None, said))

    def _one(self, kind: str, token: str, before: list[str]) -> str:
        match kind, token:
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
            case "char", sign if sign in _SIGNS:
                return _SIGNS[sign]
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
            and self._tokens[at][1] in ("f", "g", "h", "P", "F", "E", "p", "O")
            and self._tokens[at][0] == "char"
        )

    def _argument(self) -> str:
        """The group or the one token that a command takes."""
        while self._at < len(self._tokens) and self._tokens[self._at][0] == "space":
            self._at += 1
        if self._at == len(self._tokens):
            return ""
        kind, token = self._tokens[self._at]
        self._at += 1
        return self._one(kind, token, [])

    def _option(self) -> str:
        """The words of `[...]`, where a command has it."""
        if self._at < len(self._tokens) and self._tokens[self._at] == ("char", "["):
            self._at += 1
            return self.words("]")
        return ""

    def _command(self, name: str) -> str:
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
                return _SETS.get(letter := self._argument(), letter)
            case "begin" | "end" | "label" | "color":
                self._argument()
                return ""
            case _ if name in _TEXTUAL:
                return self._verbatim()
            case _ if name in _ACCENTS:
                return f"{self._argument()} {_ACCENTS[name]}"
            case _ if name in _BIG:
                return self._bounds(name)
            case _:
                return _WORDS.get(name, "")

    def _verbatim(self) -> str:
        """The text of a group as it stands, its letters not parted."""
        if self._at >= len(self._tokens) or self._tokens[self._at][1] != "{":
            return self._argument()
        parts: list[str] = []
        depth = 0
        while self._at < len(self._tokens):
            _, token = self._tokens[self._at]
            self._at += 1
            depth += {"{": 1, "}": -1}.get(token, 0)
            if not depth:
                break
            parts.append("" if token in "{}" else token)
        return "".join(parts)

    def _bounds(self, name: str) -> str:
        """`\\int_0^1` -> the integral from zero to one of; `\\lim_{x \\to 0}` -> the limit as x goes to zero of."""
        low = high = ""
        while self._at < len(self._tokens) and self._tokens[self._at][1] in ("_", "^", " ", "limits"):
            _, token = self._tokens[self._at]
            self._at += 1
            if token == "_":
                low = self._argument()
            elif token == "^":
                high = self._argument()
        word = _WORDS.get(name, "")
        if name in ("lim", "min", "max", "sup", "inf"):
            bound = low.replace(" to ", " goes to ", 1)
            return f"{word} {'as' if name == 'lim' else 'over'} {bound} of" if low else f"{word} of"
        if low and high:
            return f"{word} from {low} to {high} of"
        return f"{word} over {low} of" if low else f"{word} of"

    def _raised(self, before: list[str]) -> str:
        if self._at < len(self._tokens) and self._tokens[self._at] == ("command", "circ"):
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
        index = self._argument()
        return index if before and _ATOM.fullmatch(index) else f"sub {index}"

    def _bar(self, before: list[str]) -> str:
        """`P(A|B)`: given; `|x|`: the absolute value of x."""
        rest = [token for _, token in self._tokens[self._at :]]
        if (
            not self._bars
            and before
            and before[-1]
            and before[-1][-1].isalnum()
            and before[-1] not in _SIGNS.values()
        ):
            return "given"
        self._bars = not self._bars and "|" in rest
        return "the absolute value of" if self._bars else ","


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
    if _ATOM.fullmatch(above) and _ATOM.fullmatch(below):
        return f"{above} over {below}"
    return f"{above}, over {below},"


def fraction(above: int, below: int) -> str:
    """(3, 4) -> three quarters; empty where no such word is used."""
    if not 0 < above or not 1 < below <= 1000:
        return ""
    name = {2: "half", 4: "quarter"}.get(below) or ordinal(below).removeprefix("one ")
    if above > 1:
        name = {"half": "halves"}.get(name, f"{name}s")
    return f"{'one' if above == 1 else above} {name}"


def _sized(match: re.Match[str]) -> str:
    return "" if match[1] == "." else match[1] or ""
