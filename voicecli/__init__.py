"""voicecli: talk with a language model on your own computer."""
