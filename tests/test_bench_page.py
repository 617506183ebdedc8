"""The report as a page: what it says, that it needs nothing else, and how headless Chromium lays it out."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from html import escape, unescape
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from tests.page_report import HOSTILE, report
from voicecli.bench.display.charts import Axis
from voicecli.bench.display.page import page
from voicecli.waiting.times import STAGES

CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")
FLAGS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-dev-shm-usage"),
    *("--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"),
    "--hide-scrollbars",
)
DARK, LIGHT = 0, 1
"""What Chromium calls them."""
WIDTHS = (360, 1280)

Measured = dict[str, Any]


class Outline(HTMLParser):
    """Tags that open and close as they should, and the text between them."""

    VOID = ("meta",)
    SELF_CLOSED = ("rect", "line", "circle", "path")

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[str] = []
        self.words: list[str] = []
        self.ids: list[str] = []
        self.feed(html)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.ids += [value for name, value in attrs if name == "id" and value]
        assert not [name for name, _ in attrs if name in ("src", "href", "action") or name.startswith("on")]
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag in self.SELF_CLOSED
        self.handle_starttag(tag, attrs)
        self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words.append(data.strip())


def test_what_comes_from_outside_stays_text() -> None:
    outline = Outline(page(report()))
    assert "script" not in outline.tags
    assert outline.words.count(HOSTILE) == 2  # above its waterfall and in the table
    assert {"whisper <base>", '"tiny"', "a & b", "voicecli <b>"} <= set(outline.words)
    assert len(outline.ids) == len(set(outline.ids))


def test_the_page_names_no_address_and_forbids_all_but_its_style() -> None:
    html = page(report())
    assert not re.search(r"https?:|url\(|@import|//", html)
    assert "default-src 'none'; style-src 'unsafe-inline'" in html


def test_the_same_report_gives_the_same_page() -> None:
    assert page(report()) == page(json.loads(json.dumps(report())))


def test_the_figures_are_those_of_the_report() -> None:
    words = Outline(page(report())).words
    for figure in ("964 ms", "970 ms", "3 of 4", "no answer", "0.0351", "61.2", "160000", "drop oldest"):
        assert figure in words, figure
    assert "161 % over" in words  # of the total's budget
    for figure in (
        "23.4",
        "As it is set: 172 turns, 314 pauses",
        "13.7",
        "1.06",
        "<i>31.0</i>",
    ):  # of the turn decision
        assert figure in words, figure
    assert "yes" in words


@pytest.mark.parametrize("missing", sorted(report()))
def test_a_report_without_a_part_is_still_a_page(missing: str) -> None:
    others: tuple[object, ...] = (None, [], {}, "nonsense", 3)
    for empty in others:
        Outline(page({**report(), missing: empty}))


def test_any_number_may_be_null() -> None:
    def without(value: object) -> object:
        match value:
            case dict():
                return {name: without(one) for name, one in value.items()}
            case list():
                return [without(one) for one in value]
            case int() | float():
                return None
        return value

    nothing = without(report())
    assert isinstance(nothing, dict)
    words = Outline(page(nothing)).words
    assert words.count("no answer") == 4
    assert "None" not in " ".join(words)


@pytest.mark.parametrize(
    ("largest", "ticks"),
    [(0, [0, 1]), (601, [0, 200, 400, 600, 800]), (1000, [0, 200, 400, 600, 800, 1000]), (0.3, None)],
)
def test_an_axis_holds_the_largest_in_round_steps(largest: float, ticks: list[float] | None) -> None:
    axis = Axis.to(largest)
    assert axis.end >= largest
    assert len(axis.ticks()) <= 6
    assert ticks is None or axis.ticks() == ticks


# --- In a browser ---------------------------------------------------------------------------------------

PROBE = Path(__file__).parent / "page_probe.html"

browser = pytest.mark.skipif(CHROMIUM is None, reason="needs chromium: make test installs it")


def measure(html: str, scheme: int, folder: Path) -> list[Measured]:
    """What Chromium makes of the page, untouched, in frames as wide as a telephone and as a screen."""
    assert CHROMIUM is not None
    frames = "".join(
        f'<iframe style="width: {width}px" srcdoc="{escape(html)}"></iframe>' for width in WIDTHS
    )
    (folder / "probe.html").write_text(
        PROBE.read_text(encoding="utf-8").replace("FRAMES", frames), encoding="utf-8"
    )
    done = subprocess.run(
        [
            *(CHROMIUM, *FLAGS, f"--user-data-dir={folder / 'profile'}", "--window-size=1400,900"),
            *(f"--blink-settings=preferredColorScheme={scheme}", "--dump-dom"),
            (folder / "probe.html").as_uri(),
        ],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    found = re.search(r'<pre id="measured">(.+?)</pre>', done.stdout, re.DOTALL)
    assert found is not None, done.stderr
    measured: list[Measured] = json.loads(unescape(found[1]))
    return measured


@pytest.fixture(scope="module")
def schemes(tmp_path_factory: pytest.TempPathFactory) -> dict[int, list[Measured]]:
    html = page(report())
    return {scheme: measure(html, scheme, tmp_path_factory.mktemp("browser")) for scheme in (DARK, LIGHT)}


@pytest.fixture(params=[(scheme, at) for scheme in (DARK, LIGHT) for at in range(len(WIDTHS))], ids=str)
def seen(request: pytest.FixtureRequest, schemes: dict[int, list[Measured]]) -> Measured:
    scheme, at = request.param
    found: Measured = schemes[scheme][at]
    assert found["width"] == WIDTHS[at]
    return found


@browser
def test_the_page_does_not_scroll_sideways(seen: Measured) -> None:
    assert seen["scrolls"] == seen["width"]
    assert seen["outside"] == []


@browser
def test_wide_tables_scroll_in_their_own_box(schemes: dict[int, list[Measured]]) -> None:
    narrow, _wide = schemes[LIGHT]
    assert any(inside > box for inside, box in narrow["boxes"])


@browser
def test_no_text_lies_on_another(seen: Measured) -> None:
    assert seen["overlaps"] == []


@browser
def test_all_text_can_be_read(seen: Measured) -> None:
    assert seen["faint"] == []


@browser
def test_pictures_have_a_title_and_a_description(seen: Measured) -> None:
    assert seen["images"] == 5  # three turns, the distribution, the trade-off
    assert seen["unlabelled"] == 0


@browser
def test_light_and_dark_differ(schemes: dict[int, list[Measured]]) -> None:
    dark, light = (schemes[scheme][0]["background"] for scheme in (DARK, LIGHT))
    assert sum(map(int, re.findall(r"\d+", dark))) < 100
    assert sum(map(int, re.findall(r"\d+", light))) > 700


@browser
def test_nothing_is_fetched_and_nothing_runs(seen: Measured) -> None:
    assert seen["fetched"] == []
    assert seen["scripts"] == 0


@browser
def test_stages_follow_one_another_on_one_axis(seen: Measured) -> None:
    for drawn, number in zip(seen["waterfalls"], (1, 2, 3), strict=True):
        turns = report()["turns"]
        assert isinstance(turns, list)
        latency = turns[number - 1]["latency_ms"]
        spent = [latency[stage] for stage in STAGES if latency[stage]]
        at = 0.0
        for (title, left, wide), stage_ms in zip(drawn, spent, strict=True):
            assert title.endswith(f" {stage_ms:.0f} ms")
            assert (left * 1500, wide * 1500) == (pytest.approx(at, abs=1), pytest.approx(stage_ms, abs=1))
            at += stage_ms


@browser
def test_even_a_script_that_came_in_would_not_run(tmp_path: Path) -> None:
    script = '<script>document.title = "ran"</script></body>'
    html = page(report()).replace("</body>", script)
    assert [seen["ran"] for seen in measure(html, LIGHT, tmp_path)] == [False, False]
    unguarded = re.sub(r"<meta http-equiv.*?>", "", html)
    assert [seen["ran"] for seen in measure(unguarded, LIGHT, tmp_path)] == [True, True]
