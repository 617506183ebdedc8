"""The Wyoming protocol of Home Assistant and its voice programs: its events as bytes, and calls by it."""
