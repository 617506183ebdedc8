"""What one run of the bench found: frozen records <-> JSON."""

from __future__ import annotations

import dataclasses
import json
import types
from dataclasses import dataclass
from typing import Union, get_args, get_origin, get_type_hints

from voicecli.errors import ConfigError
from voicecli.measure.computer import Computer  # noqa: TC001  # `_as` reads its type hints
from voicecli.measure.timed_engines import EngineFigures  # noqa: TC001  # as above
from voicecli.waiting.buffers import BufferFill  # noqa: TC001  # as above

VERSION = 1

LOSSES = (
    "xruns",
    "samples_lost",
    "gaps_in_the_reply",
    "speech_lost",
    "events_lost",
    "turns_without_answer",
    "cut_ins",
)
"""Counts over the whole run that should be zero."""


@dataclass(frozen=True, slots=True)
class Models:
    """Names of the models that the run used."""

    transcriber: str
    generator: str
    voice: str


@dataclass(frozen=True, slots=True)
class Definitions:
    """In words: where a total begins and ends, and what the percentiles are."""

    end_of_speech: str = (
        "the last speech sample of the user: the end of the last 10 ms within 35 dB of the clip's loudest "
        "and above -42 dBFS"
    )
    first_sound: str = (
        "the first audible sample of the agent, device latency included: the first 10 ms above -50 dBFS"
    )
    percentiles: str = (
        "p50 is the median; p90 and p99 are the smallest turn that at least so many percent do not exceed, "
        "so below 100 turns p99 is the worst one"
    )


@dataclass(frozen=True, slots=True)
class MeasuredTurn:
    """One question and its answer."""

    turn: int
    """From 1, the warm-up not counted."""
    question: str
    latency_ms: dict[str, float]
    """By stage, and `total`; empty where nothing was answered."""
    wire_total_ms: float | None
    """The total, ms, measured in another way: by the level of the samples that the user spoke and the agent
    played."""
    decided_ms: float | None
    drafts_dropped: int
    drafts_dropped_ms: float
    prompt_tokens: int | None = None
    prompt_tokens_evaluated: int | None = None
    cut_in: bool = False
    """Whether the agent spoke before the user had ended; such a turn counts in no figure but `cut_ins`."""


@dataclass(frozen=True, slots=True)
class StageFigures:
    """The percentiles of one duration over all turns, ms."""

    n: int
    p50: float
    p90: float
    p99: float
    budget_ms: float | None = None


@dataclass(frozen=True, slots=True)
class Cpu:
    """CPU time and memory of this process. Percentages are of one core. None if the system does not tell."""

    talk_percent: float
    idle_percent: float | None
    """CPU time while the program listens and nobody speaks."""
    rss_mb: float | None
    peak_rss_mb: float | None


@dataclass(frozen=True, slots=True)
class Point:
    """One setting of a turn decision."""

    false_cutoffs_percent: float
    """Of the pauses inside turns: those in which the turn was taken for finished."""
    dead_air_s: float
    """Mean over all ends, from the end of the turn to the decision."""
    setting: str = ""
    dead_air_median_s: float | None = None
    dead_air_p90_s: float | None = None
    unheard_percent: float | None = None
    """Of the pauses: cut, but the user went on before the reply sounded."""
    rejoined_percent: float | None = None
    """The user went on soon after the first sound."""
    lost_percent: float | None = None
    """The user went on later."""
    turns_cut_percent: float | None = None
    """Of the turns: those with any such cut."""


@dataclass(frozen=True, slots=True)
class Reached:
    """The figures of eot-bench for one turn decision; None where no setting keeps the budget."""

    cut_at_300_ms_percent: float | None
    """Of the pauses, at the best setting with a mean delay of at most 300 ms."""
    cut_at_600_ms_percent: float | None
    delay_at_5_percent_s: float | None
    """Mean, at the quickest setting that cuts at most 5 % of the pauses."""
    delay_at_10_percent_s: float | None


@dataclass(frozen=True, slots=True)
class Curve:
    """One way to decide that a turn is over: its settings that no other beats in both delay and cuts."""

    name: str
    points: list[Point]
    reached: Reached | None = None


@dataclass(frozen=True, slots=True)
class Tradeoff:
    """What `voicecli bench turns` found."""

    curves: list[Curve]
    turns: int | None = None
    pauses: int | None = None
    """Those inside turns, 0.2 to 5 s long."""
    as_set: Point | None = None
    """The way of this program, with the settings as the user has them."""


@dataclass(frozen=True, slots=True)
class Report:
    """A whole report. The names of the fields are the keys of the JSON."""

    version: int
    made: str
    """ISO 8601, local time with its offset."""
    voicecli: str
    machine: Computer
    models: Models
    definitions: Definitions
    turns: list[MeasuredTurn]
    stages: dict[str, StageFigures]
    """By stage, and `total`; empty where no turn was answered."""
    wire_total: StageFigures | None
    decided: StageFigures | None
    critical_path: list[str]
    """Stages that the median turn waited for. If `decision` is one, the answer was ready before the
    decision."""
    engines: list[EngineFigures]
    cpu: Cpu
    losses: dict[str, int]
    buffers: list[BufferFill]
    tradeoff: Tradeoff | None = None
    devices: str = "simulated"
    round_trip_ms: float | None = None
    """Time from loudspeaker to microphone, if the real devices were measured. The totals are corrected for
    it."""


def to_json(report: Report) -> str:
    """The whole report; ASCII. Raises ValueError for a number JSON cannot hold."""
    return json.dumps(dataclasses.asdict(report), indent=1, allow_nan=False)


def from_json(text: str, name: str) -> Report:
    """Read what `to_json` wrote, of a file called `name`; keys it does not know are skipped.

    Raises ConfigError: no report, or one of another version.
    """
    remedy = "give a file that voicecli bench --json wrote"
    try:
        found: object = json.loads(text, parse_constant=_refused)
    except (ValueError, RecursionError):
        raise ConfigError(f"{name} is not JSON", remedy) from None
    if not isinstance(found, dict) or "version" not in found:
        raise ConfigError(f"{name} is no report", remedy)
    if found["version"] != VERSION:
        other = json.dumps(found["version"])[:20]
        raise ConfigError(
            f"{name} is a report of version {other}, this program writes {VERSION}",
            "measure again with voicecli bench --json",
        )
    try:
        report = _as(Report, found, "")
    except ValueError as error:
        raise ConfigError(f"{name} is no whole report: {error}", remedy) from None
    assert isinstance(report, Report)
    return report


_TOO_LARGE = 10**15
"""No figure of a report comes near it. Python makes no float of an integer of 310 digits."""


def _refused(constant: str) -> float:
    """Refuse NaN and infinity: JSON does not have them, but Python's reader accepts them."""
    raise ValueError(constant)


def _as(kind: object, found: object, path: str) -> object:
    """Turn a value from JSON, `found`, into a `kind`: a record, a list, a dict, a union or a plain value.

    Raises ValueError with the path of what does not fit.
    """
    origin, parts = get_origin(kind), get_args(kind)
    union = origin in (types.UnionType, Union)
    match found:
        case None | bool() | int() | float() | str():
            allowed = parts if union else (kind,)
            if type(found) in allowed:
                return found
            if type(found) is int and float in allowed and abs(found) < _TOO_LARGE:
                return float(found)
        case list() if origin is list:
            return [_as(parts[0], part, f"{path}[{at}]") for at, part in enumerate(found)]
        case dict() if origin is dict:
            return {key: _as(parts[1], part, f"{path}.{key}") for key, part in found.items()}
        case dict() if union:
            return _as(parts[0], found, path)
        case dict() if isinstance(kind, type) and dataclasses.is_dataclass(kind):
            hints = get_type_hints(kind)
            values = {
                key: _as(hint, found[key], f"{path}.{key}") for key, hint in hints.items() if key in found
            }
            try:
                return kind(**values)
            except TypeError as error:  # the error message names the missing field
                missing = str(error).partition("argument")[2].lstrip("s: ")
                raise ValueError(f"{path.lstrip('.') or 'it'} lacks {missing}") from None
    raise ValueError(f"{path.lstrip('.') or 'it'} is not what it should be")
