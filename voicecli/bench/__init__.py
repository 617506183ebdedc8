"""Runs a talk and asks it questions in real time: measures how long its user waits, and what is lost."""
