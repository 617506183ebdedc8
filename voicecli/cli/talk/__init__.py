"""`voicecli talk` and `voicecli demo`, and the simulated user of the demo."""
