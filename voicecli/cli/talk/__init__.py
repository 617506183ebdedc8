"""`voicecli talk` and `voicecli demo`, and the user that a demo has."""
