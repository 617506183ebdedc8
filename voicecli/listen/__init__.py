"""Microphone -> words. Here: its end of the ring, what can be relied on, what recognisers promise."""
