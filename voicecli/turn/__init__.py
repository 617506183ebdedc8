"""Is the user's turn over? The evidence of sound and words, and how long a pause must get."""
