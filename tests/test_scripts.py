"""Another script in a clause: transliterated, told in a phrase or left alone, never spelt by letter names."""

from __future__ import annotations

import pytest
from piper.phonemize_espeak import EspeakPhonemizer

from voicecli.aloud.clauses import ClauseSplitter
from voicecli.aloud.scripts import foreign
from voicecli.aloud.speakable import speakable


@pytest.mark.parametrize(
    ("language", "text", "said"),
    [
        ("en", "The word 日本語 means Japanese.", "The word in Chinese characters means Japanese."),
        ("en", "Say こんにちは to her.", "Say in Japanese to her."),
        ("en", "「こんにちは」と言った", '"in Japanese"'),
        ("en", "東京タワー is a tower.", "in Japanese is a tower."),
        ("en", "한국어 is Korean.", "in Korean is Korean."),
        ("en", "שלום means peace.", "in Hebrew means peace."),
        ("en", "مرحبا بكم في العالم", "in Arabic"),
        ("en", "हिन्दी and தமிழ்", "in Hindi and in Tamil"),
        ("en", "สวัสดี, გამარჯობა and Բարեւ", "in Thai, in Georgian and in Armenian"),
        ("en", "你好！我叫小明。", "in Chinese characters."),
        ("de", "Das Wort こんにちは ist schön.", "Das Wort auf Japanisch ist schön."),
        ("fr", "le mot 한국어 est long", "le mot en coréen est long"),
        ("es", "la palabra שלום y otra", "la palabra en hebreo y otra"),
        ("it", "la parola हिन्दी", "la parola in hindi"),
        ("nl", "het woord العربية", "het woord in het Arabisch"),
        ("pt", "a palavra สวัสดี", "a palavra em tailandês"),
        ("pl", "słowo 日本語 tu", "słowo tu"),
        # What only repeats the words beside it is passed over, and so is a second mention.
        ("en", "Tokyo (東京) is big, and so is Osaka (大阪).", "Tokyo is big, and so is Osaka."),
        ("en", "日本語 (Nihongo) is fun.", "(Nihongo) is fun."),
        ("en", "Write 東京, 大阪 or 京都 here.", "Write in Chinese characters or here."),
        # These are read as they sound.
        ("en", 'He said "Привет, как дела?" to МИР.', 'He said "Privet, kak dela?" to MIR.'),
        ("en", "Київ, Щука, Юлия, Њујорк", "Kyiv, Shchuka, Yuliya, Nyuyork"),
        ("fr", "Москва est loin", "Moskva est loin"),
        ("en", "Ελλάδα is Greece, Αθήνα its capital.", "Ellada is Greece, Athina its capital."),
        ("de", "μπορώ und ὕδωρ", "boro und ydor"),
        # Of science.
        ("en", "α is π/2, Δx is 3 and Σ of 2π", "alpha is pi/2, delta x is 3 and sigma of 2 pi"),
        ("en", "an α-helix and the χ test", "an alpha-helix and the chi test"),
        ("es", "la letra θ", "la letra teta"),
        ("fr", "la lettre φ", "la lettre phi"),
        ("en", "5 µm, 5 μm, 3 kΩ and 2 Ω", "5 µm, 5 μm, 3 kΩ and 2 Ω"),
        ("en", "٣ + ५", "3 + 5"),
        # Latin letters are no other script.
        ("en", "naïve café, Łódź, Nguyễn, ə", "naïve café, Łódź, Nguyễn, ə"),
        # A voice that reads the script itself.
        ("ru", "Привет и ещё", "Привет и ещё"),
        ("ja", "これは日本語です。", "これは日本語です。"),
        ("cmn", "你好，世界。", "你好，世界。"),
        ("el", "Ελλάδα α", "Ελλάδα α"),
        ("ar", "مرحبا", "مرحبا"),
        ("ru", "Слово 日本語 тут", "Слово тут"),
    ],
)
def test_another_script_is_said_in_words(language: str, text: str, said: str) -> None:
    assert foreign(text, language) == said


@pytest.mark.parametrize("language", ["en-us", "de", "fr", "es", "it", "nl", "pt"])
@pytest.mark.parametrize(
    "text",
    [
        "Привет мир",
        "日本語",
        "ひらがな",
        "한국어",
        "العربية",
        "שלום",
        "Ελλάδα",
        "ไทย",
        "中文字",
        "日本、中国",
    ],
)
def test_no_voice_spells_it(language: str, text: str) -> None:
    """A letter's name is long: what is said is not many times as long as a word or two."""
    espeak = EspeakPhonemizer()
    said = speakable(f"A {text} B", language.partition("-")[0])
    assert said.isascii() or all(ord(char) < 0x370 for char in said)
    heard = "".join("".join(sentence) for sentence in espeak.phonemize(language, said))
    assert len(heard) < 45, heard


def test_a_reply_in_pieces_gives_the_same_clauses() -> None:
    text = "The Russian word Привет and the Japanese こんにちは (hello) mean the same, and α is a letter. Да!"
    splitter = ClauseSplitter()
    whole = [*splitter.push(text), *splitter.finish()]
    splitter = ClauseSplitter()
    pieces = [clause for char in text for clause in splitter.push(char)]
    assert [*pieces, *splitter.finish()] == whole
    assert " ".join(whole) == (
        "The Russian word Privet and the Japanese (hello) mean the same, and alpha is a letter. Da!"
    )
