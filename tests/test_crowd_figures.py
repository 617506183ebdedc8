"""What a caller noted -> what it waited for and lost -> how many a server bears: all by hand-made times."""

from __future__ import annotations

import dataclasses

import pytest

from voicecli.bench.crowd.call_exchanges import GAP_S, CallExchange, exchanges, played
from voicecli.bench.crowd.call_record import CallRecord, SoundBlock, SpokenLine
from voicecli.bench.crowd.capacity import CrowdRow, borne, percentile, row, too_much
from voicecli.bench.crowd.server_pages import Spending, address_of, reading, spending
from voicecli.errors import ConfigError
from voicecli.metrics import families as f
from voicecli.metrics.exposition import page
from voicecli.metrics.families import BUCKETS_S, Distribution, Sample

S = 0.02


def block(came: float, reply: int = 0, first: float | None = 0.0) -> SoundBlock:
    return SoundBlock(came, reply, S, first, None if first is None else S)


def answer(begins: float, count: int, reply: int = 0, lead_s: float = 0.0) -> list[SoundBlock]:
    """Blocks that come 20 ms apart, but for `lead_s` of them, which come at once."""
    return [block(begins + max(0.0, number * S - lead_s), reply) for number in range(count)]


def line(began: float, words: str = "") -> SpokenLine:
    return SpokenLine(words, began, began + 1.0)


def call(
    lines: list[SpokenLine], replies: list[float], blocks: list[SoundBlock], **others: object
) -> CallRecord:
    return CallRecord(lines, len(lines), replies, blocks, **others)  # type: ignore[arg-type]


# ---- the caller's loudspeaker


def test_what_comes_early_sounds_one_after_the_other() -> None:
    sounded = played([block(1.0), block(1.0), block(1.0)], [])
    assert [each.began for each in sounded] == pytest.approx([1.0, 1.02, 1.04])


def test_what_comes_late_sounds_when_it_comes() -> None:
    sounded = played([block(1.0), block(1.5)], [])
    assert [each.began for each in sounded] == [1.0, 1.5]


def test_told_to_stop_it_stops_and_begins_anew() -> None:
    sounded = played([block(1.0), block(1.0), block(1.0), block(1.1)], [1.03])
    assert [(each.began, each.ended) for each in sounded] == [
        pytest.approx((1.0, 1.02)),
        pytest.approx((1.02, 1.03)),
        pytest.approx((1.1, 1.12)),
    ]


# ---- one line


def test_the_wait_is_to_the_first_audible_sample_that_is_due() -> None:
    silent = SoundBlock(2.5, 0, 0.2)
    sounds = SoundBlock(2.5, 0, 0.2, 0.05, 0.2)
    (found,) = exchanges(call([line(1.0)], [2.4], [silent, sounds]))
    # It came at 2.5, but sounds only when the silence before it is over.
    assert found.wait_ms == pytest.approx((2.5 + 0.2 + 0.05 - 2.0) * 1000)


def test_an_answer_that_never_comes_has_no_wait_and_one_that_cuts_in_neither() -> None:
    silent, early = exchanges(call([line(1.0), line(5.0)], [5.4], answer(5.5, 100)))
    assert (silent.wait_ms, silent.cut_in) == (None, False)
    assert (early.wait_ms, early.cut_in) == (None, True)


def test_an_interruption_is_over_with_the_last_audible_sample() -> None:
    blocks = [each for each in answer(2.5, 100, lead_s=0.3) if each.came < 3.25]
    record = call([line(1.0), line(3.0)], [2.4, 4.5], [*blocks, *answer(4.6, 10, 1)], stops=[3.25])
    first, second = exchanges(record)
    assert first.silence_ms is None
    assert second.silence_ms == pytest.approx(250)
    assert second.cut_in is False  # that was the answer before
    assert second.wait_ms == pytest.approx(600)


def test_a_reply_that_is_held_back_is_silent_when_what_came_is_over() -> None:
    record = call([line(1.0), line(3.0)], [2.4], answer(2.5, 35), stops=[3.5])  # 0.7 s of it
    assert exchanges(record)[1].silence_ms == pytest.approx(200)


def test_gaps_are_counted_within_a_reply_and_not_across_an_interruption() -> None:
    late = 2.5 + 10 * S + GAP_S
    blocks = [*answer(2.5, 10), *answer(late + 0.001, 10), *answer(late + 5.0, 10)]
    (found,) = exchanges(call([line(1.0)], [2.4], blocks))
    assert found.gaps == 2
    assert exchanges(call([line(1.0)], [2.4], [*answer(2.5, 10), *answer(late - 0.001, 10)]))[0].gaps == 0
    assert exchanges(call([line(1.0), line(4.0)], [2.4], blocks))[0].gaps == 1


def test_the_lead_shrinks_when_the_server_is_slow() -> None:
    (found,) = exchanges(call([line(1.0)], [2.4], answer(2.5, 100, lead_s=0.3)))
    assert min(found.leads_ms) == pytest.approx(300)
    slow = [block(2.5 + number * S * 1.1, 0) for number in range(100)]
    assert max(exchanges(call([line(1.0)], [2.4], slow))[0].leads_ms) == pytest.approx(0, abs=1e-6)


def test_words_and_looks_belong_to_their_line() -> None:
    lines = [line(1.0, "What is it?"), line(5.0, "Seven times 8.")]
    heard = [(2.2, "What is"), (2.4, "it"), (6.2, "seven times nine")]
    record = call(lines, [], [], heard=heard, looks=[1.5, 1.9, 5.5])
    assert [(each.words, each.wrong, each.looks) for each in exchanges(record)] == [(3, 0, 2), (3, 1, 1)]


def test_a_line_that_is_not_finished_does_not_count() -> None:
    record = call([line(1.0), line(5.0)], [2.4], answer(2.5, 10))
    record.finished = 1
    assert len(exchanges(record)) == 1


# ---- a row


def exchange(wait_ms: float | None, **others: object) -> CallExchange:
    plain = CallExchange(1.0, 2.0, wait_ms, False, None, 4, 0, 2, 0, 3.0, (290.0, 280.0))
    return dataclasses.replace(plain, **others)  # type: ignore[arg-type]


def figures(*found: CallExchange, refused: int = 0, records: int = 1) -> CrowdRow:
    return row([CallRecord(lasted_s=10.0, cpu_s=0.5)] * records, found, refused, None, [])


def test_percentiles_are_values_that_were_measured() -> None:
    assert [percentile(range(1, 21), share) for share in (0.05, 0.5, 0.95, 1.0)] == [1, 10, 19, 20]
    assert percentile([7.0], 0.95) == 7
    assert percentile([], 0.5) is None


def test_an_answer_that_does_not_come_is_longer_than_any() -> None:
    found = figures(*[exchange(500.0)] * 18, exchange(None), exchange(None))
    assert (found.unanswered, found.wait_p50_ms, found.wait_p95_ms) == (2, 500, None)
    assert "2 lines without an answer" in too_much(found, found)


def test_an_answer_that_cuts_in_is_counted_apart() -> None:
    found = figures(exchange(500.0), exchange(None, cut_in=True))
    assert (found.unanswered, found.cut_ins, found.wait_p99_ms) == (0, 1, 500)


def test_shares() -> None:
    found = row(
        [CallRecord(lasted_s=10.0, cpu_s=0.5, late_s=0.004)] * 2,
        [exchange(500.0, wrong=1, gaps=1), exchange(600.0, silence_ms=230.0)],
        1,
        Spending(120.04, 1300.0, 50.0),
        [12.0, 30.0, 14.0],
    )
    assert (found.callers, found.refused, found.interruptions, found.silence_p95_ms) == (3, 1, 1, 230)
    assert (found.wrong_words_percent, found.looks_a_second, found.gaps_a_minute) == (12.5, 2, 10)
    assert (found.server_cpu_percent, found.caller_cpu_percent, found.caller_late_ms) == (120, 5, 4)
    assert (found.refusal_p50_ms, found.refusal_worst_ms, found.lead_p5_ms) == (14, 30, 280)


GOOD = figures(*[exchange(700.0)] * 20)


@pytest.mark.parametrize(
    ("worse", "why"),
    [
        ({"wait_p95_ms": 1000.0}, "p95 1000 ms"),
        ({"gaps": 1}, "1 gaps"),
        ({"refused": 1}, "1 refused"),
        ({"lost": 1}, "1 lost their connection"),
        ({"looks_a_second": 1.5}, "1.50 instead of 2.00 looks a second"),
        ({"lines": 0}, "nothing was answered"),
    ],
)
def test_what_a_server_must_not_do(worse: dict[str, float], why: str) -> None:
    assert too_much(dataclasses.replace(GOOD, **worse), GOOD) == why  # type: ignore[arg-type]
    assert too_much(dataclasses.replace(GOOD, looks_a_second=1.7), GOOD) == ""


def test_a_server_bears_the_most_callers_before_the_first_that_are_too_many() -> None:
    rows = [dataclasses.replace(GOOD, callers=number) for number in (1, 2, 4, 8)]
    assert borne(rows) == (8, "")
    rows[2] = dataclasses.replace(rows[2], gaps=3)
    assert borne(rows) == (2, "4: 3 gaps")  # though with 8 all went well
    assert borne(rows[2:])[0] == 0


# ---- the server's pages


def metrics(cpu_s: float, lags: tuple[int, ...] = ()) -> str:
    counts = (*lags, *[0] * (len(BUCKETS_S) + 1 - len(lags)))
    samples = [Sample(f.CPU, (), cpu_s), Sample(f.MEMORY, (), 5e8), Sample(f.TURNS, ("answered",), 3)]
    return page(samples, [Distribution(f.LOOP_LAG, (), counts, 1.0)])[1].decode()


def test_what_a_server_spent() -> None:
    before = reading([metrics(10.0, (10_000,))], 50.0)
    after = reading([metrics(16.0, (10_050, 20))], 60.0)
    assert before is not None
    assert after is not None
    assert spending(before, after) == Spending(60.0, 500.0, 1000 * BUCKETS_S[1])


def test_processes_are_added_up() -> None:
    both = reading([metrics(10.0, (1, 2)), metrics(5.0, (3,))], 50.0)
    assert both is not None
    assert (both.cpu_s, both.memory_bytes, both.lags[BUCKETS_S[0]]) == (15, 1e9, 4)


def test_a_server_that_tells_nothing_is_not_known() -> None:
    assert reading([], 1.0) is None
    assert reading([metrics(1.0), "<html>404"], 1.0) is None


@pytest.mark.parametrize(
    ("given", "base"),
    [
        ("http://127.0.0.1:8765", "http://127.0.0.1:8765"),
        ("ws://localhost:1/v1/realtime", "http://localhost:1"),
        ("wss://talk.example", "https://talk.example"),
        ("127.0.0.1:8765", "http://127.0.0.1:8765"),
        ("http://[::1]:5/", "http://[::1]:5"),
    ],
)
def test_addresses(given: str, base: str) -> None:
    assert address_of(given).base == base
    assert address_of(given).realtime == f"{base}/v1/realtime"


@pytest.mark.parametrize("given", ["", "http://", "ftp://a", "http://a:b", "http://me:secret@a", "http://["])
def test_what_is_no_address(given: str) -> None:
    with pytest.raises(ConfigError, match="no address of a server") as refused:
        address_of(given)
    assert "secret" not in str(refused.value)
