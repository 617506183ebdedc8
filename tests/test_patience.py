"""How long a server may take for an answer, in virtual time."""

from __future__ import annotations

import re

import pytest

from tests.sentences import pattern
from voicecli.network.trouble.patience import Patience
from voicecli.reply.server.too_slow import too_slow


@pytest.fixture
def patience() -> Patience:
    """15 s to the first word, 20 s from word to word, 60 s in all."""
    return Patience(15.0, 20.0, 60.0)


def test_what_is_no_word_does_not_make_the_wait_longer(patience: Patience) -> None:
    assert patience.begin(100.0) == 115.0
    for now in (104.0, 109.0, 114.0):
        patience.end(now)
        assert patience.begin(now) == 115.0
    patience.end(115.0)
    assert re.search(pattern("server.silent", seconds=15), str(too_slow(patience, "there", thought=False)))
    assert "thought" in too_slow(patience, "there", thought=True).found


def test_a_word_gives_it_time_for_the_next(patience: Patience) -> None:
    patience.begin(0.0)
    patience.end(10.0)
    assert patience.begin(10.0, 1) == 30.0
    patience.end(29.0)
    assert patience.begin(29.0, 2) == 49.0
    patience.end(49.0)
    assert "generate.timeout_s" in too_slow(patience, "there", thought=False).remedy


def test_all_waiting_together_is_limited(patience: Patience) -> None:
    now = 0.0
    for word in range(5):
        assert patience.begin(now, word) == min(now + (20.0 if word else 15.0), 60.0)
        now += 12.0
        patience.end(now)
    assert patience.begin(now, 5) == now
    assert "generate.total_s" in too_slow(patience, "there", thought=False).remedy


def test_while_the_voice_is_behind_no_time_counts(patience: Patience) -> None:
    patience.begin(0.0)
    patience.end(1.0)
    assert patience.begin(1000.0, 1) == 1020.0
    patience.end(1001.0)
    patience.end(1001.0)
    assert patience.begin(5000.0, 1) == 5019.0


def test_what_a_try_waited_for_in_vain_counts_for_the_next(patience: Patience) -> None:
    patience.begin(0.0)
    patience.end(6.0)
    assert patience.begin(7.0) == 16.0
