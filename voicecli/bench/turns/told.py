"""What a sweep found -> the figures for reports: records for the page, plain values for JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING

from voicecli.bench import findings
from voicecli.bench.turns.counting import KINDS
from voicecli.bench.turns.sweep import CUT_SHARES, DELAYS_S, best, fewest_cuts, frontier

if TYPE_CHECKING:
    from collections.abc import Sequence

    from voicecli.bench.turns.counting import Cuts, TriedSetting
    from voicecli.bench.turns.sweep import Curves


def tradeoff(found: Curves) -> findings.Tradeoff:
    """Give the curves, each by the settings that no other beats."""
    curves = [
        findings.Curve(name, [_point(point) for point in frontier(points)], _reached(points))
        for name, points in found.ways.items()
    ]
    as_set = found.as_set
    return findings.Tradeoff(curves, as_set.turns, as_set.pauses, _point(as_set))


def _point(point: TriedSetting) -> findings.Point:
    cuts, pauses = point.pause_cuts, max(1, point.pauses)
    unheard, rejoined, lost = (_percent(n / pauses) for n in (cuts.unheard, cuts.rejoined, cuts.lost))
    return findings.Point(
        false_cutoffs_percent=_percent(point.pauses_cut_rate),
        dead_air_s=round(point.dead_air_mean_s, 3),
        setting=point.setting,
        dead_air_median_s=round(point.dead_air_s, 3),
        dead_air_p90_s=round(point.dead_air_p90_s, 3),
        unheard_percent=unheard,
        rejoined_percent=rejoined,
        lost_percent=lost,
        turns_cut_percent=_percent(point.cut_off_rate),
    )


def _reached(points: Sequence[TriedSetting]) -> findings.Reached:
    cut = [fewest_cuts(points, delay_s) for delay_s in DELAYS_S]
    delay = [best(points, share) for share in CUT_SHARES]
    return findings.Reached(
        *(None if point is None else _percent(point.pauses_cut_rate) for point in cut),
        *(None if point is None else round(point.dead_air_mean_s, 3) for point in delay),
    )


def _percent(share: float) -> float:
    return round(100 * share, 2)


def plain(found: Curves) -> dict[str, object]:
    """All points, and the best of each way within each budget, as JSON has them."""
    return {
        "turns": found.as_set.turns,
        "pauses_inside": found.as_set.pauses,
        "curves": {name: [_plain(point) for point in points] for name, points in found.ways.items()},
        "best": {
            name: {
                **{f"cuts_{share:g}": _plain(best(points, share)) for share in CUT_SHARES},
                **{f"delay_{delay_s:g}_s": _plain(fewest_cuts(points, delay_s)) for delay_s in DELAYS_S},
            }
            for name, points in found.ways.items()
        },
        "as_set": _plain(found.as_set),
    }


def _plain(point: TriedSetting | None) -> dict[str, object] | None:
    if point is None:
        return None
    return {
        "setting": point.setting,
        "pauses": point.pauses,
        "pauses_cut": _by_kind(point.pause_cuts),
        "pauses_cut_rate": round(point.pauses_cut_rate, 4),
        "pauses_cut_rate_95": [round(bound, 4) for bound in point.pauses_cut_bounds],
        "turns": point.turns,
        "cut_off": point.cut_off,
        "turns_cut": _by_kind(point.turn_cuts),
        "cut_off_rate": round(point.cut_off_rate, 4),
        "cut_off_rate_95": [round(bound, 4) for bound in point.cut_off_bounds],
        "missed": point.missed,
        "dead_air_mean_s": round(point.dead_air_mean_s, 3),
        "dead_air_s": round(point.dead_air_s, 3),
        "dead_air_p90_s": round(point.dead_air_p90_s, 3),
    }


def _by_kind(cuts: Cuts) -> dict[str, int]:
    return dict(zip(KINDS, (cuts.unheard, cuts.rejoined, cuts.lost), strict=True))
