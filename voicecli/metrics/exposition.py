"""Samples -> the text that Prometheus reads: the one file that imports prometheus_client."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

from voicecli.metrics.counts import ordered
from voicecli.metrics.families import BUCKETS_S, Distribution, Family, Sample

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from prometheus_client.core import Metric


CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
"""Media type of the text format of Prometheus 2 and its like; no name here needs a newer format."""


class _Collected:
    """What the library asks for the metrics."""

    def __init__(self, samples: Iterable[Sample], distributions: Iterable[Distribution]) -> None:
        self._samples = samples
        self._distributions = distributions

    def collect(self) -> Iterator[Metric]:
        from prometheus_client.core import HistogramMetricFamily

        for family, samples in itertools.groupby(ordered(self._samples), lambda sample: sample.family):
            metric = _metric(family)
            for sample in samples:
                metric.add_sample(
                    family.name, dict(zip(family.labels, sample.values, strict=True)), sample.value
                )
            yield metric
        for family, found in itertools.groupby(ordered(self._distributions), lambda each: each.family):
            histogram = HistogramMetricFamily(family.name, family.meaning, labels=family.labels)
            for each in found:
                bounds = [*map(str, BUCKETS_S), "+Inf"]
                buckets = list(zip(bounds, itertools.accumulate(each.counts), strict=True))
                histogram.add_metric(each.values, buckets, each.total_s)
            yield histogram


def _metric(family: Family) -> Metric:
    from prometheus_client.core import Metric

    kind = "gauge" if family.kind == "info" else family.kind  # info is a kind of OpenMetrics alone
    return Metric(
        family.name.removesuffix("_total") if kind == "counter" else family.name, family.meaning, kind
    )


def page(samples: Iterable[Sample], distributions: Iterable[Distribution]) -> tuple[str, bytes]:
    """The page of metrics: its content type and its text, in the format that every reader knows."""
    from prometheus_client import CollectorRegistry, generate_latest

    registry = CollectorRegistry()
    registry.register(_Collected(list(samples), list(distributions)))
    return CONTENT_TYPE, generate_latest(registry)
