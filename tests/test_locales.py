"""Numbers, dates, times, money, units, signs and abbreviations in the language of the voice."""

from __future__ import annotations

import difflib
import re
import time
from pathlib import Path

import pytest
from piper.phonemize_espeak import EspeakPhonemizer

from voicecli.aloud.clauses import ClauseSplitter
from voicecli.aloud.locales import LANGUAGES, bound, localised, wants_more
from voicecli.aloud.speakable import speakable

ROWS = [
    row.split("\t") for row in Path(__file__).with_name("locale_texts.tsv").read_text("utf-8").splitlines()
]

SPOKEN = [
    ("de", "am 5. Mai um 15:30 Uhr", "am fünften Mai um fünfzehn Uhr dreißig"),
    ("de", "der 1. Versuch", "der erste Versuch"),
    ("de", "im XIX. Jahrhundert", "im neunzehnten Jahrhundert"),
    ("de", "unter Ludwig XIV. von Frankreich", "unter Ludwig dem Vierzehnten von Frankreich"),
    ("de", "Sie starb 1905.", "Sie starb neunzehnhundertfünf."),
    ("de", "80 km/h bei 20 °C", "achtzig Kilometer pro Stunde bei zwanzig Grad Celsius"),
    ("de", "z. B. Dr. Müller", "zum Beispiel Doktor Müller"),
    ("de", "3,50 €", "drei Euro fünfzig"),
    ("de", "2–3 kg", "zwei bis drei Kilogramm"),
    ("de", "1/2 l und 3 m²", "einhalb Liter und drei Quadratmeter"),
    ("fr", "à 15h30", "à quinze heures trente"),
    ("fr", "le 1/5/1998", "le premier mai mille neuf cent quatre-vingt-dix-huit"),
    ("fr", "au XVIIIe siècle", "au dix-huitième siècle"),
    ("fr", "Louis XIV et François Ier", "Louis quatorze et François premier"),
    ("fr", "M. Dupont a 21 ans", "Monsieur Dupont a vingt-et-un ans"),
    ("fr", "1 h et 5 km", "une heure et cinq kilomètres"),
    ("fr", "3 ≠ 4 et -5", "trois différent de quatre et moins cinq"),
    ("fr", "1 200 €", "mille deux cents euros"),
    ("fr", "2½ et ¾", "deux et demi et trois quarts"),
    ("es", "a las 15:30", "a las quince y treinta"),
    ("es", "el 25/12/2023", "el veinticinco de diciembre de dos mil veintitrés"),
    ("es", "Felipe II y Alfonso XIII", "Felipe segundo y Alfonso trece"),
    ("es", "21 kg", "veintiún kilogramos"),
    ("es", "A & B ≤ 5", "A y B menor o igual que cinco"),
    ("es", "¾ y 3/5", "tres cuartos y tres quintos"),
    ("es", "la Sra. Gil, p. ej.", "la señora Gil, por ejemplo."),
    ("es", "5 km a 80 km/h", "cinco kilómetros a ochenta kilómetros por hora"),
    ("it", "alle 9:05", "alle nove e cinque"),
    ("it", "il 1° maggio", "il primo maggio"),
    ("it", "Elisabetta II e Carlo V", "Elisabetta seconda e Carlo quinto"),
    ("it", "il dott. Rossi", "il dottor Rossi"),
    ("it", "80 km/h", "ottanta chilometri orari"),
    ("it", "3,50 €", "tre euro e cinquanta"),
    ("it", "3 × 4", "tre per quattro"),
    ("nl", "om 15:30", "om vijftien uur dertig"),
    ("nl", "op 25-12-2023", "op vijfentwintig december tweeduizend drieëntwintig"),
    ("nl", "de XXe eeuw", "de twintigste eeuw"),
    ("nl", "dhr. Jansen, bijv.", "de heer Jansen, bijvoorbeeld."),
    ("nl", "5 km en 3 m²", "vijf kilometer en drie vierkante meter"),
    ("nl", "3/4 en 2/3", "drie kwart en twee derde"),
    ("pt", "às 2h30", "às duas horas e trinta"),
    ("pt", "1 de maio", "primeiro de maio"),
    ("pt", "D. João II, p. ex.", "dom João segundo, por exemplo."),
    ("pt", "20 °C e 5 km", "vinte graus Celsius e cinco quilómetros"),
    ("pt", "R$ 5,50", "cinco reais e cinquenta"),
    ("pt", "o Sr. Silva", "o senhor Silva"),
]


@pytest.fixture(scope="module")
def espeak() -> EspeakPhonemizer:
    return EspeakPhonemizer()


def phonemes(espeak: EspeakPhonemizer, text: str, language: str) -> str:
    """Without stress, length and the spaces between words, which figures and words differ in."""
    heard = "".join("".join(sentence) for sentence in espeak.phonemize(language, text))
    return re.sub(r"[ˈˌː \-]", "", heard)


@pytest.mark.parametrize(("language", "text", "said"), ROWS, ids=[f"{row[0]}-{row[1]}" for row in ROWS])
def test_a_text_is_put_in_the_words_of_the_language(language: str, text: str, said: str) -> None:
    assert localised(text, language) == said


def test_each_language_has_its_cases() -> None:
    assert all(sum(row[0] == language for row in ROWS) >= 40 for language in LANGUAGES)


@pytest.mark.parametrize(("language", "text", "words"), SPOKEN)
def test_a_voice_says_what_a_reader_would(
    espeak: EspeakPhonemizer, language: str, text: str, words: str
) -> None:
    wanted = phonemes(espeak, words, language)

    def likeness(spoken: str) -> float:
        return difflib.SequenceMatcher(None, phonemes(espeak, spoken, language), wanted).ratio()

    # Figures and words are joined to their neighbours in slightly different ways.
    assert likeness(localised(text, language)) > 0.92
    assert likeness(text) < likeness(localised(text, language)), "no rule is needed"


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(
    "text", ["", " ", "...", "/", "a/", "1/", ".5", "€", "-", "–", "1:", ":30", "99:99", "31/31/2024", "1//2"]
)
def test_odd_text_is_no_failure(language: str, text: str) -> None:
    assert isinstance(localised(text, language), str)


@pytest.mark.parametrize("language", ["en", "pl", "xx", ""])
def test_other_languages_are_left_alone(language: str) -> None:
    assert localised("am 5. Mai  3,50 €", language) == "am 5. Mai  3,50 €"


def test_clauses_of_a_voice_are_in_its_language() -> None:
    def said(language: str) -> str:
        splitter = ClauseSplitter(language)
        return " ".join([*splitter.push("Am 5. Mai sind das 3,50 €."), *splitter.finish()])

    assert said("de") == "Am fünften Mai sind das 3 Euro 50."
    assert speakable("3 m² sind 5 km", "fr") == "3 mètres carrés sind 5 kilomètres"


def test_abbreviations_that_want_more_are_known() -> None:
    assert {"sra", "dr", "pág"} <= wants_more("es")
    assert not {"etc", "usw"} & (wants_more("de") | wants_more("fr"))
    assert wants_more("en") == frozenset()


@pytest.mark.parametrize("language", LANGUAGES)
def test_words_no_clause_ends_on_are_known(language: str) -> None:
    assert len(bound(language)) > 25
    assert all(word == word.lower() for word in bound(language))
    assert bound("en") == frozenset()


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_clause_takes_no_time_to_speak_of(language: str) -> None:
    text = "Am 5. Mai um 15:30 Uhr sind es noch 5 km bis dort, z. B. für 3,50 € pro Person und Tag"
    localised(text, language)
    began = time.process_time()
    for _ in range(50):
        localised(text, language)
    assert (time.process_time() - began) / 50 < 0.003  # 0.4 ms on a busy machine
