"""What tests and scripts share: a voice, noises, a sound server, echoes, the program in its own process."""
