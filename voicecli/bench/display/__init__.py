"""What the bench found, for people: a table in a terminal, a page in a browser."""
