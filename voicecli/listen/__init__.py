"""Microphone -> text."""
