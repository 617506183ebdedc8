"""Measuring: latency, engines, turn decision, devices."""
