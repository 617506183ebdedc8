"""The splitter: what is said, when, and that the cutting of the stream changes nothing."""

import re
from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from rig.said import Case, cases
from voicecli.aloud.clauses import ClauseSplitter
from voicecli.aloud.lengths import MAX_CLAUSE_CHARS
from voicecli.aloud.spoken.signs import composed, plain


def clauses(text: str, language: str = "en") -> list[str]:
    splitter = ClauseSplitter(language)
    return splitter.push(text) + splitter.finish()


def consumed_at(text: str) -> list[tuple[int, str]]:
    """Each clause with the number of characters that had been pushed when it came; finish() counts as one."""
    splitter = ClauseSplitter()
    timed = [(n, clause) for n, char in enumerate(text, 1) for clause in splitter.push(char)]
    return timed + [(len(text) + 1, clause) for clause in splitter.finish()]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Yes, it is.", ["Yes,", "it is."]),
        ("Sure! I can help.", ["Sure!", "I can help."]),
        ("**Sure!** *I* can.", ["Sure!", "I can."]),
        ("Really?! I see.", ["Really?", "I see."]),
        ("No. I did not.", ["No.", "I did not."]),
        ("Hello", ["Hello."]),
        ("Well... let me see. Yes.", ["Well...", "let me see.", "Yes."]),
        ("Note: this is it.", ["Note:", "this is it."]),
        ("Of course—here it is.", ["Of course,", "here it is."]),
        ("Fine — here it is.", ["Fine,", "here it is."]),
        ('"Stop." He left. "Why?" she asked.', ['"Stop."', "He left.", '"Why?" she asked.']),
        ("He said (loudly.) Then he left.", ["He said (loudly.)", "Then he left."]),
    ],
)
def test_marks(text: str, expected: list[str]) -> None:
    assert clauses(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "Dr. Smith",
        "Mr. and Mrs. Jones",
        "J. K. Rowling wrote",
        "J. R. R. Tolkien wrote",
        "the U.S. President spoke",
        "pi is 3.14 today",
        "exactly 1,000,000 people",
        "see No. 5 there",
        "about approx. 5 kg more",
        "fruit e.g. Apples",
        "see Fig. 3 there",
        "on Jan. 5 there",
        "at 10:30 sharp",
        "see https://example.com/a.b?c=d,e;f here",
        "at example.com today",
        "mail a.b@example.com today",
        "type `a.b! c` now",
        "on May 5, 2024 there",
        "version 3.11.2 is",
        "Acme Inc. makes",
        "at 5 p.m. today",
        "at 5 p.m. 20 came",
        "at 10：30 now",
        "files in C:/a.b here",
        "in St. Mary church",
        "read [the docs](https://a.example/b,c. d) now",
        "go `git commit, then. Push` now",
    ],
)
def test_never_parted(text: str) -> None:
    said = "One two three four. Five six seven eight nine ten eleven twelve thirteen fourteen fifteen."
    assert len(clauses(f"{said} X {text}")) == 3  # once more has been said than the first hasty words


def test_german_ordinals_do_not_end_a_sentence() -> None:
    assert clauses("Er kam am 5. Mai. Dann ging er.", "de") == ["Er kam am fünften Mai.", "Dann ging er."]


def test_a_typical_answer() -> None:
    reply = (
        "Sure! Here are **three** tips:\n\n"
        "1. **Plan ahead.** Write a list, e.g. milk and eggs.\n"
        "2. Use `git status -s` often\n"
        "3. Visit [the docs](https://docs.python.org/3/)\n\n"
        "```python\nprint('hi')\n```\n\n"
        "| Name | Age |\n|------|:---:|\n| Ada | 36 |\n\n"
        "## Summary\n> It works! 😀👍🏽<|im_end|>"
    )
    assert clauses(reply) == [
        "Sure!",
        "Here are three tips:",
        "1, Plan ahead.",
        "Write a list, for example milk and eggs.",
        "2, Use git status dash s often.",
        "3, Visit the docs.",
        "There is a code example here.",
        "Name, Age.",
        "Ada, 36.",
        "Summary.",
        "It works!",
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (r"$G \frac{m_1 m_2}{r^2}$ and $3s_1$", ["G m one m two, over r squared,", "and three s one."]),
        ("a <b>bold</b> word<br/>next <!-- not this --> line", ["a bold word.", "next line."]),
        ("if x <y or <3 or vector<int> is", ["if x y", "or less than 3 or vector int is."]),
        ("see <https://example.com/a> now", ["see example dot com now."]),
        ("<a href='x' class='y'>this</a> one", ["this one."]),
        ("a ![picture](a.png) b", ["a picture b."]),
        ("[![alt](a.png)](https://b.c) b", ["alt b."]),
        ("[one](a_(b)) two [three] (four)", ["one two three (four)"]),
        ("f[i](as above) here", ["f i (as above) here."]),
        ("use ``a `b` c`` or `print('x')` now", ["use a b c or print 'x'", "now."]),
        ("it`s\nso <b <i>c</i>", ["it s so b c"]),
        ("it`s fine\n\nreally", ["it s fine.", "really."]),
        ("one\n~~~\ncode. Code!\n~~~\ntwo", ["one.", "There is a code example here.", "two."]),
        ("one ````\n```\ncode\n```` two", ["one.", "There is a code example here.", "two."]),
        ("- [ ] one\n- [x] two\n  * three,\n+ four", ["one.", "two.", "three.", "four."]),
        ("# One\ntwo\n## 3. Four", ["One.", "two.", "3, Four."]),
        ("2024 was\n1999. is", ["twenty twenty-four was.", "nineteen ninety-nine. is."]),
        ("-5 degrees\n--flag\n#tag", ["-5 degrees.", "dash dash flag.", "hashtag tag."]),
        ("\x1b[1;31mred\x1b[0m a\x1b7b", ["red ab."]),
        ("a\r\n\r\nb\tc", ["a.", "b c."]),
        ("A | B\n--- | ---\n1 | 2", ["A, B.", "1, 2."]),
    ],
)
def test_markup(text: str, expected: list[str]) -> None:
    assert clauses(text) == expected


def test_code_is_passed_over_in_languages_without_a_phrase_for_it() -> None:
    assert clauses("Eins.\n```\ncode\n```\nZwei.", "de") == ["Eins.", "Zwei."]


def test_only_english_words_open_clauses() -> None:
    text = "eins zwei drei vier fünf sechs sieben in acht"
    assert clauses(text, "de") == ["eins zwei drei vier", "fünf sechs sieben in acht."]
    assert clauses("eins zwei drei in acht", "en") == ["eins zwei drei", "in acht."]
    assert clauses("eins zwei drei in acht", "de") == ["eins zwei drei in acht"]


@pytest.mark.parametrize(
    ("text", "first", "at_most"),
    [
        # A mark after a word is acted on at once, without waiting for the space.
        ("Yes, the capital is Paris.", "Yes,", 4),
        ("Sure! Here you are.", "Sure!", 5),
        # A full stop may still be a decimal point or an abbreviation.
        ("Paris is the capital. It has", "Paris is the capital.", 23),
        ("The cat sat there because it was tired of", "The cat sat there", 26),
        ("The big house on a hill in", "The big house", 17),
        ("One two three four five six", "One two three four", 19),
    ],
)
def test_the_first_clause_comes_early(text: str, first: str, at_most: int) -> None:
    at, clause = consumed_at(text)[0]
    assert clause == first
    assert at <= at_most


@pytest.mark.parametrize("bound", ["the", "9", "J."])
def test_no_clause_ends_on_a_closely_bound_word(bound: str) -> None:
    first, *_ = clauses(f"One two three {bound} nine ten eleven")
    assert first.endswith("nine")


def test_what_abbreviations_make_too_long_is_cut_without_loss() -> None:
    said = clauses("5 km/h " * 200)
    assert max(map(len, said)) <= MAX_CLAUSE_CHARS
    assert " ".join(said).count("5 kilometres per hour") == 200


def test_of_a_long_address_only_the_host_is_said() -> None:
    said = clauses("see https://example.com/" + "a" * 1000 + " now")
    assert " ".join(said) == "see example dot com now."


def test_then_sentences_stay_whole_up_to_25_words() -> None:
    start = "One two three four. Seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen. "
    whole = (
        "This sentence, which has commas, and which goes on for a while, stays in one piece, I hope, today."
    )
    assert clauses(start + whole)[-1] == whole


def test_a_long_sentence_is_parted_at_its_last_comma() -> None:
    start = "One two three four. Seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen. "
    long = "So w w w w, " + "w " * 14 + "w, " + "w " * 12
    assert clauses(start + long)[2:] == [long[: 12 + 31].strip(), ("w " * 12).strip() + "."]


def test_a_long_sentence_without_commas_is_parted_before_a_conjunction() -> None:
    start = "One two three four. Seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen. "
    long = "So " + "w " * 14 + "because " + "w " * 12
    assert clauses(start + long)[2:] == [("So " + "w " * 14).strip(), ("because " + "w " * 12).strip() + "."]


def test_wide_stops_and_marks_need_no_space() -> None:
    assert clauses("当然可以。我来帮你，请稍等！谢谢", "zh") == ["当然可以。", "我来帮你，请稍等！", "谢谢."]
    assert clauses("「はい。」と言った。", "ja") == ["「はい。", "と言った。"]


def test_a_wrapped_line_goes_on_and_a_paragraph_does_not() -> None:
    assert clauses("We went to\nthe shop\n\nand left") == ["We went to the shop", "and left."]


def test_finish_again_returns_nothing_and_ends_the_reply() -> None:
    splitter = ClauseSplitter()
    splitter.push("Half a")
    assert splitter.finish() == ["Half a."]
    assert splitter.finish() == []
    with pytest.raises(ValueError, match="finished"):
        splitter.push("more")


@pytest.mark.parametrize("text", ["", " \n\n ", "😀", "---", "```\ncode", "**", "<|im_end|>", "..."])
def test_nothing_to_say(text: str) -> None:
    assert clauses(text, "xx") == []


@pytest.mark.parametrize(
    "unit",
    ["word ", "a", "字", "5 km/h ", "](", "`", "<", "<a ", "[", "*", "1", "\n", "- ", "$5 ", "((", "\x1b["],
)
@pytest.mark.parametrize("before", ["", "`", "[x](", "https://example.com/"])
def test_a_stream_that_never_ends_is_cut_and_not_kept(unit: str, before: str) -> None:
    splitter = ClauseSplitter()
    longest = 0
    said = splitter.push(before)
    for _ in range(30):
        said += splitter.push(unit * (1000 // len(unit)))
        longest = max(
            longest, sum(map(len, splitter._words)) + len(splitter._word) + len(splitter._markup._held)
        )
    said += splitter.finish()
    assert longest < 5000
    assert all(0 < len(clause) <= MAX_CLAUSE_CHARS for clause in said)


# What LLMs send, whole and in parts that mean something else alone.
MARKUP = """
** * _ ` `` ``` ```python ~~~ <think> </think> <|im_end|> <br> <b> </b> < > <| |> [ ] ]( ](http://a.b/c) ( ) |
"""
NUMBERS = "3. 14 3.14 1, 000 10:30 5-10 $3.50 20% 5 kg 80 km/h 1) 2024-05-01 5 m"
SHORT = (
    "Dr. Smith e.g. i.e. etc. U.S. J. K. No. a.m. Sure! Yes, Well the and because but word Word C++ C# a_b"
)
MARKS = "... … . ! ? , ; : — – - \" ” ' ’ » 。 ， ！ 「 」"
FORMULAS = (
    r"$x$ $x^2$ $ $$ \( \) \[ \] \frac{1}{2} \begin{a} \end{a} \* \_ \. |x| 5! x_1 ^{2} ≤ → √2 10⁶ H₂O ½"
)
BLOCKS = "== ~~ ~2~ ^2^ [^1] [^1]: [x]: [1] ][ <sup> </sup> <sub> == === a) i. (b) | || > >>"
WRITTEN = (
    "XIV Louis Chapter IV WW II St. Elm Ave. Apt. Inc. U.S.A. 3/14/2025 2024-05 T10:30:00Z 2:03:07 1.1.2 "
    "192.168.1.1 :8080 /usr/bin C:\\a max_tokens --help && != 1/2 1945 mid-1990s 5' 6\" "
    "40cm (33 ft) 𝗕𝗼𝗹𝗱 ① ㎏ ﬁ ＡＢ ． "
)
OTHERS = "字 ありがとう привет example.com https://a.b/c?d=e a@b.org [[ə]]"
PICTURES = "😀 👍🏽 👨‍👩‍👧 🇫🇷 1️⃣ \u200d \ufe0f \u20e3 \ud83d \x1b[1m \x00"
SPACES = (" ", " ", " ", "\n", "\n\n", "\t", "\r\n", "\u00a0", "\u2028")
LINES = (
    "\n    ",
    "\n\n    x = 1;\n",
    "\n===\n",
    "\n> > ",
    "\n[a]: ",
    "\n  b) ",
    "\n- ",
    "\n1. ",
    "\n# ",
    "\n> ",
    "\n| a | b |\n",
    "\n---\n",
)
PIECES = (
    *" ".join((MARKUP, NUMBERS, SHORT, MARKS, FORMULAS, BLOCKS, WRITTEN, OTHERS, PICTURES)).split(" "),
    *SPACES,
    *LINES,
)
REPLIES = st.lists(st.one_of(st.sampled_from(PIECES), st.text(max_size=3)), max_size=60).map("".join)


@given(reply=REPLIES, cuts=st.lists(st.integers(0, 300), max_size=30))
@example(reply='a **b** ```x``` <think>y</think> Dr. Smith 3.14... "Yes." 👨‍👩‍👧', cuts=list(range(60)))
def test_cutting_the_stream_anywhere_changes_nothing(reply: str, cuts: list[int]) -> None:
    edges = [0, *sorted(min(cut, len(reply)) for cut in cuts), len(reply)]
    splitter = ClauseSplitter()
    pieces = [c for a, b in pairwise(edges) for c in splitter.push(reply[a:b])]
    assert pieces + splitter.finish() == clauses(reply)


@pytest.mark.parametrize("case", cases(), ids=lambda case: case.id)
def test_cutting_a_text_of_the_table_changes_nothing(case: Case) -> None:
    whole = clauses(case.text)
    for step in (1, 2, 3, 5):
        splitter = ClauseSplitter()
        pieces = [
            c for at in range(0, len(case.text), step) for c in splitter.push(case.text[at : at + step])
        ]
        assert pieces + splitter.finish() == whole


@given(reply=REPLIES, language=st.sampled_from(["en", "de"]))
def test_every_clause_can_be_said(reply: str, language: str) -> None:
    for clause in clauses(reply, language):
        assert any(char.isalnum() for char in clause)
        assert len(clause) <= MAX_CLAUSE_CHARS
        assert clause == clause.strip()
        assert "[[" not in clause
        assert not set(clause) & set("\n\x00\x1b\ud83d😀`")


WORDS = st.text(
    st.characters(categories=["Lu", "Ll", "Lt", "Lo", "M"], max_codepoint=0x1FFFF), min_size=1, max_size=12
).filter(
    lambda word: any(char.isalnum() for char in word)  # a mark alone cannot be said
)
SENTENCE_PARTS = st.tuples(
    WORDS, st.sampled_from(["", "", "", "", ",", ".", "!", "?", ";", ":", "...", " —", "。"])
)


@given(parts=st.lists(SENTENCE_PARTS, max_size=80), wrap=st.sampled_from([" ", "\n", "\n\n"]))
def test_no_word_of_plain_prose_is_lost_or_doubled(parts: list[tuple[str, str]], wrap: str) -> None:
    text = "".join(word + mark + (wrap if n % 7 == 6 else " ") for n, (word, mark) in enumerate(parts))

    def letters(said: str) -> str:
        return re.sub(r"[\s.,!?;:—。]+", "", said)

    assert letters("".join(clauses(text, "xx"))) == letters(composed(plain(text), levels=False))


@pytest.mark.parametrize(
    "text",
    [
        "Yes, it is. The capital of France is Paris, and that of Italy is Rome, and so on.",
        "I can help you with many things, such as the weather, and I am glad to do so. What do you want?",
    ],
)
def test_long_clauses_are_fewer_and_say_the_same(text: str) -> None:
    usual, splitter = clauses(text), ClauseSplitter(long=True)
    long = splitter.push(text) + splitter.finish()
    assert " ".join(long) == " ".join(usual)
    assert len(long) < len(usual)
    assert len(long[0]) > len(usual[0])
