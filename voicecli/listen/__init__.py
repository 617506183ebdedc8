"""Microphone -> words. Here: the microphone's end of the ring, which devices work, what engines promise."""
