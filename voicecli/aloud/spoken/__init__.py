"""What is written -> what is said, one kind of writing to a file; `speakable` calls them in order."""
