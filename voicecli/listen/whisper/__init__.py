"""Whisper's own: the window it encodes, its languages, its passes, and whether to believe them."""
