"""What this computer is to the rest: its time, folders, processor, and what only some systems can do."""
