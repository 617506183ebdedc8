"""Model servers and the way to them: addresses, proxies, requests, streamed answers."""
