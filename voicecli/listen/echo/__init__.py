"""The agent's own voice, taken out of the microphone; and how well that goes."""
