"""The last clause of a reply that broke off -> what of it can be said by itself. Pure."""

from __future__ import annotations

from voicecli.turn.words import word_evidence

LEAST_WORDS = 3
"""Fewer words of a sentence without its end say nothing. A choice."""


def remainder(clause: str, language: str, *, cut: bool) -> str:
    """Give the clause without a word that may be cut; empty where that does not stand alone.

    `cut`: the text broke off behind a letter or a digit, so its last word may lack its end. A sentence that
    came whole stands. `language` is an ISO 639-1 code; which words more must follow is known for English.
    """
    if not cut and clause.endswith((".", "!", "?", "…")) and not clause.endswith("..."):
        return clause
    if cut and word_evidence(clause.rsplit(maxsplit=1)[-1], language).words <= 1:  # a script with spaces between words
        clause = " ".join(clause.split()[:-1])
    clause = clause.rstrip(" ,;:.—–-")
    evidence = word_evidence(clause, language)
    return f"{clause}." if evidence.words >= LEAST_WORDS and not evidence.hangs else ""
