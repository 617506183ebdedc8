"""A talk, kept in a folder: its sound on a time line, its words, its settings."""
