"""Answers of model servers that people reported -> what a whole talk makes of each.

Every case is a `voicecli talk` in a process of its own, with a server that plays the bytes of `sse/`
(`replay.py`). One talk asks two questions and names the model, another asks one with `--model auto`. A case
is judged by the events that the talk tells and by what the server was asked.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
import wave
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from cases import Outcome, wanted

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator

AT_ONCE = 3
"""Talks at a time: each of them mostly waits for somebody to finish speaking."""

GAP_S, SLOW_GAP_S = 12.0, 18.0
"""Seconds between the questions: for the reply to be said; for a slow one, with an event each 0.4 s."""

QUESTIONS = ("When does the museum open?", "And what about the garden?")
ANSWER = "the museum opens at ten and closes at six"
THOUGHTS = ("okay", "user asks", "they want", "keep it short", "i should be brief")
OVERFLOW = "the request has 4390 tokens"

KINDS = {
    "29": "stop before the end",
    "31": "content in parts",
    "32": "thinking in the text",
    "34": "no words, or cut",
    "35": "context overflow",
    "37": "a refused field",
    "38": "an unusual answer",
}


@dataclass(slots=True)
class ServerTurn:
    """What became of one question."""

    clauses: list[str] = field(default_factory=list)
    heard: str = ""
    told: list[str] = field(default_factory=list)
    """Warnings and errors, message and remedy."""
    failed: bool = False

    @property
    def answered(self) -> bool:
        """Whether the whole answer was heard."""
        return not self.failed and bare(self.heard) == ANSWER

    def tells(self, *words: str) -> bool:
        """Whether one line has all these words."""
        return any(all(word in line for word in words) for line in self.told)


@dataclass(slots=True)
class ServerTalk:
    """What a talk told, and what the server was asked."""

    turns: list[ServerTurn]
    warnings: list[str]
    """Warnings that belong to no turn."""
    asked: list[dict[str, object]]
    """Bodies of the requests for a reply, in order."""
    code: int
    complaint: str

    def remembered(self) -> list[str]:
        """The agent's own words as the last request gives them."""
        messages = messages_of(self.asked[-1]) if self.asked else []
        return [bare(str(message["content"])) for message in messages if message["role"] == "assistant"]

    def seen(self) -> str:
        """What happened, in one line for the table."""
        parts = [f"{bare(turn.heard) or '-'} {' | '.join(turn.told)}".strip() for turn in self.turns]
        return " // ".join([*parts, *self.warnings, self.complaint])[:300]


def messages_of(body: dict[str, object]) -> list[dict[str, object]]:
    """The messages of a request."""
    messages = body.get("messages", [])
    assert isinstance(messages, list)
    return messages


def bare(text: str) -> str:
    """The words of a text alone, in small letters."""
    return " ".join(re.findall(r"\w+", text.lower()))


def both(test: Callable[[ServerTurn], bool]) -> Callable[[ServerTalk], bool]:
    """Make a test of a talk: whether `test` holds for both of its turns, or for its only one."""
    return lambda talk: bool(talk.turns) and all(test(turn) for turn in talk.turns)


def answered(talk: ServerTalk) -> bool:
    """Whether the answers were said to their end, and no thinking was said or remembered."""
    said = " ".join(bare(turn.heard) for turn in talk.turns)
    clean = not any(thought in said for thought in THOUGHTS)
    remembered = all(words == ANSWER for words in talk.remembered())
    return clean and remembered and both(lambda turn: turn.answered)(talk)


def thinking_off(talk: ServerTalk) -> bool:
    """Whether every request has the fields that turn thinking off."""
    return bool(talk.asked) and all(
        "chat_template_kwargs" in body and "reasoning_effort" in body for body in talk.asked
    )


def forgot_the_thinking(talk: ServerTalk) -> bool:
    """Whether thinking without an opening tag sounded in the first turn at most, and is not remembered."""
    later = talk.turns[1:]
    return (
        not any(turn.failed for turn in talk.turns)
        and all(bare(turn.heard).endswith(ANSWER) for turn in talk.turns)
        and all(turn.answered for turn in later)
        and all(words == ANSWER for words in talk.remembered())
    )


def told_once(turn: ServerTurn) -> bool:
    """Whether a line says that the reply has no words."""
    return turn.tells("no words") or turn.tells("no word") or turn.tells("empty reply")


def shown(turn: ServerTurn) -> bool:
    """Whether the server's own words are shown, without wrong advice."""
    return turn.tells(OVERFLOW) and not turn.tells("ends in /v1")


RIGHT: dict[str, Callable[[ServerTalk], bool]] = {
    "31c": both(lambda turn: turn.tells("only thought")),
    "32a": forgot_the_thinking,
    "34a": both(lambda turn: turn.tells("only thought")),
    "34b": both(told_once),
    "34c": both(told_once),
    "34d": both(told_once),
    "34e": both(lambda turn: bare(turn.heard) == "the museum opens at ten" and turn.tells("cut off")),
    "35a": lambda talk: answered_with_less(talk) and thinking_off(talk),
    "35b": both(shown),
    "35c": both(lambda turn: turn.tells("empty", "context")),
    "35d": both(lambda turn: bare(turn.heard) == "the museum opens at" and turn.tells(OVERFLOW)),
    "35e": both(shown),
    "35f": both(shown),
    "37a": lambda talk: answered(talk) and "stream_options" not in talk.asked[-1] and one_each(talk),
    "37b": lambda talk: answered(talk) and "max_completion_tokens" in talk.asked[-1] and one_each(talk),
    "37c": lambda talk: (answered(talk) or both(lambda turn: turn.tells("system"))(talk)) and one_each(talk),
    "37d": both(lambda turn: turn.tells("at most 2000 characters")),
    "38a": lambda talk: answered(talk) or both(lambda turn: turn.tells("stream") and not shown(turn))(talk),
    "38c": lambda talk: answered(talk) or both(lambda turn: turn.tells("/v1"))(talk),
    "38g": lambda talk: (
        answered(talk)
        and thinking_off(talk)
        and not any("another computer" in line for line in talk.warnings)
    ),
}
"""The test for a case. For any other case it is `answered`."""


def answered_with_less(talk: ServerTalk) -> bool:
    """Whether questions are answered, although the server refuses requests with more than one question."""
    users = [sum(m["role"] == "user" for m in messages_of(body)) for body in talk.asked]
    return both(lambda turn: turn.answered)(talk) and users[-1] == 1


def one_each(talk: ServerTalk) -> bool:
    """Whether the talk repeats no refused request: the last two questions took one request each."""
    names = [(sorted(body), messages_of(body)[0]["role"]) for body in talk.asked]
    turns = len(talk.turns)
    return turns < 2 or names[-1] == names[-turns]


def outcomes(folder: Path, only: Collection[str]) -> Iterator[Outcome]:
    """Run every case of `sse.tsv` that the user asked for."""
    cases = [
        line.split("\t")[0]
        for line in (folder / "sse.tsv").read_text(encoding="utf-8").splitlines()
        if line and wanted(line.split("\t")[0], only)
    ]
    if not cases:
        return
    with tempfile.TemporaryDirectory(prefix="cases-") as name, ThreadPoolExecutor(AT_ONCE) as pool:
        scratch = Path(name)
        first, second = (spoken(text, scratch / f"{at}.wav") for at, text in enumerate(QUESTIONS))
        write(scratch / "one.wav", [first], 0.0)
        write(scratch / "two.wav", [first, second], GAP_S)
        write(scratch / "two-slow.wav", [first, second], SLOW_GAP_S)
        yield from pool.map(lambda case: judged(folder, case, scratch), cases)


def judged(folder: Path, case: str, scratch: Path) -> Outcome:
    """Ask two questions with the model named, and one with `auto`; judge both talks."""
    right = RIGHT.get(case, answered)
    recording = scratch / ("two-slow.wav" if case.startswith("29") else "two.wav")
    named = talk_with(folder, case, recording, "m", scratch / f"{case}-m")
    found = talk_with(folder, case, scratch / "one.wav", "auto", scratch / f"{case}-auto")
    good = right(named) and len(named.turns) == 2 and named.code == 0
    good_too = right(found) and len(found.turns) == 1 and found.code == 0
    seen = named.seen() if good_too else f"{named.seen()} //// auto: {found.seen()}"
    return Outcome(case, KINDS.get(case[:2], ""), good and good_too, seen)


def talk_with(folder: Path, case: str, recording: Path, model: str, scratch: Path) -> ServerTalk:
    """Hold one talk with the server of a case."""
    scratch.mkdir()
    with replayed(folder, case, scratch) as port:
        host = "0.0.0.0" if case == "38g" else "127.0.0.1"  # noqa: S104
        command = ["talk", "--json", "--engine", "openai", "--base-url", f"http://{host}:{port}/v1"]
        files = ["--from-file", str(recording), "--to-file", str(scratch / "out.wav")]
        done = subprocess.run(
            [sys.executable, "-m", "voicecli", *command, "--model", model, *files],
            capture_output=True,
            text=True,
            timeout=180,
            check=False,
        )
    return read(done, scratch / f"replay-{case}.jsonl")


def read(done: subprocess.CompletedProcess[str], log: Path) -> ServerTalk:
    """Read what a talk printed, by turn, and what the server logged."""
    turns: dict[int, ServerTurn] = {}
    warnings: list[str] = []
    for line in done.stdout.splitlines():
        event = json.loads(line)
        turn = turns.setdefault(event["turn"], ServerTurn()) if "turn" in event else None
        match event["event"]:
            case "reply" if turn:
                turn.clauses.append(event["text"])
            case "turn_done" if turn:
                turn.heard = event["heard"]
            case "warning" | "error" as kind:
                told = f"{event['message']}; {event['remedy']}"
                (turn.told if turn else warnings).append(told)
                if turn:
                    turn.failed = turn.failed or kind == "error"
    entries = [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]
    asked = [e["body"] for e in entries if e["line"].startswith("POST") and 1 not in limits(e["body"])]
    return ServerTalk(list(turns.values()), warnings, asked, done.returncode, done.stderr.strip()[-200:])


def limits(body: dict[str, object]) -> tuple[object, ...]:
    """The token limits of a request. A limit of 1 shows that it only warms the model."""
    return body.get("max_tokens"), body.get("max_completion_tokens")


@contextmanager
def replayed(folder: Path, case: str, scratch: Path) -> Iterator[str]:
    """Run the server of one case, with its log in `scratch`; give its port."""
    with subprocess.Popen(
        [sys.executable, str(folder / "replay.py"), case],
        stdout=subprocess.PIPE,
        text=True,
        env={"PATH": "/usr/bin:/bin", "TMPDIR": str(scratch)},
    ) as server:
        try:
            assert server.stdout is not None
            yield server.stdout.readline().strip()
        finally:
            server.terminate()


def spoken(text: str, file: Path) -> tuple[int, bytes]:
    """Let the voice say a text: its rate in Hz, and its samples as 16-bit mono."""
    subprocess.run([sys.executable, "-m", "voicecli", "say", text, "-o", str(file)], check=True)
    with wave.open(str(file)) as sound:
        assert (sound.getnchannels(), sound.getsampwidth()) == (1, 2)
        return sound.getframerate(), sound.readframes(sound.getnframes())


def write(file: Path, questions: list[tuple[int, bytes]], gap_s: float) -> None:
    """Write the questions, `gap_s` apart, with a second of silence before and after."""
    rate_hz = questions[0][0]
    around, between = bytes(2 * rate_hz), bytes(2 * round(gap_s * rate_hz))
    with wave.open(str(file), "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(rate_hz)
        sound.writeframes(around + between.join(samples for _, samples in questions) + around)
