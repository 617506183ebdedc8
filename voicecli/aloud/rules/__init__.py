"""What all that is said in words rests on: patterns in their order, numerals, and the words beside them."""
