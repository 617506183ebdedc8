"""The engines for Home Assistant: a server of the Wyoming protocol."""
