"""Sound itself: ring, conversion, level, devices, files."""
