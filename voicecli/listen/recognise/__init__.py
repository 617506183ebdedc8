"""Speech -> words, whichever recogniser finds them: passes, languages, what stays; other engines."""
