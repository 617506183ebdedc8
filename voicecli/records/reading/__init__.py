"""A recorded talk, read again: checked, counted, compared."""
