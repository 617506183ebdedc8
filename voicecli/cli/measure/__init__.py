"""The commands that measure: `voicecli bench` and `voicecli doctor`."""
