"""What crosses the socket: a client's messages and settings, sound, and the events of a talk."""
