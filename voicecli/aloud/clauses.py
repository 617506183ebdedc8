"""Streamed reply -> clauses a voice can say: the first one early, then whole sentences.

The splitter knows a word when the space after it has arrived. It knows that a sentence has ended when it has
the stop, a space and the first character of the next word ("3." then "14", "approx." then "ten"). It never
decides by where a piece of the stream ends, so the clauses are the same however the stream was cut. In doubt
it does not cut: the voice pauses at a full stop inside a clause anyway, but a listener hears a cut inside
"Dr. Smith".

How long a clause may be depends on how much has been said, because each clause is synthesised while the one
before it sounds. A word takes about 0.3 s to say and 30-100 ms to generate and synthesise, so after a few
words the voice has enough in advance for the rest of the reply.

* Nothing said yet: any mark ends the clause, even after one word. "Yes," and "Sure!" last 0.50-0.65 s with
  Piper's own silence and take 20-25 ms to make (measured, joe medium, two cores). So the agent begins to
  speak five to eight words earlier, without a gap later if the language model takes less than about 60 ms a
  token. With a slower one there is a pause after "Yes,", where people pause too.
  Without a mark a clause ends after three words if a preposition or a word that opens a clause comes next
  (English only), or after four between any two words that are not closely bound. Such a clause lasts 1.2 s
  and takes 45-65 ms to make, so there is time to make the next one while it sounds.
* A little said: clauses shorter than a sentence, so that the second one is ready when the first one ends.
* Then whole sentences. The splitter parts one of over 25 words at its last comma or conjunction.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from voicecli.aloud.bounds import BOUND, NUMBERED_NAMES, OPENERS, PREPOSITIONS, sentence_ends
from voicecli.aloud.lengths import MAX_HELD_CHARS, pieces
from voicecli.aloud.locales import bound
from voicecli.aloud.markdown.markup import BREAK, GLUE, Markup
from voicecli.aloud.speakable import CODE_PHRASE, speakable
from voicecli.aloud.spoken.signs import plain


@dataclass(frozen=True, slots=True)
class _Pace:
    """How many words a clause must have to end: at a mark, before an opener or a preposition, or anywhere."""

    mark: int
    opener: int
    preposition: int
    anywhere: int


_NOTHING_SAID = _Pace(mark=1, opener=3, preposition=3, anywhere=4)
_LITTLE_SAID = _Pace(mark=4, opener=6, preposition=9, anywhere=14)
_UNDER_WAY = _Pace(mark=25, opener=25, preposition=30, anywhere=35)
_PACES = (_NOTHING_SAID, _LITTLE_SAID, _UNDER_WAY, _UNDER_WAY)
_LONGEST_SENTENCE = 25
"""Number of words from which on the splitter cuts a sentence at its last mark or conjunction."""
_LITTLE_CHARS = 60
"""About 4 s of speech: time enough to generate and synthesise a whole sentence meanwhile."""
_SHORTEST_PART = 5
"""Words that must stand before a comma, if a long sentence is to be parted there."""

_FULL_STOPS = ".!?…।॥؟۔"
_WIDE_STOPS = "。！？｡"
_MARKS = ",;:—–…،؛"
_WIDE_MARKS = "，、；：—"  # of scripts that write no space after them
_CLOSERS = "\"'”’»)]}*_~`」』）】》"
_WORD_OR_SPACE = re.compile(f"[\\S{GLUE}]+|[^\\S{GLUE}]")
_WIDE = re.compile(f"[{_WIDE_STOPS}{_WIDE_MARKS}]")
_EARLY = re.compile(f"[{_WIDE_STOPS}{_WIDE_MARKS},;!?]")
_MAY_OPEN = OPENERS | PREPOSITIONS
_CONJUNCTIONS = OPENERS | {"and", "or"}
_SCRIPT = re.compile("[\u2e80-\uffdc]")  # of scripts that write no spaces between words
_SIGN_WORD = re.compile(r"[-+*×·/÷=<>≤≥≈≠±→∈&|^−–—~]+")
_HOUSE_NUMBER = re.compile(r"\d+[a-z]? ")


class ClauseSplitter:
    """Cuts one streamed reply into clauses. Not thread-safe; make one for each reply.

    `language` is the voice's, ISO 639-1.
    """

    def __init__(self, language: str = "en", *, long: bool = False) -> None:
        """With `long` clauses are longer from the beginning: the voice would be late with short ones."""
        self._long = long
        self._language = language
        self._bound = BOUND | bound(language)
        self._markup = Markup(CODE_PHRASE.get(language, ""), language)
        self._word = ""  # the part of the current word that has arrived
        self._words: list[str] = []
        """Whole words of the current clause, each with the space that follows it, if any."""
        self._counts: list[int] = []
        """How many words each of them counts for, see `_count`."""
        self._size = 0
        """Words of the current clause: the sum of `_counts`."""
        self._length = 0
        """Characters of the current clause."""
        self._mark_at = 0
        """Whole words before the last comma, dash or colon: where a long sentence may be parted."""
        self._opener_at = 0
        """Whole words before the last word that opens a clause: used if there is no such mark."""
        self._said = 0
        """Characters of all clauses so far."""
        self._pace = _PACES[long]
        """How long clauses must be now; it depends on `_said`."""
        self._finished = False

    @property
    def held(self) -> int:
        """Characters that have come and are in no clause yet."""
        return self._markup.held + len(self._word) + self._length

    def push(self, delta: str) -> list[str]:
        """Take a piece of the reply of any length; return the clauses it completes.

        Raises:
            ValueError: the reply was finished.
        """
        if self._finished:
            raise ValueError("this reply is finished: a new one takes a new ClauseSplitter")
        return self._take(self._markup.feed(delta if delta.isascii() else plain(delta)))

    def finish(self) -> list[str]:
        """Return what is left of the reply; nothing when asked again."""
        if self._finished:
            return []
        self._finished = True
        return self._take(self._markup.finish() + BREAK)

    def _take(self, text: str) -> list[str]:
        """Add plain characters: a whole word at a time, unless a mark in it may end a clause."""
        clauses: list[str] = []
        if text.isprintable():  # its only white space is plain spaces
            for at, piece in enumerate(text.split(" ")):
                if at:
                    clauses += self._end_word(" ")
                if (
                    self._word
                    and self._said
                    and piece.isascii()
                    and len(self._word) + len(piece) < MAX_HELD_CHARS
                ):
                    self._word += piece  # what `_go_on` would do with most pieces, but quicker
                elif piece:
                    clauses += self._go_on(piece)
            return clauses
        for piece in _WORD_OR_SPACE.findall(text):
            if piece == BREAK:
                clauses += self._end_word("") + self._close(len(self._words), complete=True)
            elif piece.isspace() and piece[0] != GLUE:
                clauses += self._end_word(" ")
            else:
                clauses += self._go_on(piece)
        return clauses

    def _go_on(self, piece: str) -> list[str]:
        """Add some characters of a word."""
        if len(self._word) + len(piece) >= MAX_HELD_CHARS or self._has_mark(piece):
            return [clause for char in piece for clause in self._take_char(char)]
        if self._word:
            self._word += piece
            return []
        clauses = self._before(piece[0]) if self._words else []
        self._word = piece
        return clauses

    def _has_mark(self, piece: str) -> bool:
        """Whether a mark in the piece may end a clause before the space after it is known."""
        return not (piece.isascii() and self._said) and bool((_WIDE if self._said else _EARLY).search(piece))

    def _take_char(self, char: str) -> list[str]:
        clauses = [] if self._word or not self._words else self._before(char)
        self._word += char
        if char in _WIDE_STOPS:
            clauses += self._end_word("") + self._close(len(self._words))
        elif char in _WIDE_MARKS and not self._word[-2:-1].isdigit():
            clauses += self._end_word("") + self._marked()
        elif not (self._said or self._long) and char in ",;!?" and _is_plain(self._word[:-1]):
            # Nothing that follows can make this a longer word, so there is no need to wait for the space.
            clauses += self._end_word("") + self._close(len(self._words))
        elif len(self._word) >= MAX_HELD_CHARS:
            if self._word.lower().startswith(("http://", "https://", "www.")):
                self._word = self._word[:-1]  # the voice says only the host, which has arrived
            else:
                clauses += self._end_word("") + self._close(len(self._words))
        return clauses

    def _before(self, char: str) -> list[str]:
        """A word begins with `char`: close the clause before it, if a sentence or a part of one has ended."""
        word = self._words[-1]
        if word[-2:-1].isalnum() and word[-1] == " ":
            return []  # a plain word and a space end nothing; most words are like that
        last = word.rstrip(_CLOSERS + " ")
        if not last:
            return []
        if self._sentence_ended(last, char):
            return self._close(len(self._words))
        stopped = last[-1] in _MARKS or last.endswith("...")
        number_goes_on = last[-2:-1].isdigit() and char.isdigit()  # May 5, 2024
        if not stopped or number_goes_on or not any(map(str.isalpha, "".join(self._words))):
            return []
        return self._marked()

    def _marked(self) -> list[str]:
        """Close the clause at a mark, or remember the place."""
        if self._size >= self._pace.mark:
            return self._close(len(self._words))
        if self._size >= _SHORTEST_PART:
            self._mark_at = len(self._words)
        return []

    def _sentence_ended(self, last: str, char: str) -> bool:
        if last[-1] not in _FULL_STOPS or char.islower():
            return False
        if last[-1] != ".":
            return True
        return sentence_ends(last, char, self._language)

    def _end_word(self, space: str) -> list[str]:
        """Add the current word; end the clause before or after it if it is long enough to need no mark."""
        if not self._word:
            if space and self._words and not self._words[-1].endswith(" "):
                self._words[-1] += " "
            return []
        word, self._word = self._word, ""
        bare = word.lower()
        clauses: list[str] = []
        if bare in _MAY_OPEN and self._language == "en" and not self._ends_bound(before=bare):
            if self._size >= (self._pace.opener if bare in OPENERS else self._pace.preposition):
                clauses = self._close(len(self._words))
            elif self._size >= _SHORTEST_PART and bare in _CONJUNCTIONS:
                self._opener_at = len(self._words)
        self._words.append(word + space)
        count = 1 if word.isascii() and word.isalnum() else _count(word)
        self._counts.append(count)
        self._size += count
        self._length += len(word) + 1
        part_at = self._mark_at or self._opener_at
        if self._length >= MAX_HELD_CHARS or (part_at and self._size >= _LONGEST_SENTENCE):
            clauses += self._close(part_at or len(self._words))
        elif self._size >= self._pace.anywhere and not self._ends_bound():
            clauses += self._close(len(self._words))
        return clauses

    def _close(self, count: int, *, complete: bool = False) -> list[str]:
        """Make a clause of the first `count` words; where the text is `complete`, it gets a full stop."""
        words, self._words = self._words[:count], self._words[count:]
        self._counts = self._counts[count:]
        self._size, self._length = sum(self._counts), sum(map(len, self._words))
        self._mark_at = self._opener_at = 0
        text = speakable("".join(words).strip(), self._language)
        if not text:
            return []
        if complete:
            text = text.rstrip(",;—–- ")
            text += "." if text.rstrip(_CLOSERS)[-1:].isalnum() else ""
        self._said += len(text)
        self._pace = _PACES[self._long + (1 if self._said < _LITTLE_CHARS else 2)]
        return pieces(text)

    def _ends_bound(self, before: str = "") -> bool:
        """Whether the last word is bound to the next (`before`, if known): "the", "5", and perhaps "J."."""
        if not self._words:
            return False
        word = self._words[-1].strip()
        last = word.lower()
        if (
            last in self._bound
            or last[-1:] == "."
            or last.rstrip(",\"″'")[-1:].isdigit()
            or _SIGN_WORD.fullmatch(word)
        ):
            return True
        if before or self._language != "en" or not word[:1].isupper():
            return False
        before = self._words[-2] if len(self._words) > 1 else ""
        # Wait for a number after Louis, for Blvd. after "16 Hill", and for III after John Smith.
        return (
            word in NUMBERED_NAMES
            or bool(_HOUSE_NUMBER.fullmatch(before))
            or (before[:1].isupper() and len(self._words) > 2 and self._size < self._pace.anywhere + 2)
        )


def _count(word: str) -> int:
    """How many words it counts for: 1, more in a script without spaces, 0 without any letter or digit."""
    if not any(map(str.isalnum, word)):
        return 0
    return 1 if word.isascii() else 1 + len(_SCRIPT.findall(word)) // 2


def _is_plain(word: str) -> bool:
    """Whether a mark after this ends the word, as it does not in 1,000, in an address or in code."""
    return len(word) > 1 and word[-1].isalpha() and not any(c in "./@:" + GLUE for c in word)
