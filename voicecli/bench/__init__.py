"""Asks a whole talk questions in real time: measures how long its user waits, and what is lost."""
