"""Blocks of a recording on their way: silence for holes, no bursts at their edges, joined for the mixer."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

    from voicecli.messages import Float32

EDGE_S, BURST = 0.06, 1.25
"""So near to a hole nothing is believed that is so much louder than all before: a decoder lost its thread."""


def silence(count: int, channels: int, most: int) -> Iterator[Float32]:
    """`count` samples of it, (n, channels) with at most `most` at a time."""
    for begin in range(0, count, most):
        yield np.zeros((min(most, count - begin), channels), np.float32)


def calm(parts: Iterator[tuple[Float32, bool]], rate_hz: int) -> Iterator[Float32]:
    """Blocks of parts, without the bursts that decoders make of the edges of a hole."""
    edge, loudest, wary = round(EDGE_S * rate_hz), 0.0, 0
    held: list[Float32] = []

    def released(least: int, *, unsure: bool) -> Iterator[Float32]:
        nonlocal loudest, wary
        while held and sum(map(len, held[1:])) >= least:
            block = held.pop(0)
            peak = float(np.abs(block).max(initial=0.0))
            burst = peak > BURST * loudest and (unsure or wary > 0)
            loudest = loudest if burst else max(loudest, peak)
            wary -= len(block)
            yield np.zeros_like(block) if burst else block

    for block, missing in parts:
        if missing:
            yield from released(0, unsure=True)
            wary = edge
            yield block
        else:
            held.append(block)
            yield from released(edge, unsure=False)
    yield from released(0, unsure=False)


def gathered(blocks: Iterator[Float32], enough: int) -> Iterator[Float32]:
    """Joined to `enough` samples, where there are several channels: a mixer looks ahead."""
    held: list[Float32] = []
    for block in blocks:
        if held and held[0].shape[1] != block.shape[1]:
            yield np.concatenate(held)
            held = []
        held.append(block)
        if block.shape[1] == 1 or sum(map(len, held)) >= enough:
            yield np.concatenate(held)
            held = []
    if held:
        yield np.concatenate(held)
