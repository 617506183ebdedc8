"""The moving display of a terminal."""
