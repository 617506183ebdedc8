"""A talk, kept: its sound and its words in a folder, read again, and its figures."""
