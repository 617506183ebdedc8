"""What tests and scripts share: a voice, noises, rooms of sound, the program in a process of its own."""
