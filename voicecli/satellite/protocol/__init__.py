"""What a talk and the server that holds it say to each other: messages in, what they mean out. Pure."""
