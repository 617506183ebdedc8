"""The seam of the language models: the factory, the echo, and where a reply ends."""

import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voicecli.config import GenerateConfig
from voicecli.errors import EngineError, ModelError
from voicecli.loading import load_language_model
from voicecli.messages import ChatMessage, GenerationStats
from voicecli.models.store import ModelStore
from voicecli.reply.generate import Generator
from voicecli.reply.generators import EchoGenerator, make_language_model
from voicecli.reply.replytext import ReplyText


def replied(generator: Generator, words: str, cancelled: bool = False) -> str:
    said: list[str] = []
    generator.generate([ChatMessage("user", words)], said.append, lambda: cancelled)
    return "".join(said)


def test_echo_says_what_it_heard() -> None:
    echo = make_language_model(GenerateConfig(engine="echo"), None)()
    echo.warm([])
    assert replied(echo, "hello there") == "You said: hello there"
    assert replied(echo, "hello there", cancelled=True) == ""
    assert echo.generate([ChatMessage("user", "x")], lambda _: None, lambda: False) == GenerationStats()
    assert echo.is_local
    assert not echo.reads_ahead
    echo.close()


def test_the_factory_follows_the_settings(tmp_path: Path) -> None:
    gguf = tmp_path / "tiny.gguf"
    gguf.write_bytes(b"GGUF")
    assert isinstance(make_language_model(GenerateConfig(engine="echo"), gguf)(), EchoGenerator)
    assert make_language_model(GenerateConfig(), gguf)().name == "tiny.gguf, in this process"
    server = make_language_model(GenerateConfig(engine="openai", model="qwen3:4b"), None)()
    assert server.name == "qwen3:4b at http://127.0.0.1:11434/v1"


def test_the_embedded_engine_wants_a_model(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="models pull"):
        make_language_model(GenerateConfig(), None)
    with pytest.raises(ModelError, match=r"gone\.gguf"):
        make_language_model(GenerateConfig(), tmp_path / "gone.gguf")


def test_making_an_engine_loads_no_library() -> None:
    code = (
        "import sys; from voicecli.config import GenerateConfig as C; "
        "from voicecli.reply.generators import *; "
        "make_language_model(C(engine='openai'), None)(); import voicecli.reply.gguf; "
        "assert not {'httpx', 'xllamacpp'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_without_an_embedded_model_to_stand_in_the_talk_is_told_how_to_get_one(tmp_path: Path) -> None:
    config = GenerateConfig(engine="openai", model="m", fallback="embedded")
    model, hint = load_language_model(config, ModelStore(tmp_path))
    assert "voicecli models pull" in hint
    assert model.seat().it.name.startswith("m at")
    assert load_language_model(GenerateConfig(engine="openai"), ModelStore(tmp_path))[1] == ""


def spoken(pieces: list[str], max_tokens: int) -> tuple[str, bool]:
    said: list[str] = []
    reply = ReplyText(said.append, max_tokens)
    ended = any(reply.take(piece) for piece in pieces)
    if not ended:
        with suppress(EngineError):
            reply.finish()
    return "".join(said), ended


def test_a_long_reply_ends_with_a_sentence() -> None:
    pieces = ["One", " two", ".", " Three", " four", ".", " Five", " six", ".", " Seven"]
    assert spoken(pieces, 100) == ("".join(pieces), False)
    assert spoken(pieces, 8) == ("One two. Three four.", True)


@pytest.mark.parametrize("pieces", [["and then "] * 5000, ["and then " * 5000]])
def test_a_reply_whose_sentence_does_not_end_is_cut(pieces: list[str]) -> None:
    said, ended = spoken(pieces, 100)
    assert ended
    assert 100 * len("and then ") < len(said) < 10_000


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("It is 3.5 or e.g. 4. Then more", None),
        ('She said "go!" Then more', 'She said "go!"'),
        ("はい。次", "はい。"),
        ("No end", None),
    ],
)
def test_what_ends_a_sentence(text: str, kept: str | None) -> None:
    assert spoken([text], 0) == ((text, False) if kept is None else (kept, True))


@given(st.lists(st.text(" ab.!", min_size=1, max_size=5), max_size=30), st.integers(0, 40))
def test_what_is_said_is_a_beginning_of_the_reply(pieces: list[str], max_tokens: int) -> None:
    said, ended = spoken(pieces, max_tokens)
    text = "".join(pieces).lstrip()
    assert text.startswith(said)
    assert ended or said == text


@pytest.mark.parametrize("size", [1, 3, 7])
def test_a_reply_that_goes_in_circles_ends(size: int) -> None:
    def said(text: str) -> tuple[str, bool]:
        return spoken([text[at : at + size] for at in range(0, len(text), size)], 1000)

    circles = "It is blue. They are called gems. So they are. " + "They are called gems! " * 9
    assert said(circles) == (circles[: circles.index("!") + 1], True)
    straight = "No. No. No. It is blue. It is blue and green. Is it? "
    assert said(straight) == (straight, False)


def test_a_reply_without_a_word_is_an_error() -> None:
    with pytest.raises(EngineError, match="empty reply"):
        ReplyText(lambda _piece: None, 10).finish()
