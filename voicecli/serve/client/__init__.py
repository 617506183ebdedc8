"""One client of the server: what it asks, its talk, its devices, and what waits for it."""
