"""Streamed Markdown -> plain characters."""
