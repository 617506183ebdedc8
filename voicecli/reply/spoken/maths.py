"""Signs of mathematics in running text -> words: powers, roots, comparisons, factorials, |x|, P(A|B)."""

from __future__ import annotations

import re

from voicecli.reply.spoken.latex import latex, raised
from voicecli.reply.spoken.quick import quick
from voicecli.reply.spoken.rules import Rules

_COMMAND = re.compile(
    r"(?<![\w:\\])\\(?:[dt]?frac|sqrt|sum|int|lim|alpha|beta|gamma|delta|theta|lambda|sigma|omega|pi|phi|mu|times|cdot|"
    r"leq?|geq?|neq?|approx|infty|pm|text|mathbf|mathrm|mathbb)(?![a-z])(?:\[[^\]]*\])?(?:\{(?:[^{}]|\{[^{}]*\})*\})*(?:[\^_](?:\{[^{}]*\}|\w))*"
)
_NUMBER = r"\d+(?:,\d{3})*(?:\.\d+)?"
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
    """A raised number behind a word or a stop is a note, behind a letter or a digit a power."""
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
    """`x < 5`: x is less than 5; "or < 5" has a verb already."""
    words = _COMPARISONS[next(filter(None, match.groups()[1:]))]
    before = match.string[: match.start()]
    return f" {words} " if not before or _NO_SUBJECT.search(before) else f" is {words} "


def _interval(match: re.Match[str]) -> str:
    return f"{match[1]}{match[2]} to {match[3]}"


MATHS = Rules(
    [
        ("*", quick(r"(?<=\w) \*\* (?=[\w(])"), "^"),
        # Notes: works.^{1}
        ("^", quick(r"([.,;:!?\"”’)]|[A-Za-z]{4,})\^\{\d{1,2}\}(?=\s|$)"), _note),
        ("Ee", quick(rf"(?<![\w.])({_NUMBER})[eE]([+-]?)(\d{{1,3}})(?!\w|\.\d)"), _scientific),
        ("*^", quick(r"(?<=\d)\s?[×x*]\s?(?=10 ?(?:\^|\*\*))"), " times "),
        (
            "*^{",
            quick(
                r"(?<=[\w)\]}])\s?(?:\^|\*\*)\{([^{}]*)\}|(?<=[\w)\]])\s?(?:\^|(?<=[\w)])\*\*(?=\S))(\([^()]*\)|[-−+]?\w+(?:\.\d+)?)\^?"
            ),
            _power,
        ),
        ("²³", quick(r"(?<=[A-Za-z]{3})(?<!sin)(?<!cos)(?<!tan)(?<!log)[²³](?=[\s,.;:]|$)"), ""),
        ("²", quick(r"(?<=[A-Za-z\d)\]])²"), " squared"),
        ("³", quick(r"(?<=[A-Za-z\d)\]])³"), " cubed"),
        (
            "_",
            quick(r"(?<=[A-Za-z])_\{([^{}]{1,12})\}|(?<=\b[A-Za-z])_(\d+|[a-z])\b"),
            lambda match: f" {match[1] or match[2]} ",
        ),
        ("~", quick(r"(?<=[\w)])~(\w{1,4})~"), r" \1 "),
        # |x|, P(A|B)
        ("(", quick(r"\b([A-Z][a-z]?)\(([^()|]+?) ?\| ?([^()|]+)\)"), r"\1 of \2 given \3"),
        ("|", quick(r"(?<![\w|])\|([\w+\-*/.()^ −]*[\w)])\|(?![\w|])"), r"the absolute value of \1"),
        (
            "(",
            quick(
                r"\b([fghPEO]|Pr|Var)\(([a-z0-9]|[A-Za-z0-9^ ∪∩+*/-]*[A-Z\d^∪∩][A-Za-z0-9^ ∪∩+*/-]*|n log n|log n)\)"
            ),
            r"\1 of \2",
        ),
        (
            "(",
            quick(r"\b(sin|cos|tan|log|ln|exp|sqrt|abs)\(([^()]{1,30})\)"),
            lambda match: f"{_FUNCTIONS[match[1]]} of {match[2]}",
        ),
        # Membership and limits
        (
            "([",
            quick(r"((?:∈|\bin|\binterval|\brange|\bfrom)\s)[\[(]\s?(-?[\w.∞−]+),\s?(-?[\w.∞−]+)\s?[\])]"),
            _interval,
        ),
        ("→", quick(r"\b(\w|\w+\(\w\)) ?→ ?(?=[-+−]?(?:∞|\d|infinity))"), r"\1 goes to "),
        ("×", quick(r"(?<=\d) ?×(?=[\s.,;:)!?]*(?:[a-z]{3}|$|[.,;:)!?]))"), " times"),
        # 5! is 120, but "Room 5!"
        (
            "!",
            quick(
                r"(?<![\w.,])(\d{1,3}|n)!(?=\s*[=+*/×)]|\s(?:is|equals|means|grows|and \d+!)(?!\w)|\?)|(?<=[(=/] )(\d{1,3}|n)!|\b(n)!"
            ),
            lambda match: f"{match[1] or match[2] or match[3]} factorial",
        ),
        (
            "x",
            quick(
                r"(?<=\d)x(?= (?:faster|slower|more|less|better|bigger|larger|smaller|the|as|longer|higher|cheaper|speed|zoom)\b)"
            ),
            " times",
        ),
        (
            "abnmxyz",
            quick(
                r"(?<![\w.])(\d+)([a-cm-nx-z])(?![\w'’-])(?=\s?[-+=^,.;)×*/]|\s(?:is|equals|plus|minus|squared)\b|$)"
            ),
            r"\1 \2",
        ),
        ("x", quick(r"(?<!\w)x(?=\d+\b)(?!86\b)"), "times "),
        # Comparisons
        ("=≡", quick(r"\s*(?:===?|≡)\s*"), " equals "),
        (":", quick(r"\s*:=\s*"), " becomes "),
        (
            "!<=>∼≃≅≈≠≤≥⩽⩾",
            quick(r"(?:(?<=(\w))|(?<=[)\]])|^)\s*(!==?|≠|=/=|<>|<=|≤|⩽|>=|≥|⩾|≈|≃|≅|∼)\s*(?=[\w$€£.(|+−√-])"),
            _compared,
        ),
        # Settings > Display
        (">", quick(r"(?<=[a-z]) > (?=[A-Z][a-z])"), ", "),
        (
            "<>",
            quick(
                r"(?:(?<=(\w))|(?<=[)\]])|^)(?:\s+([<>])(?:\s+(?=[\w$€£(|-])|(?=[\d$€£]))|(?<=\b\w)([<>])(?=\d|\w\b))"
            ),
            _compared,
        ),
        ("!≠", quick(r"(?:!=|≠)"), " not equal to "),
        ("<≤⩽", quick(r"(?:<=|≤|⩽)"), " at most "),
        (">≥⩾", quick(r"(?:>=|≥|⩾)"), " at least "),
        ("≈", quick(r"≈"), " about "),
        ("<", quick(r"(?<!\S)<\s?(?=[\d$€£]|\s)"), "less than "),
        (">", quick(r"(?<!\S)>\s?(?=[\d$€£]|\s)"), "more than "),
        ("=", quick(r"(?<=\s)=(?=\s)|(?<=[\w)])=(?=[\d(-])|(?<=\b\w)=(?=\w)|^=(?=\s)"), " equals "),
        ("~", quick(r"~\s?(?=[$€£]?\d)"), "about "),
        # Signs with one word each
        ("+±", quick(r"\s*(?:±|\+/-|\+-)\s*"), " plus or minus "),
        ("∓", quick(r"∓"), " minus or plus "),
        ("∛", quick(r"∛\s?"), " the cube root of "),
        ("√", quick(r"√\s?(?=[\w(])"), " the square root of "),
        ("√", quick(r"√"), " square root "),
        ("∞", quick(r"∞"), " infinity "),
        ("∑", quick(r"∑"), " the sum "),
        ("∏", quick(r"∏"), " the product "),
        ("∫", quick(r"∫"), " the integral of "),
        ("∂", quick(r"∂"), " partial "),
        ("∇", quick(r"∇"), " del "),
        ("∈", quick(r"\s*∈\s*"), " is in "),
        ("∉", quick(r"\s*∉\s*"), " is not in "),
        ("⊂⊆", quick(r"\s*[⊂⊆]\s*"), " is a subset of "),
        ("∪", quick(r"\s*∪\s*"), " union "),
        ("∩", quick(r"\s*∩\s*"), " intersection "),
        ("∅", quick(r"∅"), " the empty set "),
        ("∀", quick(r"∀"), " for all "),
        ("∃", quick(r"∃"), " there exists "),
        ("¬", quick(r"¬"), " not "),
        ("∧", quick(r"\s*∧\s*"), " and "),
        ("∨", quick(r"\s*∨\s*"), " or "),
        ("⇒⟹", quick(r"\s*[⇒⟹]\s*"), " implies "),
        ("⇔⟺", quick(r"\s*[⇔⟺]\s*"), " if and only if "),
        ("∴", quick(r"∴"), " therefore "),
        ("∵", quick(r"∵"), " because "),
        ("∝", quick(r"\s*∝\s*"), " is proportional to "),
        ("⊥", quick(r"\s*⊥\s*"), " is perpendicular to "),
        ("∠", quick(r"∠"), " angle "),
        ("·⋅", quick(r"(?<=\w)\s*[·⋅]\s*(?=\w)"), " times "),
        ("÷", quick(r"\s*÷\s*"), " divided by "),
        ("×", quick(r"(?<=\w) × (?=\w)"), " times "),
        ("′", quick(r"(?<=\d)[′](?=\s|$)"), " minutes"),
        ("‰", quick(r"‰"), " per mille"),
        ("*", quick(r"(?<=\d) ?\* ?(?=\d)|(?<=\b\w) ?\* ?(?=\w\b)"), " times "),
        ("-–−", quick(r"(?<=[\w)]) [-−–] (?=\d|\w\b(?!['’]))(?<=[\d)] [-−–] |\b\w [-−–] )"), " minus "),
        ("−", quick(r"−(?=\s?\d)"), "minus "),
    ]
)


def bare(text: str) -> str:
    """Read LaTeX that stands in the text without its marks."""
    return _COMMAND.sub(lambda match: f" {latex(match[0])} ", text)
