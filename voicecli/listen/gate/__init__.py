"""Frames -> segments of speech."""
