"""How full each place is where something waits, what a stage adds to the wait, who goes first, and what is given up."""
