"""A reply as it is written -> clauses a voice can say, as early as each is certain."""
