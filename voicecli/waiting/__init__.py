"""How full each place is where something waits, what a stage adds to the wait, and who goes first."""
