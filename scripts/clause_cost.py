"""What cutting a reply into clauses costs: two texts of 2,000 characters -> milliseconds of this thread.

    python scripts/clause_cost.py [rounds]

One text is prose, the other crowded with numbers, dates, money, units, titles, addresses, Markdown and
formulas. Each comes in pieces of four characters, as tokens do, and in one piece. Every round cuts a whole
reply with a new splitter. The script prints the least, the median and the worst of 200 rounds, or of as many
as you ask for, after ten rounds that do not count.
"""

from __future__ import annotations

import statistics
import sys
import time

from voicecli.aloud.clauses import ClauseSplitter

LENGTH = 2000
"""Characters of a text: about two minutes of speech."""
TOKEN = 4
"""Characters of a piece, about as many as a token has."""
WARM_UP = 10
"""Rounds that do not count."""

PROSE = (
    "The town lies on a river that floods in spring, so the oldest houses stand on the hill. Every "
    "Saturday there is a market, where farmers from the valley sell cheese, apples and honey. Why do "
    "people still come here? Because it is quiet, and because the trains are slow enough to look out "
    "of the window. A story tells of a miller who bet his mill that the water would never reach the "
    "church door. He lost it within a year, and his daughter won it back by rowing to the altar! If "
    "you visit in autumn, take a coat, walk up to the old wall after dark and listen; you can hear the "
    "weir from there, and sometimes an owl. The baker on the corner opens before dawn and is sold out "
    "by noon, so go early. "
)
CROWDED = (
    "## Apollo 11 in numbers\n\n"
    "On 16 July 1969 at 13:32 UTC, Dr. Smith's crew left for a trip of 384,400 km. **Apollo 11** cost "
    "$355 million (about €3.2bn in 2024), weighed 2,950 t and flew at 10-11 km/s. See "
    "https://example.com/apollo?id=11 [1].\n\n"
    "- Fuel: 770,000 L of `RP-1` at -7 °C, i.e. 3/4 of the first stage.\n"
    "- Engines: 5 x F-1, each 6.8 MN, made from 1959-1969.\n"
    "- Crew: N. Armstrong, E. Aldrin Jr. and M. Collins.\n\n"
    "The thrust is $F = ma$, so with $a = \\frac{F}{m}$ you get 11.9 m/s^2; compare Newton's law \\(F "
    "= G \\frac{m_1 m_2}{r^2}\\). World War II and Henry VIII had nothing to do with it.\n\n"
    "| Stage | Time | Height |\n"
    "|---|---|---|\n"
    "| S-IC | 2:42 min | 67 km |\n"
    "| S-II | 9:09 min | 176 km |\n\n"
    "Run `python3 main.py --fast` or call (555) 010-1234 on Mon-Fri, 9am-5pm. Version 2.10.3 of "
    "etc/config.toml needs 512 MB & 3 GHz; x² + y² ≤ 10^6 holds, e.g. for x = 5. It was 90% done by "
    "12/25/2023, i.e. ~2.5x faster than in the 1960s. Write to info@example.org, 12 Elm St., No. 7.\n\n"
)


def of_length(text: str) -> str:
    """Repeat the text up to the length that is measured."""
    return (text * (LENGTH // len(text) + 1))[:LENGTH]


def milliseconds(text: str, piece: int, rounds: int) -> list[float]:
    """What each round takes, by this thread's own CPU clock, which other work does not move."""
    pieces = [text[at : at + piece] for at in range(0, len(text), piece)]
    spent = []
    for _ in range(WARM_UP + rounds):
        began = time.thread_time()
        splitter = ClauseSplitter()
        for delta in pieces:
            splitter.push(delta)
        splitter.finish()
        spent.append(1000 * (time.thread_time() - began))
    return spent[WARM_UP:]


def main() -> None:
    """Measure each text in pieces and in one."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    for name, text in (("prose", PROSE), ("crowded", CROWDED)):
        for piece in (TOKEN, LENGTH):
            spent = milliseconds(of_length(text), piece, rounds)
            print(
                f"{name:8} in pieces of {piece:4}: least {min(spent):.2f} ms, "
                f"median {statistics.median(spent):.2f} ms, worst {max(spent):.2f} ms of {rounds}"
            )


if __name__ == "__main__":
    main()
