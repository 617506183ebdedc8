"""Microphones and loudspeakers, real and simulated: found, chosen, opened, given back."""
