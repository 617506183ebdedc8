"""Servers, and all that is between: addresses, proxies, requests, streamed answers."""
