"""`voicecli devices`: one way to look at them to a file."""
