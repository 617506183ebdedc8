"""What a model thinks is neither said nor remembered, however it is marked and wherever the stream is cut."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voicecli.reply.thinking import Thinking

ANSWER = "The museum opens at ten."
SIZES = (1, 2, 3, 5, 7, 1000)


def heard(text: str, size: int, *, begins_inside: bool = False, cut: bool = False) -> tuple[str, bool, bool]:
    """What is left of a text that comes in pieces; whether it was thought, and with no beginning."""
    thinking, said = Thinking(begins_inside=begins_inside), ""
    for at in range(0, len(text), size):
        before = thinking.unopened
        piece = thinking.feed(text[at : at + size])
        said = piece if thinking.unopened and not before else said + piece
    return said + thinking.finish(cut=cut), thinking.thought, thinking.unopened


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize(
    "thought",
    [
        "<think>\nThey want it.\n</think>\n\n",
        "<THINK>They want it.</THINK>",
        "<thinking>They want it.</thinking> ",
        "<thought>\nThey want it.\n</thought>\n",
        "<reasoning>They < want > it.</reasoning>",
        "<reflection>x</reflection>",
        "<seed:think>They want it.</seed:think>",
        "<seed:think><seed:cot_budget_reflect>2</seed:cot_budget_reflect>x</seed:think>",
        "[THINK]They [want] it.[/THINK]",
        "◁think▷They want it.◁/think▷",
        "<|think|>x<|/think|>",
        "<|begin_of_thought|>x<|end_of_thought|>",
        "<|START_THINKING|>x<|END_THINKING|>",
        "<think>\n\n</think>\n\n",
        "<think>a</think></think>",
        "<think>he would say `</think>` here</think>",
        "\n <think>x</think> <think>y</think>\n",
        "<|channel|>analysis<|message|>They want it.<|end|><|start|>assistant<|channel|>final<|message|>",
        "<|start|>assistant<|channel|>analysis<|message|>x<|end|><|start|>assistant<|channel|>final<|message|>",
        "<|channel|>commentary to=functions.f<|message|>{}<|call|><|channel|>final<|message|>",
        "<|channel>thought\nThey want it.\n<channel|>",
        "analysisThey want it. assistantfinal",
    ],
)
def test_thinking_is_left_out(thought: str, size: int) -> None:
    assert heard(thought + ANSWER, size) == (ANSWER, True, False)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize(
    "text",
    [
        "",
        ANSWER,
        "Use `<think>` and `</think>` for it.",
        'The tag "<think>" begins it, and "</think>" ends it.',
        "Put it in a <think> block, then.",
        "```\n<think>\nx\n</think>\n```\nSo.",
        "If a < b and b > c, [OK], then <b>bold</b> <",
        "[TODO] [x] ◁ ▷ <| |> a`b",
        "analysis of it is hard, I think.",
        "analysis",
    ],
)
def test_what_is_no_thinking_stays(text: str, size: int) -> None:
    assert heard(text, size)[::2] == (text, False)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize(
    "end", ["</think>\n\n", "</THINK>", "[/THINK]", "</seed:think>", "◁/think▷", "</thought>"]
)
def test_without_its_beginning_all_before_the_end_is_thinking(end: str, size: int) -> None:
    assert heard(f"They want the hours. Short then.\n{end}{ANSWER}", size) == (ANSWER, True, True)


def test_it_is_known_at_the_tag_that_all_before_was_thinking() -> None:
    thinking = Thinking()
    told = [
        (thinking.feed(piece), thinking.unopened) for piece in ("They want", " it.", "</think>", "\n\nTen.")
    ]
    assert told == [("They want", False), (" it.", False), ("", True), ("Ten.", True)]


@pytest.mark.parametrize("size", SIZES)
def test_a_model_known_to_think_first_is_waited_for(size: int) -> None:
    thinking = Thinking(begins_inside=True)
    assert thinking.feed("They want the hours. ") == ""
    assert thinking.feed("So.</think>Ten") + thinking.feed(".") == "Ten."
    assert heard("They want it.</think>" + ANSWER, size, begins_inside=True)[0] == ANSWER
    assert heard(ANSWER, size, begins_inside=True) == (ANSWER, False, False)
    assert heard("They want", size, begins_inside=True, cut=True) == ("", True, False)
    assert heard("Well. <think>x</think>" + ANSWER, size, begins_inside=True)[0] == "Well. " + ANSWER


def test_thinking_that_is_told_apart_by_the_server_ends_what_is_held() -> None:
    thinking = Thinking(begins_inside=True)
    assert thinking.feed("Ten") == ""
    thinking.elsewhere()
    assert thinking.feed(" to six.</think>") + thinking.finish() == "Ten to six."
    assert not thinking.unopened


@pytest.mark.parametrize(
    "text", ["<think>all of it", "<think>", "[THINK]x[/THINK]", "<|channel|>analysis<|message|>x"]
)
def test_nothing_but_thinking_leaves_nothing(text: str) -> None:
    assert heard(text, 3)[:2] == ("", True)


PARTS = ["<think>", "</think>", "[THINK]", "`", "```", "a", "Ten.", '"', "<", "<|channel|>", "\n", " "]
PARTS += ["final<|message|>", "<|end|>", "analysis", "A", "◁", "think▷", "assistantfinal"]


@given(st.lists(st.sampled_from(PARTS), max_size=14), st.integers(1, 9))
def test_cuts_change_nothing(parts: list[str], size: int) -> None:
    text = "".join(parts)
    assert heard(text, size) == heard(text, 1)
