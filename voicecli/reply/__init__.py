"""What was said -> the words of an answer: what a language model promises, and the ones there are."""
