"""Signs of mathematics in running text -> words: powers, roots, comparisons, factorials, |x|, P(A|B)."""

from __future__ import annotations

import re

from voicecli.aloud.maths.latex import latex, raised
from voicecli.aloud.rules.rules import BEHIND_COMMA, Rules, behind_digit

_COMMAND = re.compile(
    r"(?<![\w:\\])\\(?:[dt]?frac|sqrt|sum|int|lim|alpha|beta|gamma|delta|theta|lambda|sigma|omega|pi|phi|mu|times|cdot|"
    r"leq?|geq?|neq?|approx|infty|pm|text|mathbf|mathrm|mathbb)(?![a-z])(?:\[[^\]]*\])?(?:\{(?:[^{}]|\{[^{}]*\})*\})*(?:[\^_](?:\{[^{}]*\}|\w))*"
)
_CHARGE = re.compile(r"\d?[+-]")
_ORDINAL = re.compile(r"st|nd|rd|th")


def _power(match: re.Match[str]) -> str:
    power = match[1] if match[1] is not None else match[2]
    power = power.strip("() ").replace("−", "-")
    power = power[1:] if len(power) > 1 and power[0] == "+" else power
    if not power or power.startswith("["):
        return ""
    if _ORDINAL.fullmatch(power) or power in ("TM", "SM", "®"):
        return "" if power in ("TM", "SM", "®") else power
    if power in ("o", "°"):
        return " degrees"
    if _CHARGE.fullmatch(power):
        return f" {power[:-1]} {'plus' if power[-1] == '+' else 'minus'}"
    return f" {raised(power.replace('-', 'minus '))}"


def _note(match: re.Match[str]) -> str:
    """Drop a raised number after a word or a stop: a footnote. After a letter or a digit it is a power."""
    return match[1]


def _scientific(match: re.Match[str]) -> str:
    sign = "minus " if match[2] == "-" else ""
    return (
        f"{match[1]} times 10 {raised(sign + match[3].lstrip('0') if sign else match[3].lstrip('0') or '0')}"
    )


_COMPARISONS = {
    "≠": "not equal to", "!=": "not equal to", "!==": "not equal to", "=/=": "not equal to", "<>": "not equal to",
    "<=": "at most", "≤": "at most", "⩽": "at most", ">=": "at least", "≥": "at least", "⩾": "at least",
    "<": "less than", ">": "more than", "≈": "about", "≃": "about", "≅": "about", "∼": "about",
}  # fmt: skip
_FUNCTIONS = {
    "sin": "sine", "cos": "cosine", "tan": "tangent", "log": "log", "ln": "natural log", "exp": "E X P",
    "sqrt": "the square root", "abs": "the absolute value",
}  # fmt: skip
_NO_SUBJECT = re.compile(
    r"\b(?:or|and|if|of|is|are|be|was|were|to|for|with|than|just|only|not|either|by|at|in|when|from|cost|costs|use|needs?|takes?|has|have)$",
    re.IGNORECASE,
)


def _compared(match: re.Match[str]) -> str:
    """`x < 5` -> x is less than 5; without "is" after words that need none: "or < 5"."""
    words = _COMPARISONS[next(filter(None, match.groups()))]
    before = match.string[: match.start()]
    return f" {words} " if not before or _NO_SUBJECT.search(before) else f" is {words} "


def _interval(match: re.Match[str]) -> str:
    return f"{match[1]}{match[2]} to {match[3]}"


MATHS = Rules(
    [
        ("*", re.compile(r"(?<=\w) \*\* (?=[\w(])"), "^"),
        # Footnotes: works.^{1}
        (("^", "^{"), re.compile(r"([.,;:!?\"”’)]|[A-Za-z]{4,})\^\{\d{1,2}\}(?=\s|$)"), _note),
        (behind_digit("eE"), re.compile(rf"({BEHIND_COMMA})[eE]([+-]?)(\d{{1,3}})(?!\w|\.\d)"), _scientific),
        ("*^", re.compile(r"(?<=\d)\s?[×x*]\s?(?=10 ?(?:\^|\*\*))"), " times "),
        (
            "*^{",
            re.compile(
                r"(?<=[\w)\]}])\s?(?:\^|\*\*)\{([^{}]*)\}|(?<=[\w)\]])\s?(?:\^|(?<=[\w)])\*\*(?=\S))(\([^()]*\)|[-−+]?\w+(?:\.\d+)?)\^?"
            ),
            _power,
        ),
        ("²³", re.compile(r"[²³](?<=[A-Za-z]{3}.)(?<!sin.)(?<!cos.)(?<!tan.)(?<!log.)(?=[\s,.;:]|$)"), ""),
        ("²", re.compile(r"²(?<=[A-Za-z\d)\]]²)"), " squared"),
        ("³", re.compile(r"³(?<=[A-Za-z\d)\]]³)"), " cubed"),
        (
            "_",
            re.compile(r"(?<=[A-Za-z])_\{([^{}]{1,12})\}|(?<=\b[A-Za-z])_(\d+|[a-z])\b"),
            lambda match: f" {match[1] or match[2]} ",
        ),
        ("~", re.compile(r"(?<=[\w)])~(\w{1,4})~"), r" \1 "),
        # |x|, P(A|B)
        ("(", re.compile(r"\b([A-Z][a-z]?)\(([^()|]+?) ?\| ?([^()|]+)\)"), r"\1 of \2 given \3"),
        ("|", re.compile(r"(?<![\w|])\|([\w+\-*/.()^ −]*[\w)])\|(?![\w|])"), r"the absolute value of \1"),
        (
            "(",
            re.compile(
                r"\b([fghPEO]|Pr|Var)\(([a-z0-9]|[A-Za-z0-9^ ∪∩+*/-]*[A-Z\d^∪∩][A-Za-z0-9^ ∪∩+*/-]*|n log n|log n)\)"
            ),
            r"\1 of \2",
        ),
        (
            "(",
            re.compile(r"\b(sin|cos|tan|log|ln|exp|sqrt|abs)\(([^()]{1,30})\)"),
            lambda match: f"{_FUNCTIONS[match[1]]} of {match[2]}",
        ),
        # Membership and limits
        (
            "([",
            re.compile(
                r"((?:∈|\bin|\binterval|\brange|\bfrom)\s)[\[(]\s?(-?[\w.∞−]+),\s?(-?[\w.∞−]+)\s?[\])]"
            ),
            _interval,
        ),
        ("→", re.compile(r"\b(\w|\w+\(\w\)) ?→ ?(?=[-+−]?(?:∞|\d|infinity))"), r"\1 goes to "),
        ("×", re.compile(r"(?<=\d) ?×(?=[\s.,;:)!?]*(?:[a-z]{3}|$|[.,;:)!?]))"), " times"),
        # A factorial in "5! is 120", but not in "Room 5!"
        (
            "!",
            re.compile(
                r"(?<![\w.,])(\d{1,3}|n)!(?=\s*[=+*/×)]|\s(?:is|equals|means|grows|and \d+!)(?!\w)|\?)|(?<=[(=/] )(\d{1,3}|n)!|\b(n)!"
            ),
            lambda match: f"{match[1] or match[2] or match[3]} factorial",
        ),
        (
            behind_digit("x"),
            re.compile(
                r"(?<=\d)x(?= (?:faster|slower|more|less|better|bigger|larger|smaller|the|as|longer|higher|cheaper|speed|zoom)\b)"
            ),
            " times",
        ),
        (
            behind_digit("abcmnxyz"),
            re.compile(
                r"(\d(?<![\w.]\d)\d*)([a-cm-nx-z])(?![\w'’-])(?=\s?[-+=^,.;)×*/]|\s(?:is|equals|plus|minus|squared)\b|$)"
            ),
            r"\1 \2",
        ),
        ("x", re.compile(r"x(?<!\wx)(?=\d+\b)(?!86\b)"), "times "),
        # Comparisons
        (("=≡", "==", "≡"), re.compile(r"\s*(?:===?|≡)\s*"), " equals "),
        (":", re.compile(r"\s*:=\s*"), " becomes "),
        (
            "!<=>∼≃≅≈≠≤≥⩽⩾",
            re.compile(r"(?<![^\w)\]])\s*(!==?|≠|=/=|<>|<=|≤|⩽|>=|≥|⩾|≈|≃|≅|∼)\s*(?=[\w$€£.(|+−√-])"),
            _compared,
        ),
        # A path through menus: Settings > Display
        (">", re.compile(r"(?<=[a-z]) > (?=[A-Z][a-z])"), ", "),
        (
            "<>",
            re.compile(
                r"(?<![^\w)\]])(?:\s+([<>])(?:\s+(?=[\w$€£(|-])|(?=[\d$€£]))|(?<=\b\w)([<>])(?=\d|\w\b))"
            ),
            _compared,
        ),
        ("!≠", re.compile(r"(?:!=|≠)"), " not equal to "),
        ("<≤⩽", re.compile(r"(?:<=|≤|⩽)"), " at most "),
        (">≥⩾", re.compile(r"(?:>=|≥|⩾)"), " at least "),
        ("≈", re.compile(r"≈"), " about "),
        ("<", re.compile(r"(?<!\S)<\s?(?=[\d$€£]|\s)"), "less than "),
        (">", re.compile(r"(?<!\S)>\s?(?=[\d$€£]|\s)"), "more than "),
        (
            "=",
            re.compile(r"=(?:(?<=\s=)(?=\s)|(?<=[\w)]=)(?=[\d(-])|(?<=\b\w=)(?=\w)|(?<=^=)(?=\s))"),
            " equals ",
        ),
        ("~", re.compile(r"~\s?(?=[$€£]?\d)"), "about "),
        # Signs with one word each
        (("+±", "±", "+/-", "+-"), re.compile(r"\s*(?:±|\+/-|\+-)\s*"), " plus or minus "),
        ("∓", re.compile(r"∓"), " minus or plus "),
        ("∛", re.compile(r"∛\s?"), " the cube root of "),
        ("√", re.compile(r"√\s?(?=[\w(])"), " the square root of "),
        ("√", re.compile(r"√"), " square root "),
        ("∞", re.compile(r"∞"), " infinity "),
        ("∑", re.compile(r"∑"), " the sum "),
        ("∏", re.compile(r"∏"), " the product "),
        ("∫", re.compile(r"∫"), " the integral of "),
        ("∂", re.compile(r"∂"), " partial "),
        ("∇", re.compile(r"∇"), " del "),
        ("∈", re.compile(r"\s*∈\s*"), " is in "),
        ("∉", re.compile(r"\s*∉\s*"), " is not in "),
        ("⊂⊆", re.compile(r"\s*[⊂⊆]\s*"), " is a subset of "),
        ("∪", re.compile(r"\s*∪\s*"), " union "),
        ("∩", re.compile(r"\s*∩\s*"), " intersection "),
        ("∅", re.compile(r"∅"), " the empty set "),
        ("∀", re.compile(r"∀"), " for all "),
        ("∃", re.compile(r"∃"), " there exists "),
        ("¬", re.compile(r"¬"), " not "),
        ("∧", re.compile(r"\s*∧\s*"), " and "),
        ("∨", re.compile(r"\s*∨\s*"), " or "),
        ("⇒⟹", re.compile(r"\s*[⇒⟹]\s*"), " implies "),
        ("⇔⟺", re.compile(r"\s*[⇔⟺]\s*"), " if and only if "),
        ("∴", re.compile(r"∴"), " therefore "),
        ("∵", re.compile(r"∵"), " because "),
        ("∝", re.compile(r"\s*∝\s*"), " is proportional to "),
        ("⊥", re.compile(r"\s*⊥\s*"), " is perpendicular to "),
        ("∠", re.compile(r"∠"), " angle "),
        ("·⋅", re.compile(r"(?<=\w)\s*[·⋅]\s*(?=\w)"), " times "),
        ("÷", re.compile(r"\s*÷\s*"), " divided by "),
        ("×", re.compile(r"(?<=\w) × (?=\w)"), " times "),
        ("′", re.compile(r"(?<=\d)[′](?=\s|$)"), " minutes"),
        ("‰", re.compile(r"‰"), " per mille"),
        ("*", re.compile(r"(?<=\d) ?\* ?(?=\d)|(?<=\b\w) ?\* ?(?=\w\b)"), " times "),
        ("-–−", re.compile(r"(?<=[\w)]) [-−–] (?=\d|\w\b(?!['’]))(?<=[\d)] [-−–] |\b\w [-−–] )"), " minus "),
        ("−", re.compile(r"−(?=\s?\d)"), "minus "),
    ]
)


def bare(text: str) -> str:
    """Put LaTeX commands in words where the text has them without marks such as `$`."""
    return _COMMAND.sub(lambda match: f" {latex(match[0])} ", text)
