"""Numbers with units -> the units in words, singular or plural: 10 m, 40cm, 9.8 m/s², $5/kg."""

from __future__ import annotations

import re

from voicecli.aloud.rules.rules import NUMBER, Rules, after_digit, behind_digit, one_of

_NAMES = {
    "km": "kilometre", "m": "metre", "dm": "decimetre", "cm": "centimetre", "mm": "millimetre",
    "µm": "micrometre", "μm": "micrometre", "um": "micrometre", "nm": "nanometre", "mi": "mile", "ft": "foot",
    "yd": "yard", "nmi": "nautical mile", "kg": "kilogram", "g": "gram", "mg": "milligram", "µg": "microgram",
    "μg": "microgram", "mcg": "microgram", "lb": "pound", "lbs": "pound", "oz": "ounce", "t": "tonne",
    "l": "litre", "L": "litre", "ml": "millilitre", "mL": "millilitre", "cl": "centilitre", "cL": "centilitre",
    "dl": "decilitre", "dL": "decilitre", "µL": "microlitre", "μL": "microlitre", "hl": "hectolitre", "gal": "gallon",
    "qt": "quart", "tbsp": "tablespoon", "tsp": "teaspoon", "fl oz": "fluid ounce",
    "ms": "millisecond", "µs": "microsecond", "μs": "microsecond", "ns": "nanosecond",
    "s": "second", "sec": "second", "secs": "second", "min": "minute", "mins": "minute", "h": "hour", "hr": "hour",
    "hrs": "hour", "yr": "year", "yrs": "year", "mo": "month", "wk": "week", "wks": "week",
    "B": "byte", "kB": "kilobyte", "KB": "kilobyte", "MB": "megabyte", "GB": "gigabyte", "TB": "terabyte",
    "PB": "petabyte", "KiB": "kibibyte", "MiB": "mebibyte", "GiB": "gibibyte", "TiB": "tebibyte",
    "kbit": "kilobit", "Mbit": "megabit", "Gbit": "gigabit", "Kb": "kilobit", "Mb": "megabit", "Gb": "gigabit",
    "Hz": "hertz", "kHz": "kilohertz", "MHz": "megahertz", "GHz": "gigahertz", "THz": "terahertz",
    "W": "watt", "mW": "milliwatt", "kW": "kilowatt", "MW": "megawatt", "GW": "gigawatt", "Wh": "watt hour",
    "kWh": "kilowatt hour", "MWh": "megawatt hour", "GWh": "gigawatt hour", "TWh": "terawatt hour", "V": "volt",
    "mV": "millivolt", "kV": "kilovolt", "mA": "milliamp", "mAh": "milliamp hour", "Ah": "amp hour",
    "Ω": "ohm", "kΩ": "kilohm", "MΩ": "megohm", "J": "joule", "kJ": "kilojoule", "MJ": "megajoule", "cal": "calorie",
    "kcal": "kilocalorie", "eV": "electronvolt", "keV": "kiloelectronvolt", "MeV": "megaelectronvolt", "Nm": "newton metre",
    "kN": "kilonewton", "Pa": "pascal", "hPa": "hectopascal", "kPa": "kilopascal", "MPa": "megapascal",
    "GPa": "gigapascal", "bar": "bar", "mbar": "millibar", "psi": "P S I", "dB": "decibel", "dBA": "decibel", "ha": "hectare", "px": "pixel",
    "mol": "mole", "mmol": "millimole", "lm": "lumen", "lx": "lux", "µF": "microfarad", "μF": "microfarad",
    "nF": "nanofarad", "pF": "picofarad", "mH": "millihenry", "hp": "horsepower", "ly": "light year", "ac": "acre",
    "sq ft": "square foot", "sq m": "square metre", "sq mi": "square mile", "sq km": "square kilometre", "cu ft": "cubic foot",
    "mph": "mile per hour", "kph": "kilometre per hour", "kmh": "kilometre per hour", "km/h": "kilometre per hour", "mpg": "mile per gallon",
    "rpm": "revolution per minute", "bpm": "beat per minute", "fps": "frame per second", "bps": "bit per second",
    "kbps": "kilobit per second", "Kbps": "kilobit per second", "Mbps": "megabit per second", "Gbps": "gigabit per second",
    "wpm": "word per minute", "tok/s": "token per second", "dpi": "dot per inch", "ppm": "part per million", "ppi": "pixel per inch", "req/s": "request per second",
    "°C": "degree Celsius", "°F": "degree Fahrenheit", "°": "degree",
}  # fmt: skip
_MANY = {
    "foot": "feet", "inch": "inches", "lux": "lux", "P S I": "P S I", "horsepower": "horsepower", "kelvin": "kelvin", "bar": "bar", "henry": "henries",
}  # fmt: skip
_PER = {
    **{unit: name for unit, name in _NAMES.items() if " per " not in name and "°" not in unit},
    "in": "inch", "d": "day", "y": "year", "a": "year", "day": "day", "month": "month", "year": "year", "week": "week", "hour": "hour", "minute": "minute",
    "second": "second", "person": "person", "night": "night", "unit": "unit", "user": "user", "page": "page", "token": "token", "item": "item", "mile": "mile", "100km": "100 kilometres", "100 km": "100 kilometres",
    "quarter": "quarter", "head": "head", "capita": "capita", "piece": "piece", "gallon": "gallon", "pound": "pound", "cup": "cup", "seat": "seat", "kid": "kid", "mo": "month", "hr": "hour", "yr": "year", "wk": "week", "sqft": "square foot",
}  # fmt: skip
_NEVER_TIGHT = ("s", "mo", "t", "B", "ac", "J", "ha", "bar", "cal")
"""Units that need a space before them: the "s" in "1990s" is no second, the "B" in "7B" no byte."""
_POWER = {"²": "square", "^2": "square", "³": "cubic", "^3": "cubic", "2": "square", "3": "cubic"}
_POWERED = one_of(["km", "m", "dm", "cm", "mm", "mi", "ft", "yd", "µm", "μm", "nm", "s", "in"])
_LOOSE = one_of(_NAMES)
_INITIALS = "".join({unit[0] for unit in (*_NAMES, "in")})
_TIGHT = one_of(unit for unit in _NAMES if unit not in _NEVER_TIGHT)
_UNIT = rf"(?:({_POWERED})(\^?[23]|[²³])|({{names}}))(?:(?:/|⁄)({one_of(_PER)})([²³]|\^[23])?|·?(h))?"
_END = r"(?![\w²³^]|/[A-Za-z]|[-'’.][A-Za-z])"
_NOT_NOUN = (
    r"is|are|was|were|be|been|of|and|or|to|in|on|at|from|by|for|with|per|a|an|the|long|wide|tall|high|deep|away|old|later|ago|"
    r"than|but|then|each|every|more|less|apart|above|below|before|after|has|have|had|will|would|can|as|it|that|which|"
    r"when|while|if|so|because|now|left|down|up|out|off|into|over|thick|across|north|south|east|west|today|did|does"
)
_NOUN = re.compile(rf" (?!(?:{_NOT_NOUN})\b)[a-z]{{3,}}")
_TURN = re.compile(r" (?:angle|turn|view|rotation|bend|arc|weather|heat)s?\b")
_SINGLE = re.compile(
    r"\b(?:a|an|the|this|that|each|every|one|my|your|his|her|our|their|its|another|no|any)(?: \w+)? (?:about )?$",
    re.IGNORECASE,
)


def describes(match: re.Match[str]) -> bool:
    """Whether an amount describes the noun after it, and its unit is singular: a 40cm gap, a $10 book."""
    noun = _NOUN.match(match.string, match.end())
    return noun is not None and _SINGLE.search(match.string[: match.start()]) is not None


def _plural(name: str) -> str:
    first, per, rest = name.partition(" per ")
    _, degree, scale = first.partition("degree")
    if degree:
        return f"degrees{scale}"
    *others, last = first.split(" ")
    many = _MANY.get(first) or " ".join(
        [*others, _MANY.get(last) or (last if last.endswith("hertz") else f"{last}s")]
    )
    return many + per + rest


def _said(match: re.Match[str]) -> str:
    number, sep = match[1], match[2]
    powered, power, plain, per, per_power = match.group(3, 4, 5, 6, 7)
    name = f"{_POWER[power]} {'inch' if powered == 'in' else _NAMES[powered]}" if powered else _NAMES[plain]
    if powered == "s":
        name = "second squared"
    if per:
        unit = _PER[per]
        if per_power:
            unit = f"{unit} squared" if per == "s" else f"{_POWER[per_power]} {unit}"
        name = f"{name} per {unit}"
    elif match[8]:
        name = f"{name} hour"
    if number == "1" and not match.string[: match.start()].rstrip().endswith((".", "/")):
        return f"{number} {name}"
    adjective = sep == "-" or (" per " not in name and "degree" not in name and describes(match))
    adjective = adjective or (name == "degree" and _TURN.match(match.string, match.end()))
    return f"{number} {name if adjective else _plural(name)}"


def _feet(match: re.Match[str]) -> str:
    feet, inches = match[1], match[2]
    said = f"{feet} {'foot' if feet == '1' else 'feet'}"
    return said + (f" {inches} {'inch' if inches == '1' else 'inches'}" if inches else "")


def _position(match: re.Match[str]) -> str:
    """Say a geographical position: 40° 26′ 46″ N."""
    seconds = f" {match[3]} seconds" if match[3] else ""
    return f"{match[1]} degrees {match[2]} minutes{seconds} {_TOWARDS.get(match[4] or '', '')}".rstrip()


_TOWARDS = {"N": "north", "S": "south", "E": "east", "W": "west"}
UNITS = Rules(
    [
        ("°", re.compile(r"(\d+)° ?(\d{1,2})[′'] ?(?:(\d{1,2}(?:\.\d+)?)[″\"] ?)?([NSEW]\b)?"), _position),
        (
            ("/", *(f"{end}/" for end in "rtoedns")),
            re.compile(rf"(?<=llar|cent|euro|ence|ound| yen)(s?)/({one_of(_PER)})\b"),
            lambda match: f"{match[1]} per {_PER[match[2]]}",
        ),
        (after_digit("i"), re.compile(r"((?:feet|foot|ft),? \d+) in\b(?!\w)"), r"\1 inches"),
        (
            behind_digit("'’′"),
            re.compile(r"(?<![\w.,'’])(\d{1,2})['′’] ?(\d{1,2}(?:\.\d)?)(?:\"|″|''|”)"),
            _feet,
        ),
        (
            behind_digit('"″'),
            re.compile(
                r"(?<![\w.,])(\d+(?:\.\d+)?)(?:″|\")(?=\s(?:x|×|by|screen|monitor|display|disk|pipe|TV|laptop|wide|long|tall)|[,;)])(?<![“\"]\d\")"
            ),
            r"\1 inch",
        ),
        (("²", "in²", "in.²"), re.compile(rf"({NUMBER}) ?(in)\.?²"), r"\1 square inches"),
        (after_digit("i"), re.compile(rf"({NUMBER}) (in)\.(?=\s+[a-z(])"), r"\1 inches"),
        (
            behind_digit("-") + after_digit(_INITIALS),
            re.compile(rf"({NUMBER})( |-)" + _UNIT.format(names=_LOOSE) + _END),
            _said,
        ),
        (behind_digit(_INITIALS), re.compile(rf"({NUMBER})()" + _UNIT.format(names=_TIGHT) + _END), _said),
        (
            "/",
            re.compile(rf"(?<=\w)/({one_of(word for word in _PER if len(word) > 2)})\b(?!/)"),
            lambda match: f" per {_PER[match[1]]}",
        ),
    ]
)
