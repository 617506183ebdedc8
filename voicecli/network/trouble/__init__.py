"""What is done about servers that fail: asked again, left alone, stood in for, and told of in one line."""
