"""Streamed reply -> clauses a voice can say: the first one early, then whole sentences.

What is decided and when. A word is known when the space after it arrives; a sentence has ended when its
stop, a space and the first character of the next word are known ("3." then "14", "approx." then "ten").
Everything happens character by character, so how the stream was cut into pieces changes nothing. In doubt
there is no cut: the voice pauses at a full stop inside a clause anyway, while a cut inside "Dr. Smith"
is heard.

How long a clause may be depends on how much has been said, because each clause is synthesised while the one
before it sounds. A word takes about 0.3 s to say and 30-100 ms to generate and synthesise, so after a few
words the voice is ahead for good.

* Nothing said yet: any mark ends the clause, even after one word. "Yes," and "Sure!" last 0.50-0.65 s with
  Piper's own silence and cost 20-25 ms to make (measured, joe medium, two cores), so they open the reply
  five to eight words earlier; the rest follows without a gap while the model needs less than about 60 ms a
  token. With a slower model the pause falls after "Yes," where people pause too.
  Without a mark: before a word that opens a clause, or a preposition, from three words on, between any two
  words that are not closely bound from four (the words are English; other languages wait for a mark or for
  four words). That is 1.2 s of speech, made in 45-65 ms, and enough to make the next clause behind it.
* A little said: shorter clauses than a sentence, so that the first one is followed in time.
* Then sentences; one over 25 words is parted at its last comma or conjunction.
"""

from __future__ import annotations

from dataclasses import dataclass

from voicecli.reply.markup import BREAK, GLUE, Markup
from voicecli.reply.speakable import CODE_PHRASE, speakable

MAX_CLAUSE_CHARS = 250
"""No clause is longer: about 17 s of speech, 0.6 s of synthesis."""
_MAX_HELD_CHARS = 200
"""A clause is closed at this length whatever it holds; room is left for abbreviations to grow."""


@dataclass(frozen=True, slots=True)
class _Pace:
    """Words a clause must hold before it may end at each kind of place short of a sentence end."""

    mark: int
    opener: int
    preposition: int
    anywhere: int


_NOTHING_SAID = _Pace(mark=1, opener=3, preposition=3, anywhere=4)
_LITTLE_SAID = _Pace(mark=4, opener=6, preposition=9, anywhere=14)
_UNDER_WAY = _Pace(mark=25, opener=25, preposition=30, anywhere=35)
_LONGEST_SENTENCE = 25
"""Words at which a sentence is parted at its last mark or conjunction."""
_LITTLE_CHARS = 60
"""About 4 s of speech: enough to generate and synthesise a whole sentence behind it."""
_SHORTEST_PART = 5
"""Words before a comma at which a long sentence may be parted afterwards."""


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


_FULL_STOPS = ".!?…।॥؟۔"
_WIDE_STOPS = "。！？｡"
_MARKS = ",;:—–…،؛"
_WIDE_MARKS = "，、；：—"
"""Marks that need no space after them."""
_CLOSERS = "\"'”’»)]}*_~`」』）】》"
_OPENERS = _set("but because which who whose where when while if although though since unless until that")
_PREPOSITIONS = _set(
    "and or in on at by for with from about into during after before through between to as under over"
)
_CONJUNCTIONS = _OPENERS | {"and", "or"}
_BOUND = (
    _OPENERS
    | _PREPOSITIONS
    | _set(
        "a an the of my your his her its our their this these those no not very more most so such too than"
    )
    | _set("i you he she it we they is are was were be been has have had do does did")
    | _set("will would can could should may might must")
)
"""Words no clause should end on."""
_NEVER_LAST = _set(
    "dr mr mrs ms prof st mt ft fig vs e.g i.e cf approx gen sen rep gov capt lt col sgt rev hon dept vol "
    "jan feb mar apr jun jul aug sep sept oct nov dec z.b d.h bzw ca p.ex"
)
"""Abbreviations that want another word after them."""
_SELDOM_LAST = _set("etc inc ltd co corp jr sr a.m p.m al ph.d usw")
"""Abbreviations that end a sentence only before a capital."""
_NUMBERED = _set("no nr art pp p ch")
"""Abbreviations only before a number: "No. 5", but "No. I did not"."""


class ClauseSplitter:
    """Cuts one streamed reply into clauses. Not thread-safe; one for each reply.

    `language` is the voice's, ISO 639-1: abbreviations and units are put in words for English only.
    """

    def __init__(self, language: str = "en") -> None:
        self._language = language
        self._markup = Markup(CODE_PHRASE.get(language, ""))
        self._word = ""
        """The word under way."""
        self._words: list[str] = []
        """Whole words of the clause under way, each with the space that follows it, if any."""
        self._mark_at = 0
        """How many of them come before the last comma, dash or colon: where a long sentence may be parted."""
        self._opener_at = 0
        """The same for the last word that opens a clause; second choice."""
        self._said = 0
        """Characters of all clauses so far."""
        self._finished = False

    def push(self, delta: str) -> list[str]:
        """Take a piece of the reply of any length; return the clauses it completes.

        Raises:
            ValueError: the reply was finished.
        """
        if self._finished:
            raise ValueError("this reply is finished: a new one takes a new ClauseSplitter")
        clauses: list[str] = []
        for char in delta:
            for plain in self._markup.feed(char):
                clauses += self._take(plain)
        return clauses

    def finish(self) -> list[str]:
        """Return what is left of the reply; nothing when asked again."""
        if self._finished:
            return []
        self._finished = True
        clauses: list[str] = []
        for plain in self._markup.finish() + BREAK:
            clauses += self._take(plain)
        return clauses

    def _take(self, char: str) -> list[str]:
        """Go on by one plain character."""
        if char == BREAK:
            return self._end_word("") + self._close(len(self._words), complete=True)
        if char.isspace() and char != GLUE:
            return self._end_word(" ")
        clauses = [] if self._word or not self._words else self._before(char)
        self._word += char
        if char in _WIDE_STOPS:
            clauses += self._end_word("") + self._close(len(self._words))
        elif char in _WIDE_MARKS and not self._word[-2:-1].isdigit():
            clauses += self._end_word("") + self._marked()
        elif not self._said and char in ",;!?" and _is_plain(self._word[:-1]):
            # No continuation can make this more than one word, so the space after it is not waited for.
            clauses += self._end_word("") + self._close(len(self._words))
        elif len(self._word) >= _MAX_HELD_CHARS:
            if _is_address(self._word):
                self._word = self._word[:-1]  # its host is known, and no more of it is said
            else:
                clauses += self._end_word("") + self._close(len(self._words))
        return clauses

    def _before(self, char: str) -> list[str]:
        """A word begins with `char`: close the clause before it, if a sentence or a part of one has ended."""
        last = self._words[-1].rstrip(_CLOSERS + " ")
        if not last:
            return []
        if self._sentence_ended(last, char):
            return self._close(len(self._words))
        stopped = last[-1] in _MARKS or last.endswith("...")
        number_goes_on = last[-2:-1].isdigit() and char.isdigit()  # May 5, 2024
        if not stopped or number_goes_on or not any(c.isalpha() for w in self._words for c in w):
            return []
        return self._marked()

    def _marked(self) -> list[str]:
        """Close the clause at a mark, or remember the place."""
        if self._size() >= self._pace().mark:
            return self._close(len(self._words))
        if self._size() >= _SHORTEST_PART:
            self._mark_at = len(self._words)
        return []

    def _sentence_ended(self, last: str, char: str) -> bool:
        if last[-1] not in _FULL_STOPS or char.islower():
            return False
        if last[-1] != ".":
            return True
        stem = last[:-1].lstrip("(\"'“‘«[*_").lower()
        if stem in _NEVER_LAST or (len(stem) == 1 and stem.isalpha()) or _is_dotted_capitals(last):
            return False
        if stem in _NUMBERED:
            return not char.isdigit()
        if stem in _SELDOM_LAST:
            return char.isupper()
        # "am 5. Mai": a point makes an ordinal in many languages, though not in English.
        return not (self._language != "en" and stem.isdigit() and len(stem) <= 2)

    def _end_word(self, space: str) -> list[str]:
        """Add the word under way; close the clause before it or after it where no mark will come in time."""
        if not self._word:
            if space and self._words and not self._words[-1].endswith(" "):
                self._words[-1] += " "
            return []
        word, self._word = self._word, ""
        size, pace, bare = self._size(), self._pace(), word.lower()
        clauses: list[str] = []
        may_open = self._language == "en" and (bare in _OPENERS or bare in _PREPOSITIONS)
        if may_open and not self._ends_bound():
            if size >= (pace.opener if bare in _OPENERS else pace.preposition):
                clauses = self._close(len(self._words))
            elif size >= _SHORTEST_PART and bare in _CONJUNCTIONS:
                self._opener_at = len(self._words)
        self._words.append(word + space)
        size, part_at = self._size(), self._mark_at or self._opener_at
        too_long = sum(map(len, self._words)) >= _MAX_HELD_CHARS
        if too_long or (part_at and size >= _LONGEST_SENTENCE):
            clauses += self._close(part_at or len(self._words))
        elif size >= pace.anywhere and not self._ends_bound():
            clauses += self._close(len(self._words))
        return clauses

    def _close(self, count: int, *, complete: bool = False) -> list[str]:
        """Make a clause of the first `count` words; `complete` text ends with a full stop."""
        words, self._words = self._words[:count], self._words[count:]
        self._mark_at = self._opener_at = 0
        text = speakable("".join(words).strip(), self._language)
        if not text:
            return []
        if complete:
            text = text.rstrip(",;—–- ")
            text += "." if text.rstrip(_CLOSERS)[-1:].isalnum() else ""
        self._said += len(text)
        return _pieces(text)

    def _pace(self) -> _Pace:
        if not self._said:
            return _NOTHING_SAID
        return _LITTLE_SAID if self._said < _LITTLE_CHARS else _UNDER_WAY

    def _size(self) -> int:
        """Words of the clause under way; two characters of a script without spaces count as one."""
        words = [*self._words, self._word]
        return sum(
            1 + sum("\u2e80" <= c <= "\uffdc" for c in w) // 2 for w in words if any(map(str.isalnum, w))
        )

    def _ends_bound(self) -> bool:
        """Whether the last word is bound to the next, as "the" and "5" are, or may be: "J."."""
        last = self._words[-1].strip().lower() if self._words else ""
        return last in _BOUND or last[-1:] == "." or last.rstrip(",")[-1:].isdigit()


def _is_plain(word: str) -> bool:
    """Whether a mark after this word ends it: not so in 1,000, in an address or in code."""
    return len(word) > 1 and word[-1].isalpha() and not any(c in "./@:" + GLUE for c in word)


def _is_address(word: str) -> bool:
    return word.lower().startswith(("http://", "https://", "www."))


def _is_dotted_capitals(word: str) -> bool:
    letters = word.split(".")
    return len(letters) > 2 and all(len(letter) == 1 and letter.isupper() for letter in letters[:-1])


def _pieces(text: str) -> list[str]:
    """Cut what abbreviations made longer than a clause may be, at a space where there is one."""
    pieces: list[str] = []
    while len(text) > MAX_CLAUSE_CHARS:
        at = text.rfind(" ", 1, MAX_CLAUSE_CHARS)
        at = at if at > 0 else MAX_CLAUSE_CHARS
        pieces.append(text[:at].strip())
        text = text[at:].strip()
    return [*pieces, text] if text else pieces
