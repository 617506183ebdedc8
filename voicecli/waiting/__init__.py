"""How full each place is where something waits, what each stage adds, who goes first, what is given up."""
