"""Words for a voice: a table of hard cases, and what holds for any text."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voicecli.aloud.speakable import speakable
from voicecli.aloud.spoken.signs import composed

SPOKEN = {
    # Abbreviations
    "Dr. Smith met Mr. and Mrs. Jones": "Doctor Smith met Mr and Mrs Jones",
    "St. Mary's on Baker St. today": "Saint Mary's on Baker Street today",
    "fruit, e.g. apples, i.e. food, etc.": "fruit, for example apples, that is food, et cetera.",
    "cats vs. dogs, approx. ten": "cats versus dogs, approximately ten",
    "No. 5 and #1, but no. Really": "number 5 and number 1, but no. Really",
    "J. K. Rowling and the U.S. President": "J K Rowling and the U S President",
    "W. Smith in the U.S.": "W Smith in the U S.",
    "see fig. 3 of Jan. 5": "see figure 3 of January 5",
    # Numbers espeak-ng reads well stay as they are
    "3.14, 1,234,567, 1st, 20%, -5, 10:30": "3.14, 1,234,567, 1st, 20%, -5, 10:30",
    "the 1990s and COVID-19": "the nineteen nineties and COVID-19",
    # Money
    "$3.50 or $1 or $0.99": "3 dollars and 50 cents or 1 dollar or 99 cents",
    "$1.5 million, $20k": "1.5 million dollars, 20 thousand dollars",
    "€20, 20 €, £7.05": "20 euros, 20 euros, 7 pounds and 5 pence",
    "$5-10 a day, $10/month": "5 to 10 dollars a day, 10 dollars per month",
    # Minutes and seconds, hours and minutes
    "9:09 min, 0:45 min, 1:01 min": "9 minutes and 9 seconds, 45 seconds, 1 minute and 1 second",
    "a record of 3:43.13 min": "a record of 3 minutes and 43.13 seconds",
    "2:30–3:00 min, a 4:33 min piece": "2 minutes and 30 seconds to 3 minutes, a 4 minute 33 second piece",
    "It took 9:30 hours, at 10:30 hours": "It took 9 hours and 30 minutes, at 10:30 hours",
    # Ranges, dates, times, telephone
    "5-10%, pages 5–10, 1990-1995": "5 to 10%, pages 5 to 10, nineteen ninety to nineteen ninety-five",
    "2024-05-01 but 2024-13-01": "May first, twenty twenty-four but 2024-13-01",
    "10:00, 10:00 am, 7:05, 10:30-11:15": "10 o'clock, 10 am, 7 oh 5, 10:30 to 11:15",
    "16:9": "16 to 9",
    "555-1234": "five five five, one two three four",
    # Units
    "5 kg, 5kg, 1 km, 6 ft": "5 kilograms, 5 kilograms, 1 kilometre, 6 feet",
    "80 km/h, 60 mph, 8 GB/s": "80 kilometres per hour, 60 miles per hour, 8 gigabytes per second",
    "3.5GB, 5 GHz, 5 ms, 50 m²": "3.5 gigabytes, 5 gigahertz, 5 milliseconds, 50 square metres",
    "2-3 km and 5 s": "2 to 3 kilometres and 5 seconds",
    "20 °C, 20°C": "20 degrees Celsius, 20 degrees Celsius",
    "5 minutes, 5 grapes, 2 in stock": "5 minutes, 5 grapes, 2 in stock",
    # Signs
    "1/2 cup and/or 24/7": "one half cup and or 24 7",
    "~5 or < 5 and a < b": "about 5 or less than 5 and a is less than b",
    "x^2 + y² = 10^6": "x squared + y squared equals 10 to the sixth",
    "2 * 3 = 6, 10 - 4 = 6": "2 times 3 equals 6, 10 minus 4 equals 6",
    "C# and C++": "C sharp and C plus plus",
    "A → B": "A, B",
    "word — word -- word - word": "word, word, word, word",
    # Addresses
    "see https://www.example.com/a?b=c.": "see example dot com.",
    "(http://localhost:8080/x), ok": "(local host, ok",
    "at docs.python.org/3/ now": "at docs dot python dot org now",
    "mail a.b@example.com.": "mail a dot b at example dot com.",
    # Markup and pictures
    "**bold**, *thin* and __init__": "bold, thin and init",
    "~~gone~~ snake_case": "gone snake case",
    "| Ada | 36 |": "Ada, 36,",
    "Paris [1] and [text]": "Paris and text",
    "[[ə]] and [ [ə] ]": "ə and ə",
    "Hi 😀! 1️⃣ one 👨‍👩‍👧 two 🇫🇷 three 👍🏽": "Hi! one two three",
    "️‍⃣a": "a",
    "wait ... what": "wait... what",
    "\x00a\x07b\ud83d\u200bc": "abc",
    "don’t “stop” ¿Qué?": "don’t “stop” ¿Qué?",
    "...and so": "and so",
    # Nothing to say
    "--- * 😀 [] ...": "",
}


@pytest.mark.parametrize("text", SPOKEN)
def test_spoken(text: str) -> None:
    assert speakable(text) == SPOKEN[text]


def test_other_languages_get_no_english_words() -> None:
    text = "5 kg, $3.50, 5-10, Dr. Smith, z.B. 10:00"
    assert speakable(text, "pl") == text
    assert speakable("**fett** 😀 https://www.example.de/a", "de") == "fett example Punkt de"


@given(text=st.one_of(st.text(), st.text("0159.,:-–/$€%° kmgGBhs*<>~^[]|_#@aAZ😀\u200d\ufe0f\u20e3")))
def test_any_text_becomes_text_a_voice_can_take(text: str) -> None:
    for language in ("en", "de"):
        said = speakable(text, language)
        said.encode()  # espeak-ng takes UTF-8 up to a NUL
        assert "\x00" not in said
        assert "[[" not in said
        assert said == "" or any(char.isalnum() for char in said)


@given(
    st.lists(
        st.text(st.characters(categories=["Lu", "Ll", "Lt", "Lo", "M"], max_codepoint=0x1FFFF), min_size=1),
        min_size=1,
    )
)
def test_plain_words_pass_unchanged_in_any_script(words: list[str]) -> None:
    text = composed(unicodedata.normalize("NFC", " ".join(words)), levels=False)
    assert speakable(text, "xx") == (text if any(map(str.isalnum, text)) else "")
