"""A report of `voicecli bench`, with what is hard to show: names that are markup, stages from 0 to 1.2 s."""

from __future__ import annotations

from voicecli.waiting.times import STAGES

HOSTILE = "<script>alert(1)</script>"
LONG = f"Where is {'Llanfairpwllgwyngyll' * 4}, and how does one get there from here?"


def turn(number: int, question: str, *spent: float) -> dict[str, object]:
    """A turn whose stages took so long; without any, one that was not answered."""
    latency = {**dict(zip(STAGES, spent, strict=True)), "total": round(sum(spent), 1)} if spent else {}
    return {
        "turn": number,
        "question": question,
        "latency_ms": latency,
        "wire_total_ms": sum(spent) + 12 if spent else None,
        "decided_ms": 231.0,
        "drafts_dropped": 1,
        "drafts_dropped_ms": 88.4,
        "prompt_tokens": 91,
        "prompt_tokens_evaluated": None,
    }


def report() -> dict[str, object]:
    turns = [
        turn(1, "What is the capital of France?", 61.0, 120.5, 98.1, 40.2, 33.3, 22.8, 0.0, 51.0),
        turn(2, HOSTILE, 58.0, 110.0, 101.0, 3.0, 2.0, 1.0, 640.0, 49.0),
        turn(3, LONG, 63.0, 96.0, 5.0, 5.0, 5.0, 5.0, 5.0, 1200.0),
        turn(4, "Hm"),
    ]
    stages: dict[str, object] = {
        stage: {"n": 3, "p50": 60.0, "p90": 130.0, "p99": 400.0, "budget_ms": 50.0 + 20 * number}
        for number, stage in enumerate(STAGES)
    }
    # The labels of p50 and p90 would lie on one another.
    stages["total"] = {"n": 3, "p50": 964.0, "p90": 970.0, "p99": None, "budget_ms": 600.0}
    curves = [
        {
            "name": name,
            "points": [
                {
                    "setting": f"<i>{x}</i>",
                    "false_cutoffs_percent": x,
                    "unheard_percent": x / 2,
                    "lost_percent": None,
                    "dead_air_s": best / (1 + x),
                }
                for x in (0.5, 4.0, 31.0)
            ],
            "reached": {
                "cut_at_300_ms_percent": 23.45,
                "cut_at_600_ms_percent": None,
                "delay_at_5_percent_s": best,
            },
        }
        for name, best in (("silence only", 1.5), ("Smart Turn only", 1.1), ("voicecli <b>", 0.6))
    ]
    return {
        "version": 1,
        "made": "2026-03-04T05:06:07+00:00",
        "voicecli": "0.1.0",
        "machine": {"cpu": "a & b", "cores": 2, "platform": "Linux", "python": "3.11"},
        "models": {"transcriber": "whisper <base>", "generator": '"tiny"', "voice": "joe"},
        "definitions": {"end_of_speech": "the last speech sample", "first_sound": "the first audible one"},
        "turns": turns,
        "stages": stages,
        "critical_path": ["device_in", "pause", "playback"],
        "engines": [
            {"name": "piper", "idle_rtf": 0.0351, "busy_rtf": None, "idle_ms": 41, "busy_ms": 60, "calls": 9}
        ],
        "cpu": {"talk_percent": 61.25, "idle_percent": 4.8, "rss_mb": 812, "peak_rss_mb": None},
        "losses": {"microphone_ring": 0, "underruns": 2},
        "buffers": [
            {
                "name": "microphone ring",
                "unit": "samples",
                "capacity": 160000,
                "fill": 320,
                "peak": 4800,
                "losses": 0,
                "adds_ms": 10,
                "policy": "drop oldest",
            }
        ],
        "tradeoff": {
            "curves": curves,
            "turns": 172,
            "pauses": 314,
            "as_set": {"false_cutoffs_percent": 13.7, "dead_air_s": 0.52, "dead_air_p90_s": 1.06},
        },
    }
