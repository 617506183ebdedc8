"""How well and how fast words are found: `Transcriber` beside `WhisperModel.transcribe()`, the same weights.

Moonshine is measured with them where it is here (`voicecli models pull moonshine-tiny-en`).

    .venv/bin/python scripts/hearing/word_error_rate.py [--model whisper-base] [--language en] [--rounds 3]

Both transcribe each clip in turn, `rounds` times. The best time of each counts, because other programs use
the cores, too. For the same reason the script also prints processor time, which is the sum over all threads.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

sys.path.insert(0, str(Path(__file__).resolve().parent.parent.parent))

from rig.speech_clips import Clip, clips
from voicecli.bench.word_errors import distance, normalised
from voicecli.listen.recognise.moonshine import Moonshine
from voicecli.listen.whisper.transcriber import Transcriber
from voicecli.listen.whisper.whisper import Whisper
from voicecli.models.store import models_root

if TYPE_CHECKING:
    from collections.abc import Callable

    from voicecli.messages import Float32

MOONSHINE = "moonshine-tiny-en"


@dataclass(slots=True)
class ClipOutcome:
    """What one engine made of one clip, with its best times so far."""

    text: str = ""
    language: str = ""
    wall_s: float = float("inf")
    processor_s: float = float("inf")


def run(engine: Callable[[Float32], tuple[str, str]], clip: Clip, outcome: ClipOutcome) -> None:
    """Transcribe once more; keep the better times."""
    wall, processor = time.perf_counter(), time.process_time()
    outcome.text, outcome.language = engine(clip.samples)
    outcome.wall_s = min(outcome.wall_s, time.perf_counter() - wall)
    outcome.processor_s = min(outcome.processor_s, time.process_time() - processor)


def engines(model: str, language: str) -> dict[str, Callable[[Float32], tuple[str, str]]]:
    """Our engine and faster-whisper's, with the same number of threads; Moonshine where it is installed."""
    folder = models_root() / model
    transcriber = Transcriber(Whisper(folder), language)
    transcriber.warm()
    from faster_whisper import WhisperModel

    whisper = WhisperModel(str(folder), device="cpu", compute_type="int8", local_files_only=True)

    def ours(samples: Float32) -> tuple[str, str]:
        transcript = transcriber.transcribe(samples)
        return transcript.text, transcript.language

    def theirs(samples: Float32) -> tuple[str, str]:
        segments, info = whisper.transcribe(
            samples, beam_size=5, language=None if language == "auto" else language
        )
        return "".join(segment.text for segment in segments), info.language

    found: dict[str, Callable[[Float32], tuple[str, str]]] = {
        "Transcriber": ours,
        "WhisperModel.transcribe": theirs,
    }
    if (models_root() / MOONSHINE).is_dir():
        moonshine = Moonshine(models_root() / MOONSHINE).session()

        def quick(samples: Float32) -> tuple[str, str]:
            transcript = moonshine.transcribe(samples)
            return transcript.text, transcript.language

        found["Moonshine"] = quick
    return found


def report(name: str, pairs: list[tuple[Clip, ClipOutcome]]) -> None:
    """Print one line for the clean clips, the noisy ones and all."""
    for kind in ("clean", "20 dB", "15 dB", ""):
        chosen = [(clip, outcome) for clip, outcome in pairs if clip.name.endswith(kind)]
        said = sum(len(normalised(clip.words)) for clip, _ in chosen)
        wrong = sum(distance(normalised(clip.words), normalised(o.text)) for clip, o in chosen)
        wall, processor = [o.wall_s for _, o in chosen], [o.processor_s for _, o in chosen]
        print(
            f"{name:24} {kind or 'all':6} {len(chosen):4} clips  WER {100 * wrong / said:5.2f} %  "
            f"median {1000 * statistics.median(wall):5.0f} ms  total {sum(wall):6.1f} s  "
            f"processor median {1000 * statistics.median(processor):5.0f} ms  total {sum(processor):6.1f} s"
        )
    others = sum(outcome.language != "en" for _, outcome in pairs)
    print(f"{name:24} {others} clips not taken for English")


def main() -> int:
    """Measure, print a table, then what was heard wrongly by one of them alone."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", default="whisper-base")
    parser.add_argument("--language", default="en", help='"en" or "auto"')
    parser.add_argument("--rounds", type=int, default=3)
    args = parser.parse_args()
    for needed in (args.model, "voice-en-us-joe"):
        if not (models_root() / needed).is_dir():
            print(f'no model {needed} here: run "voicecli models pull {needed}"', file=sys.stderr)
            return 1
    chosen = list(clips())
    print(f"{len(chosen)} clips, {sum(clip.samples.size for clip in chosen) / 16_000:.0f} s of audio")
    both = engines(args.model, args.language)
    outcomes = {name: [ClipOutcome() for _ in chosen] for name in both}
    for _ in range(args.rounds):
        for index, clip in enumerate(chosen):
            for name, engine in both.items():
                run(engine, clip, outcomes[name][index])
    for name, results in outcomes.items():
        report(name, list(zip(chosen, results, strict=True)))
    for clip, *pair in zip(chosen, *outcomes.values(), strict=True):
        wrong = [distance(normalised(clip.words), normalised(outcome.text)) for outcome in pair[:2]]
        if wrong[0] > wrong[1]:
            print(f"worse by {wrong[0] - wrong[1]} words: {clip.name}: {pair[0].text}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
