"""Voices of servers: asked for each clause, with a Piper voice to stand in."""
