"""How full each place is where something waits, what each stage adds, who goes first, and what is given up."""
