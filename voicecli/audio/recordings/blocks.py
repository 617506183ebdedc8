"""Repairs a recording: silence fills holes (lost sound) and replaces bursts beside them. Joins its blocks."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

    from voicecli.messages import Float32

EDGE_S, BURST = 0.06, 1.25
"""Seconds, and a factor of amplitude (2 dB). If a block lies so near to a hole, and is so much louder than
all blocks before it, the decoder made a burst of noise there. `calm` makes it silent."""


def silence(count: int, channels: int, most: int) -> Iterator[Float32]:
    """Give `count` samples of silence, as blocks of (n, channels) of at most `most` samples."""
    for begin in range(0, count, most):
        yield np.zeros((min(most, count - begin), channels), np.float32)


def calm(parts: Iterator[tuple[Float32, bool]], rate_hz: int) -> Iterator[Float32]:
    """Pass blocks on, without the bursts that decoders make at the edges of a hole.

    Each part is a block and whether it is silence in place of a hole. Blocks are held back for `EDGE_S`,
    because a burst may lie before its hole.
    """
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
    """Join blocks of several channels to blocks of `enough` samples. Mono blocks pass as they are.

    The mixer learns from the first block, so that must be long enough.
    """
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
