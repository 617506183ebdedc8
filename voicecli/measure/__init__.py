"""What bench and doctor both measure: the computer, each engine alone, the way through the devices."""
