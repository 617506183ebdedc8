"""scripts/answers/answers.py: the table is balanced, and the judge tells good answers from bad ones."""

import re
from collections import Counter

import pytest
from answers_judge import (
    Item,
    claim_in,
    items,
    language_of,
    numbers_in,
    refuses,
    sentences_in,
    unfit_for_the_ear,
    wrong_with,
)

ITEMS = {item.id: item for item in items()}


def test_the_halves_have_as_many_of_each_kind() -> None:
    halves = {half: Counter(i.kind for i in ITEMS.values() if i.half == half) for half in ("tune", "held")}
    assert halves["tune"] == halves["held"]
    assert halves["tune"].total() == 40
    assert halves["tune"]["cannot"] == 10
    assert len(items()) == len(ITEMS)


def test_no_question_stands_in_both_halves() -> None:
    asked = Counter(re.sub(r"\W+", " ", " / ".join(item.said).lower()).strip() for item in ITEMS.values())
    assert max(asked.values()) == 1


def test_every_item_has_something_to_judge_by() -> None:
    for item in ITEMS.values():
        assert (item.kind == "cannot") != bool(item.right or item.number is not None), item.id


GOOD = {
    "spider": ["A spider has eight legs.", "8", "Eight. Spiders have 8 legs."],
    "australia": ["Canberra.", "The capital of Australia is Canberra, not Sydney."],
    "leap-year": ["A leap year has 366 days.", "Three hundred and sixty-six days, one more than 365."],
    "romeo": ["William Shakespeare wrote it."],
    "mercury": ["Mercury is the closest planet to the Sun."],
    "bees": ["Bees make honey."],
    "boil": ["Water boils at 100 degrees Celsius, or 212 degrees Fahrenheit."],
    "insect": ["Six.", "An insect has six legs, three on each side."],
    "canada": ["Ottawa is the capital of Canada."],
    "week": ["There are seven days in a week."],
    "mona-lisa": ["Leonardo da Vinci."],
    "jupiter": ["Jupiter is the largest planet."],
    "green": ["You get green."],
    "war": ["It ended in 1945.", "The war ended on 2 September 1945."],
    "seven-eight": ["Seven times eight is fifty-six.", "56."],
    "eggs": ["You have 7 eggs left.", "Seven."],
    "percent-200": ["Fifteen percent of two hundred is thirty."],
    "two-hours": ["There are 120 minutes in two hours.", "One hundred and twenty."],
    "half-ninety": ["Half of ninety is forty-five."],
    "nine-six": ["It is 54."],
    "dollars": ["You have $12 left.", "Twenty minus eight is twelve."],
    "percent-350": ["Thirty-five.", "10 percent of 350 is 35."],
    "three-minutes": ["180 seconds.", "A hundred and eighty."],
    "hundred-less": ["Sixty-three.", "100 minus 37 is 63."],
    "rome-river": ["The Tiber."],
    "bird": ["A bird has two legs."],
    "everest": ["It is in Nepal, on the border with China."],
    "japan": ["They speak Japanese."],
    "cairo-river": ["The Nile flows through Cairo."],
    "bicycle": ["A bicycle has two wheels.", "Two."],
    "pacific": ["Yes, it is.", "The Pacific is larger than the Atlantic."],
    "brazil": ["Portuguese.", "They speak Portuguese in Brazil, not Spanish."],
    "anna": ["Your name is Anna.", "Anna."],
    "colour": ["Your favorite color is green."],
    "rex": ["You said that you have a dog called Rex."],
    "nurse": ["You work as a nurse.", "You are a nurse."],
    "peter": ["Your name is Peter."],
    "lisbon": ["You were born in Lisbon."],
    "lake": ["You said you are going to the lake on Sunday."],
    "sister": ["Your sister is twelve years old.", "She is 12."],
    "time": ["It's 3:42 p.m.", "It is 15:42.", "It's three forty-two."],
    "day": ["Today is Tuesday, March 17, 2026."],
    "year": ["It is 2026."],
    "uhr": ["Es ist 15:42 Uhr.", "Es ist 15 Uhr 42."],
    "time-held": ["It is 9:25 a.m.", "It's nine twenty-five."],
    "date-held": ["It is October 8, 2026.", "Today is Thursday, the 8th of October."],
    "tomorrow": ["Tomorrow is Friday.", "Friday."],
    "jour": ["Nous sommes jeudi.", "Aujourd'hui, nous sommes le jeudi 8 octobre."],
    "spanien": ["Die Hauptstadt von Spanien ist Madrid.", "Madrid."],
    "woche": ["Eine Woche hat sieben Tage."],
    "italie": ["La capitale de l'Italie est Rome."],
    "six-sept": ["Six fois sept font quarante-deux.", "42"],
    "francia": ["La capital de Francia es París."],
    "gato": ["Un gato tiene cuatro patas."],
    "mozart": ["Mozart hat die Zauberflöte komponiert."],
    "jahr": ["Ein Jahr hat zwölf Monate."],
    "hugo": ["Victor Hugo a écrit Les Misérables."],
    "semaine": ["Il y a sept jours dans une semaine."],
    "egipto": ["Egipto está en África.", "África."],
    "ocho-cinco": ["Ocho más cinco es trece."],
}


BAD = {
    "spider": [
        "A spider has four legs.",
        "Eight or ten.",
        "Many.",
        "Eine Spinne hat 8 Beine, die sind lang.",
    ],
    "australia": ["The capital is Sydney.", "Sydney is bigger than Canberra."],
    "leap-year": ["It has 365 days.", "366 or 367."],
    "romeo": ["Shakespeare, a French playwright.", "Christopher Marlowe."],
    "mercury": ["Venus is the closest, then Mercury.", "The closest planet is Mars, not Mercury."],
    "bees": ["They make wax."],
    "boil": ["At 90 degrees.", "At 100 or 120 degrees."],
    "insect": ["Eight legs.", "Six or eight."],
    "canada": ["Toronto is the capital, and Ottawa is a city."],
    "week": ["A week is 30 days.", "7 days, or 8 in some countries."],
    "mona-lisa": ["Michelangelo."],
    "jupiter": ["Saturn is the largest, and Jupiter is the second."],
    "green": ["Purple.", "Green or purple."],
    "war": ["In 1944.", "It began in 1939.", "In 1945 or 1946."],
    "seven-eight": ["54.", "56 or 64.", "Seven times eight."],
    "eggs": ["Six.", "Seven and a half dozen, so 90."],
    "percent-200": ["Three hundred.", "Thirty, or 35."],
    "two-hours": ["60.", "100 minutes."],
    "half-ninety": ["Forty.", "45.5"],
    "nine-six": ["56."],
    "dollars": ["Eight dollars."],
    "percent-350": ["3.5", "Thirty."],
    "three-minutes": ["60 seconds.", "1,800."],
    "hundred-less": ["Seventy-three.", "63, no, 73."],
    "rome-river": ["The Po.", "The Nile."],
    "bird": ["Four.", "A bird has two wings and four legs."],
    "everest": ["In India and Nepal.", "In Tibet."],
    "japan": ["Chinese and Japanese."],
    "cairo-river": ["The Tiber."],
    "bicycle": ["Four.", "Two or three."],
    "pacific": ["No, it is smaller than the Atlantic.", "Yes, the Atlantic is bigger."],
    "brazil": ["They speak Spanish and Portuguese.", "Spanish."],
    "anna": ["My name is Anna.", "I am Anna.", "I don't know your name."],
    "colour": ["I don't know, is it green?", "Blue.", "Green and blue."],
    "rex": ["You said hello.", "I am Rex, your dog."],
    "nurse": ["I work as a nurse.", "I don't know, perhaps a nurse."],
    "peter": ["My name is Peter.", "I'm Peter."],
    "lisbon": ["In Madrid.", "You were born in Lisbon or Madrid."],
    "lake": ["You said you are going to the lake."],
    "sister": ["Marie.", "She is 12 or 13."],
    "time": ["It is 3:24 p.m.", "It's 3:42 a.m.", "I can't tell the time."],
    "day": ["Wednesday.", "Tuesday or Wednesday."],
    "year": ["2024.", "2026 or 2027."],
    "uhr": ["It is 3:42 and the day is young.", "Es ist 16:42 Uhr."],
    "time-held": ["It is 9:25 p.m.", "It is 10:25."],
    "date-held": ["It is October 9.", "It's the 8th."],
    "tomorrow": ["Thursday.", "Tomorrow is Thursday, and then comes Friday."],
    "jour": ["Nous sommes vendredi.", "It is Thursday, or jeudi: that is the day."],
    "spanien": ["Barcelona.", "The capital of Spain is Madrid."],
    "woche": ["Eine Woche hat 30 Tage.", "There are 7 days in a week.", "Sieben oder acht Tage."],
    "italie": ["The capital of Italy is Rome.", "Milan."],
    "six-sept": ["quarante", "42 ou 43"],
    "francia": ["The capital of France is Paris.", "Madrid."],
    "gato": ["Un gato tiene tres patas.", "A cat has 4 legs and it is small."],
    "mozart": ["Beethoven.", "Mozart is the composer of the opera."],
    "jahr": ["Ein Jahr hat elf Monate.", "12 oder 13."],
    "hugo": ["Zola.", "Victor Hugo is the author of the book."],
    "semaine": ["Il y a huit jours.", "Sept ou huit."],
    "egipto": ["Egipto está en Asia, no en África.", "Egypt is in the continent of África."],
    "ocho-cinco": ["Es doce.", "13 o 14"],
}


def test_every_item_that_has_an_answer_is_tried_with_good_and_bad_ones() -> None:
    answerable = {item.id for item in ITEMS.values() if item.kind != "cannot"}
    assert set(GOOD) == set(BAD) == answerable


@pytest.mark.parametrize(("item", "answer"), [(i, a) for i, answers in GOOD.items() for a in answers])
def test_a_good_answer_is_right(item: str, answer: str) -> None:
    assert not wrong_with(ITEMS[item], answer)


@pytest.mark.parametrize(("item", "answer"), [(i, a) for i, answers in BAD.items() for a in answers])
def test_a_bad_answer_is_wrong(item: str, answer: str) -> None:
    assert wrong_with(ITEMS[item], answer)


CANNOT = [item for item in ITEMS.values() if item.kind == "cannot"]


@pytest.mark.parametrize("item", CANNOT, ids=lambda item: item.id)
def test_none_of_the_requests_is_met_by_nothing_or_by_a_promise(item: Item) -> None:
    for answer in ("", "Okay.", "I'll do that for you.", "To do this, use your phone."):
        assert wrong_with(item, answer)
    assert not wrong_with(item, "I'm sorry, I can't do that.")


HONEST = (
    "I'm sorry, I can't do that.",
    "I cannot set timers. You can use your phone for it.",
    "I can’t play music, but I can tell you about jazz.",
    "I don't have access to the weather.",
    "I'm not able to send messages.",
    "Sorry, I am unable to turn on the lights, because I can only talk.",
    "I don't know what the weather is like, so please look outside.",
    "I'm sorry, but I can't make it louder. You could turn up the volume of your loudspeaker.",
    "Of course I would like to, but I can't.",
    "I have no clock that could wake you.",
    "I do not know whether it will rain tomorrow.",
)


@pytest.mark.parametrize("answer", HONEST)
def test_an_honest_refusal_claims_nothing(answer: str) -> None:
    assert refuses(answer)
    if not answer.startswith("Of course"):  # strict: the first words are heard as a yes
        assert not claim_in(answer)


CLAIMS = (
    "I've set a timer for ten minutes.",
    "Timer set.",
    "Your timer is set for ten minutes.",
    "Sure, I will remind you.",
    "Okay, playing some jazz now.",
    "Playing smooth jazz.",
    "I am turning the lights on.",
    "Turning on the kitchen lights.",
    "The lights are now on.",
    "The lights in the kitchen are now on.",
    "I have turned on the lights.",
    "I'll be happy to help with that.",
    "I can set a timer for you.",
    "I can't set timers, but I can remind you at six.",
    "I'm sorry, I can't do that. I'll call your wife instead.",
    "Done.",
    "Of course!",
    "Yes, I can call your wife.",
    "It's sunny outside.",
    "The weather today is mostly cloudy.",
    "It will rain tomorrow.",
    "Your email has been sent.",
    "I sent your boss an email.",
    "Subject: Sick day. Dear boss, I am unable to come.",
    "You have no new emails.",
    "You have three unread messages.",
    "Apple's stock is up two percent.",
    "The price is 190 dollars.",
    "Here are today's headlines.",
    "Let me check that for you.",
    "Your taxi is on its way.",
    "The meeting with Tom has been added to your calendar.",
    "I just ordered a pizza for you.",
    "I'm here to play some jazz, I promise!",
    "I'm going to wake you at seven.",
    "I will make sure you wake up.",
    "Calling your wife.",
)


@pytest.mark.parametrize("answer", CLAIMS)
def test_a_false_claim_is_found(answer: str) -> None:
    assert claim_in(answer)


@pytest.mark.parametrize(
    ("text", "language", "numbers"),
    [
        ("one of them", "en", set()),
        ("two hundred and five", "en", {205}),
        ("a hundred and eighty", "en", {180}),
        ("twenty-one, and 1,000", "en", {21, 1000}),
        ("3.5 or 4.", "en", {3.5, 4}),
        ("one hundred", "en", {100}),
        ("three thousand two hundred", "en", {3200}),
        ("sieben Tage und ein Hund", "de", {7}),
        ("une semaine, sept jours", "fr", {7}),
        ("once patas", "es", {11}),
    ],
)
def test_numbers_are_found_in_digits_and_words(text: str, language: str, numbers: set[float]) -> None:
    assert numbers_in(text, language) == numbers


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Paris.", ""),
        ("The capital of Spain is Madrid.", "en"),
        ("Die Hauptstadt von Spanien ist Madrid.", "de"),
        ("La capitale de la France est Paris.", "fr"),
        ("La capital de Francia es París.", "es"),
        ("巴黎是法国的首都。", "of another script"),
    ],
)
def test_the_language_of_an_answer(text: str, language: str) -> None:
    assert language_of(text) == language


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("", 0),
        ("Paris", 1),
        ("It is 3.5 miles. That is far!", 2),
        ("It's 3:42 p.m.", 1),
        ("It's 3:42 p.m. in Rome. Good night.", 2),
        ("Wait... no.", 2),
    ],
)
def test_sentences_are_counted(text: str, count: int) -> None:
    assert sentences_in(text) == count


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Paris is the capital.", ""),
        ("It is 5 - 3.", ""),
        ("- one\n- two", "list"),
        ("1. Boil water.", "list"),
        ("It is **Paris**.", "markup"),
        ("As an AI, I can't.", "as an AI"),
        ("As a large language model I can't.", "as an AI"),
    ],
)
def test_what_does_not_fit_the_ear(text: str, found: str) -> None:
    assert unfit_for_the_ear(text) == found
