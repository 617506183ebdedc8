"""The event stream, its schema and docs/events.md say the same."""

from __future__ import annotations

import dataclasses
import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, cast, get_args

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from voicecli.events import Event, Heard, Listening, TurnDone, Warned, as_json
from voicecli.waiting.times import TurnTimes

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

DOCS = Path(__file__).parent.parent / "docs"
SCHEMA = json.loads((DOCS / "events.schema.json").read_text(encoding="utf-8"))
PAGE = (DOCS / "events.md").read_text(encoding="utf-8")
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)
EVENTS: tuple[type[Event], ...] = get_args(Event)
MOMENTS = TurnTimes(*(float(n) for n in range(len(dataclasses.fields(TurnTimes)))))
SECTIONS = dict(re.findall(r"^## `(\w+)`\n(.*?)(?=^## |\Z)", PAGE, re.MULTILINE | re.DOTALL))


def _values(field: dataclasses.Field[object]) -> SearchStrategy[object]:
    """Values a field may hold, by its annotation."""
    if field.name == "confidence":
        return st.floats(0, 1)
    # What no event is made with: no words, no language.
    words = st.text(min_size=0 if field.name in ("heard", "remedy") else 1)
    turns = st.integers(1, 10_000)
    by_type: dict[str, SearchStrategy[object]] = {
        "float": st.floats(0, 1e6),
        "int": turns if field.name == "turn" else st.integers(0, 10_000),
        "str": words,
        "str | None": st.none() | words,
        "int | None": st.none() | (turns if field.name == "turn" else st.integers(0, 10_000)),
        "float | None": st.none() | st.floats(0, 1e6),
        "dict[str, float]": st.sampled_from([{}, MOMENTS.latency_ms()]),
    }
    return by_type[str(field.type)]


def _event(kind: type[Event]) -> SearchStrategy[Event]:
    return st.builds(kind, **{field.name: _values(field) for field in dataclasses.fields(kind)})


ANY_EVENT = st.one_of([_event(kind) for kind in EVENTS])


def _branch(name: str) -> dict[str, dict[str, object]]:
    (branch,) = [one for one in SCHEMA["oneOf"] if one["properties"]["event"]["const"] == name]
    return cast("dict[str, dict[str, object]]", branch)


def test_the_schema_is_one() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


@given(ANY_EVENT)
def test_every_event_fits_the_schema(event: Event) -> None:
    VALIDATOR.validate(json.loads(as_json(event)))


@pytest.mark.parametrize("kind", EVENTS, ids=lambda kind: kind.name)
def test_schema_and_page_name_the_fields_there_are(kind: type[Event]) -> None:
    fields = dataclasses.fields(kind)
    names = {field.name for field in fields}
    assert set(_branch(kind.name)["properties"]) == {"event"} | names
    optional = {field.name for field in fields if field.default is None}
    assert set(_branch(kind.name)["required"]) == {"event"} | names - optional
    table = SECTIONS[kind.name].split("\n\n")[1]
    assert set(re.findall(r"^\| `(\w+)`", table, re.MULTILINE)) == names


def test_schema_and_page_name_no_other_events() -> None:
    names = {kind.name for kind in EVENTS}
    assert {one["title"] for one in SCHEMA["oneOf"]} == names
    assert set(SECTIONS) == names


@pytest.mark.parametrize("kind", EVENTS, ids=lambda kind: kind.name)
def test_the_examples_are_lines_talk_would_write(kind: type[Event]) -> None:
    lines = re.search(r"```json\n(.+?)\n```", SECTIONS[kind.name], re.DOTALL)
    assert lines
    for line in lines[1].splitlines():
        values = json.loads(line)
        VALIDATOR.validate(values)
        assert values.pop("event") == kind.name
        assert as_json(kind(**values)) == line


def test_the_stages_are_those_that_are_measured() -> None:
    latency = MOMENTS.latency_ms()
    documented = re.findall(r"^\| `(\w+)`", SECTIONS["turn_done"].split("| key |")[1], re.MULTILINE)
    assert documented == list(latency) == list(SCHEMA["$defs"]["latency_ms"]["properties"])
    assert latency["total"] == pytest.approx(sum(latency.values()) - latency["total"])


@given(ANY_EVENT)
def test_no_text_breaks_a_line_or_steers_a_terminal(event: Event) -> None:
    assert re.fullmatch(r"[ -~]+", as_json(event))


@given(ANY_EVENT)
def test_texts_arrive_as_they_were(event: Event) -> None:
    values = json.loads(as_json(event))
    for name, value in dataclasses.asdict(event).items():
        if isinstance(value, str | int):
            assert values[name] == value


@pytest.mark.parametrize(
    "text", ["line\u2028separator", "next\x85line", "\x1b[2J", "\u202egnp.exe", "\ud800"]
)
def test_what_splits_lines_elsewhere_is_escaped(text: str) -> None:
    line = as_json(Heard(1.0, 1, text, "en", 1.0))
    assert line.isascii()
    assert line.splitlines() == [line]
    assert json.loads(line)["text"] == text


def test_numbers_are_short() -> None:
    done = TurnDone(1.23456, 1, "", {"total": 811.99999})
    assert as_json(done) == (
        '{"event": "turn_done", "t": 1.235, "turn": 1, "heard": "", "latency_ms": {"total": 812.0}, '
        '"drafts_dropped": 0, "drafts_dropped_ms": 0.0}'
    )


def test_what_has_no_value_is_absent() -> None:
    assert "turn" not in json.loads(as_json(Warned(1.0, "found", "remedy")))


def test_a_number_that_json_cannot_hold_is_refused() -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        as_json(Listening(float("nan")))
