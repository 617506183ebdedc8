"""Speech -> words: passes, parts in each language, words that stay; recognisers other than Whisper."""
