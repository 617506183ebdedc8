"""Several callers at once against a running server: what each of them waits for, and how many it bears."""
