"""`voicecli replay` and `voicecli stats`: what recorded talks hold."""
