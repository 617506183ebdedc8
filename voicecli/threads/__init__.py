"""Between threads: bounded channels, events for many readers, threads that hand their failure up."""
