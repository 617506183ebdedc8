"""Model files: which ones there are, where they come from, which of them are on the disk."""
