"""Sound, wherever it comes from: its level, rate and channels, and the two callbacks that carry it."""
