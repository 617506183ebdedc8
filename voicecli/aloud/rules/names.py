"""Words after which a Roman numeral is a number: things that are numbered, and names; months and days."""

from __future__ import annotations


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip
MONTH_NAMES = frozenset(MONTHS)
SHORT_MONTHS = {**{month[:3]: month for month in MONTHS if month != "May"}, "Sept": "September"}
DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
SHORT_DAYS = {
    **{day[:3]: day for day in DAYS},
    "Tues": "Tuesday",
    "Weds": "Wednesday",
    "Thur": "Thursday",
    "Thurs": "Thursday",
}

KEYWORDS = _set(
    "Chapter Part Book Volume Vol Act Scene Section Article Appendix Phase Type Class Title Level Stage Step Episode "
    "Schedule Grade Group Tier Mark Mk Table Figure Unit Lesson Verse Canto War Bowl Factor Category Division Module "
    "Amendment Rule Exercise Problem Theorem Lemma Generation Gen Season Round Quarter Century Track Movement Option "
    "Chapters Parts Books Acts Sections Types Phases Levels Stages Olympiad Fantasy Rocky Rev Version Panel Room Pillar"
)
"""Words that a number follows, as in Chapter IV."""
REGNAL = _set(
    "Adrian Albert Alexander Alfonso Alfred Amenhotep Andrew Anne Baldwin Baudouin Benedict Boniface Caroline Carol "
    "Catherine Charles Christian Clement Constantine Cosimo Darius David Edmund Edward Elizabeth Eric Eugene Ferdinand "
    "Francis Franz Frederick Friedrich George Gregory Gustaf Gustav Gustavus Haakon Hadrian Harald Harold Henri Henry "
    "Hussein Innocent Isabella Ivan James Joan Johan John Joseph Juan Julius Justinian Karl Leo Leopold Louis Ludwig "
    "Magnus Malcolm Margaret Margrethe Maria Mary Maximilian Mehmed Michael Mohammed Murad Napoleon Nero Nicholas Olaf "
    "Oscar Otto Paul Pedro Peter Philip Philippe Pius Ptolemy Ramesses Ramses Rainier Richard Robert Rudolf Selim "
    "Seti Sixtus Sophia Stephen Suleiman Theodore Theodosius Thutmose Umberto Urban Valentinian Victoria Vittorio Victor "
    "Emmanuel Emanuel Wilhelm Wilhelmina Willem William Xerxes Carlos Felipe Fernando Abdullah Akihito"
)
"""Names of rulers and popes, who are numbered. (`roman.py` knows the exception, Malcolm X.)"""
FIRST_NAMES = _set(
    "Thomas Samuel Walter Howard Daniel Donald Kenneth Harry Jack Frank Fred Arthur Ralph Raymond Steven Mark Matthew "
    "Anthony Patrick Douglas Gary Ronald Timothy Jeffrey Scott Eric Brian Kevin Jason Larry Roger Terry Gerald Keith "
    "Lawrence Sean Jesse Roy Ernest Martin Elliott Loudon Percival Cornelius Davis Sammy Luther Bob Bill Jim Joe Tom Sam"
)
"""More first names than those of `REGNAL`. After a first and a last name, II is "the Second"."""
