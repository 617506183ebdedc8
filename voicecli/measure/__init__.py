"""What bench and doctor both measure: the computer, each engine alone, the delay and echo of the devices."""
