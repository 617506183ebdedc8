"""Turn after turn: the state that the rules read and change, and what fails in it."""
