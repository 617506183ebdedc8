"""`voicecli devices`: lists, tries, measures or watches devices, each in a file of its own."""
