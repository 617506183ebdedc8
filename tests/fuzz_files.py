"""Files that are no models, for `fuzz_table`: settings, recorded talks, and what bench reads."""

from __future__ import annotations

import json
import os
from pathlib import Path

from tests.bench_report import latency, report, turn
from tests.fuzzing import Parser
from voicecli.bench.budget import broken, read_budget
from voicecli.bench.compare import caveats, compare, read_report
from voicecli.bench.findings import to_json
from voicecli.bench.labels import read_labels
from voicecli.config.catalogue import KEYS
from voicecli.config.find import is_ours
from voicecli.config.load import load_with_origins
from voicecli.config.text import effective_toml, example_toml
from voicecli.errors import AudioFileError, ConfigError
from voicecli.events import Event, Heard, Interrupted, TurnDone, as_json
from voicecli.records.notes import TRANSCRIPT
from voicecli.records.reading.compared import compare as compare_talks
from voicecli.records.reading.recorded import Recorded

# ---- settings


def _settings(data: bytes, folder: Path) -> None:
    path = folder / "voicecli.toml"
    path.write_bytes(data)
    is_ours(data)
    loaded = load_with_origins(path)
    assert effective_toml(loaded.config, loaded.origins)


def _variable(data: bytes, _folder: Path) -> None:
    """The first byte chooses the variable."""
    keys = [*KEYS.values()]
    name = keys[sum(data[:1]) % len(keys)].variable
    value = data[1:].replace(b"\0", b"").decode("utf-8", errors="surrogateescape")
    os.environ[name] = value
    try:
        loaded = load_with_origins()
        assert effective_toml(loaded.config, loaded.origins)
    finally:
        del os.environ[name]


# ---- what bench reads


def _report(data: bytes, folder: Path) -> None:
    (folder / "report.json").write_bytes(data)
    found = read_report(folder / "report.json")
    compare(found, found)
    caveats(found, found)


def _budget(data: bytes, folder: Path) -> None:
    (folder / "budget.toml").write_bytes(data)
    broken(read_budget(folder / "budget.toml"), report([turn(1, latency())]))


def _labels(data: bytes, folder: Path) -> None:
    (folder / "labels.jsonl").write_bytes(data)
    assert read_labels(folder)


def _a_label() -> bytes:
    label = {"file": "a.flac", "turn_end_s": 3.2, "pauses": [[1, 1.5, "um"]], "asked": True}
    return json.dumps(label).encode()


# ---- recorded talks


def _recorded(data: bytes, folder: Path) -> None:
    """The transcript of a recorded talk, for `stats`, `replay` and `replay --through`."""
    (folder / TRANSCRIPT).write_bytes(data)
    (folder / "conversation.flac").touch()
    recorded = Recorded(folder)
    assert recorded.tally().table()
    assert len(recorded.pieces()) == 1
    events = list(recorded.events())
    assert not compare_talks(events, events).any


def _a_talk() -> bytes:
    told: tuple[Event, ...] = (
        Heard(1.0, 1, "What time is it?", "en", 0.9),
        Interrupted(2.5, 1, "It is"),
        TurnDone(2.6, 1, "It is", {"transcribe": 100.0, "total": 500.0}),
    )
    lines = [*map(as_json, told), json.dumps({"event": "sound", "t": 0.2, "file": "conversation.flac"})]
    lines += [json.dumps({"event": "losses", "t": 3.0, "losses": {"input_overflows": 2}})]
    return "".join(f"{line}\n" for line in lines).encode()


_TOML = (
    *(b"[generate]\n", b"[[keys]]\n", b"\n", b'"""', b" = ", b"= inf\n", b"= nan\n", b"voices = {"),
    *(b"\\u001b", b"1979-05-27", b'= "x"\n', b"base_url = 'http://me:pw@x'\n"),
)
_JSON = (b'"turns"', b'"version"', b'"latency_ms"', b"NaN", b"{", b"}", b"[", b"]", b":", b",", b"1.5")
_BUDGET = Path(__file__).parent.parent / "docs" / "budget.example.toml"


def _a_report() -> bytes:
    return to_json(report([turn(number, latency()) for number in range(6)])).encode()


def _variables() -> list[bytes]:
    return [bytes([at]) + str(key.default).encode() for at, key in enumerate(KEYS.values())]


FILES = {
    "settings": Parser(
        lambda: [example_toml().encode(), b"[keys]\ntype = 'x'\n"], _settings, (ConfigError,), _TOML
    ),
    "environment": Parser(_variables, _variable, (ConfigError,), _TOML),
    "bench report": Parser(lambda: [_a_report()], _report, (ConfigError,), _JSON),
    "budget": Parser(lambda: [_BUDGET.read_bytes()], _budget, (ConfigError,), _TOML),
    "recorded talk": Parser(
        lambda: [_a_talk()],
        _recorded,
        (AudioFileError,),
        (*_JSON, b'"event"', b'"t"', b'"turn"', b'"losses"', b'"turn_done"', b"1e999", b"-1", b"\n"),
    ),
    "labels": Parser(lambda: [_a_label() + b"\n" + _a_label(), _a_label()], _labels, (ConfigError,), _JSON),
}
