"""Model files: what there is, where it comes from, what is here."""
