"""Recognisers of servers: asked for each pause, with a recogniser of this process to stand in."""
