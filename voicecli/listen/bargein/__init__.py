"""Speech over the agent: whether it stops the agent, and whether it was an interruption."""
