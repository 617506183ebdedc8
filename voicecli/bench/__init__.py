"""A whole talk, asked in real time: how long its users wait, and what is lost."""
