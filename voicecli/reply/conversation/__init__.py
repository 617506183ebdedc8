"""What the language model is told: who it is, what was said, the time, as far as its context goes."""
