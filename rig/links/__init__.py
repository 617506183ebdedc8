"""A bad network: two network namespaces, and a program between them that delays, loses and holds packets."""
