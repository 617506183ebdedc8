"""Where the milliseconds of a talk go: the real pipeline on simulated devices, measured."""
