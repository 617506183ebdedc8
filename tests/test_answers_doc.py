"""docs/answers.md: its table is one that scripts/answers/answers.py printed, whole and of all questions."""

import re
from collections import Counter
from pathlib import Path

from answers_judge import items

PAGE = (Path(__file__).parent.parent / "docs" / "answers.md").read_text(encoding="utf-8")
SEEDS = 3
DEFAULT = "llm-qwen2-5-coder-1-5b"


def rows() -> list[list[str]]:
    """Cells of the lines of the table, its head first."""
    lines = [line for line in PAGE.splitlines() if re.match(r"\| (?:half|tune|held)\b", line)]
    return [[cell.strip(" *") for cell in line.strip("|").split("|")] for line in lines]


def counts(cell: str) -> tuple[int, int]:
    """Right, and given."""
    found = re.match(r"(\d+)/(\d+)", cell)
    assert found is not None, cell
    return int(found[1]), int(found[2])


def test_every_kind_of_each_half_was_asked_with_each_seed() -> None:
    asked = Counter((item.half, item.kind) for item in items())
    told = {(row[0], row[1]): row[2:] for row in rows()[1:]}
    for key, number in asked.items():
        assert {counts(cell)[1] for cell in told[key] if cell != "-"} == {number * SEEDS}
        assert "-" not in told[key] or key[0] == "tune"


def test_the_totals_are_the_sums_and_the_shares_are_theirs() -> None:
    head, *body = rows()
    for half in ("tune", "held"):
        kinds = [row for row in body if row[0] == half and row[1] in {item.kind for item in items()}]
        total = next(row for row in body if row[:2] == [half, "all"])
        for column in range(2, len(head)):
            if total[column] != "-":
                right, given = (sum(counts(row[column])[at] for row in kinds) for at in (0, 1))
                assert total[column] == f"{right}/{given}, {100 * right / given:.1f} %"


def test_of_the_held_half_the_default_answers_at_least_85_percent_right_and_for_the_ear() -> None:
    head, *body = rows()
    column = head.index(DEFAULT)
    held = {row[1]: row[column] for row in body if row[0] == "held"}
    right, given = counts(held["all"])
    assert right / given >= 0.85
    assert held['lists, markup, "as an AI"'] == "0, 0, 0"
