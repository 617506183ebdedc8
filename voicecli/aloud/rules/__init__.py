"""For all rooms that put text in words: patterns applied in order, numbers, and names that numbers follow."""
