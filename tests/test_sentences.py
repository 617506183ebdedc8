"""The golden file of sentences is whole: nothing in it is left over, and its sentences stand nowhere else."""

from __future__ import annotations

import ast
import re
import tomllib
from pathlib import Path
from string import Formatter

import pytest

from tests.sentences import TABLE, names, pattern, read, wording

SENTENCES = read()
FILES = sorted(path for path in Path(__file__).parent.glob("*.py") if path.name != Path(__file__).name)
_WORD = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*")
FEWEST_WORDS = 4


def strings(path: Path) -> list[tuple[int, str]]:
    """The strings of a test file with their lines, without its docstrings."""
    tree = ast.parse(path.read_text("utf-8"))
    told = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    return [
        (node.lineno, node.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in told
    ]


def runs(text: str) -> list[str]:
    """What stands between two values, where that is long enough to be known by."""
    literals = [literal for literal, _, _, _ in Formatter().parse(text)]
    return [part.strip() for part in literals if len(_WORD.findall(part)) >= FEWEST_WORDS]


def test_each_sentence_is_looked_for_by_a_test() -> None:
    used = {text for path in FILES for _, text in strings(path)}
    assert SENTENCES.keys() - used == set()


def test_groups_and_names_are_sorted() -> None:
    groups = tomllib.loads(TABLE.read_text("utf-8"))
    assert list(groups) == sorted(groups)
    for named in groups.values():
        assert list(named) == sorted(named)


def test_no_sentence_is_written_twice() -> None:
    assert len(set(SENTENCES.values())) == len(SENTENCES)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_no_other_file_spells_a_sentence_out(path: Path) -> None:
    known = {run: key for key, text in SENTENCES.items() for run in runs(text)}
    again = [
        f"{path.name}:{line} spells out {key}"
        for line, text in strings(path)
        for run, key in known.items()
        if run in text
    ]
    assert again == []


def test_a_value_too_few_or_too_many_is_refused() -> None:
    key = next(key for key, text in SENTENCES.items() if len(names(text)) == 1)
    (name,) = names(SENTENCES[key])
    assert re.fullmatch(pattern(key), wording(key, **{name: "(1.5)"}))
    assert re.fullmatch(pattern(key, **{name: "(1.5)"}), wording(key, **{name: "(1.5)"}))
    for values in ({}, {name: 1, "other": 2}):
        with pytest.raises(AssertionError):
            wording(key, **values)
    with pytest.raises(AssertionError):
        pattern(key, other=2)
