"""What the agent says, and what of it is remembered."""
