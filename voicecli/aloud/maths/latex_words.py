"""Words for the commands and signs of LaTeX: data alone."""

from __future__ import annotations

import re

from voicecli.aloud.rules.rules import words

GREEK = (
    "alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi omicron pi rho sigma tau upsilon "
    "phi chi psi omega"
)
WORDS = {
    **{name: name for name in GREEK.split()},
    **{name.title(): f"capital {name}" for name in GREEK.split()},
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
SIGNS = {
    "+": "plus", "-": "minus", "−": "minus", "=": "equals", "<": "is less than", ">": "is greater than",
    "*": "times", "×": "times", "·": "times", "/": "over", "!": "factorial", "%": "per cent", "'": "prime",
    "~": "", ":": ":", "≤": "is less than or equal to", "≥": "is greater than or equal to", "≠": "is not equal to",
    "≈": "is about", "±": "plus or minus", "∞": "infinity", "→": "to", "∈": "is in", "π": "pi", "√": "the square root of",
}  # fmt: skip
BIG = frozenset({"sum", "prod", "int", "iint", "oint", "lim", "min", "max", "sup", "inf", "bigcup", "bigcap"})
TEXTUAL = frozenset(
    words(
        "text textbf textit textrm texttt mathrm mathbf mathit mathsf mathtt operatorname mbox boldsymbol mathcal mathbb "
        "mathfrak boxed tag label"
    )
)
ACCENTS = {
    "bar": "bar",
    "overline": "bar",
    "hat": "hat",
    "widehat": "hat",
    "tilde": "tilde",
    "vec": "vector",
    "dot": "dot",
    "ddot": "double dot",
}
SETS = {
    "R": "the real numbers",
    "N": "the natural numbers",
    "Z": "the integers",
    "Q": "the rational numbers",
    "C": "the complex numbers",
}
ATOM = re.compile(r"\w+|\w \w+")
SYMBOLS = {
    "pm": "±", "times": "×", "cdot": "×", "div": "÷", "leq": "≤", "le": "≤", "geq": "≥", "ge": "≥", "neq": "≠",
    "ne": "≠", "approx": "≈", "infty": "∞", "sqrt": "√", "sum": "∑", "int": "∫", "to": ",", "rightarrow": ",",
}  # fmt: skip
