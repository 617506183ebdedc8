"""What each language says in its own way: data alone, one language to a file."""
