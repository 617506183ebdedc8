"""Bytes from a terminal -> what they ask of a talk."""
