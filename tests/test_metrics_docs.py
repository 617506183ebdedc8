"""docs/metrics: the table is that of the code; Prometheus's own tool accepts alerts, page and dashboard."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import get_args

import pytest

from tests.test_metrics import Stand
from voicecli.metrics.counts import ENGINES, REASONS
from voicecli.metrics.families import BUCKETS_S, FAMILIES, Family
from voicecli.status import State
from voicecli.waiting.times import STAGES

ROOT = Path(__file__).parent.parent
FOLDER = ROOT / "docs" / "metrics"
README = (FOLDER / "README.md").read_text("utf-8")
ALERTS = (FOLDER / "alerts.yml").read_text("utf-8")
DASHBOARD = json.loads((FOLDER / "grafana.json").read_text("utf-8"))
PROMTOOL = shutil.which("promtool") or shutil.which("promtool", path=str(Path(sys.executable).parent))
needs_promtool = pytest.mark.skipif(
    PROMTOOL is None, reason="needs promtool: scripts/setup.sh test brings it"
)
NAMES = {family.name: family for family in FAMILIES}


def row(family: Family) -> str:
    labels = ", ".join(f"`{label}`" for label in family.labels)
    return f"| `{family.name}` | {family.kind} | {labels} | {family.meaning} |"


def rows() -> list[str]:
    return ["| metric | kind | labels | meaning |", "|---|---|---|---|", *map(row, FAMILIES)]


def expressions() -> list[str]:
    """Those of the dashboard, with a value for each of Grafana's variables."""
    found = [target["expr"] for panel in DASHBOARD["panels"] for target in panel["targets"]]
    return [each.replace("$__rate_interval", "1m").replace("$instance", ".*") for each in found]


def used(text: str) -> set[str]:
    """The metrics that a text names."""
    named = set(re.findall(r"\b(?:voicecli|process)_\w+", text))
    ends = ("_bucket", "_sum", "_count")
    return {
        next((base for end in ends if (base := name.removesuffix(end)) in NAMES and name.endswith(end)), name)
        for name in named
    }


def promtool(*words: str, given: str = "", cwd: Path = FOLDER) -> None:
    assert PROMTOOL is not None
    done = subprocess.run(
        [PROMTOOL, *words], cwd=cwd, input=given, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_table_is_that_of_the_code() -> None:
    assert "\n".join(rows()) in README


def test_buckets_and_values_of_labels_are_those_of_the_code() -> None:
    plain = " ".join(README.split())
    assert f"in seconds: {', '.join(f'{bound:g}' for bound in BUCKETS_S)}." in plain
    for values in ((*STAGES, "total"), get_args(State), ENGINES.values(), REASONS):
        assert ", ".join(values) in plain


def test_dashboard_and_alerts_name_only_metrics_that_exist() -> None:
    assert used(ALERTS) <= NAMES.keys()
    assert used("\n".join(expressions())) <= NAMES.keys()
    assert len(used("\n".join(expressions()))) > 20
    assert used("voicecli_nothing_total") == {"voicecli_nothing_total"}


def test_labels_are_those_that_the_metrics_have() -> None:
    for expression in (*expressions(), ALERTS):
        for name, labels in re.findall(r"\b((?:voicecli|process)_\w+)\{([^}]*)\}", expression):
            (metric,) = used(name)
            asked = set(re.findall(r"(\w+)(?:=~|!~|!=|=)", labels)) - {"instance"}
            assert asked <= set(NAMES[metric].labels), expression


def test_every_alert_is_explained() -> None:
    assert re.findall(r"alert: (\w+)", ALERTS) == re.findall(r"^\| (Voicecli\w+) \|", README, re.MULTILINE)


def test_each_panel_has_its_place_and_its_source() -> None:
    panels = DASHBOARD["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    taken: set[tuple[int, int]] = set()
    for panel in panels:
        at = panel["gridPos"]
        cells = {(at["x"] + x, at["y"] + y) for x in range(at["w"]) for y in range(at["h"])}
        assert at["x"] + at["w"] <= 24
        assert not cells & taken, panel["title"]
        taken |= cells
        assert panel["datasource"]["uid"] == "${datasource}"
    variables = {each["name"] for each in DASHBOARD["templating"]["list"]}
    assert variables == {"datasource", "instance"}


@needs_promtool
def test_the_alerts_are_what_prometheus_reads() -> None:
    promtool("check", "rules", "alerts.yml")


@needs_promtool
def test_the_alerts_fire_when_they_should(tmp_path: Path) -> None:
    shutil.copy(FOLDER / "alerts.yml", tmp_path)
    shutil.copy(ROOT / "tests" / "alerts.test.yml", tmp_path)
    promtool("test", "rules", "alerts.test.yml", cwd=tmp_path)


@needs_promtool
def test_prometheus_reads_every_expression_of_the_dashboard(tmp_path: Path) -> None:
    rules = [{"record": f"panel:{number}", "expr": each} for number, each in enumerate(expressions())]
    # JSON is YAML.
    (tmp_path / "panels.yml").write_text(json.dumps({"groups": [{"name": "panels", "rules": rules}]}))
    promtool("check", "rules", "panels.yml", cwd=tmp_path)


@needs_promtool
def test_prometheus_finds_no_fault_with_the_page() -> None:
    stand = Stand()
    stand.follow()
    stand.talk.events.close()
    stand.talk.crew.facts.close()
    stand.page.close()
    answer = stand.page.answer("/metrics")
    assert answer is not None
    promtool("check", "metrics", given=answer.body.decode())
