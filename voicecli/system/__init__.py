"""What this program needs of the computer: clocks, folders, processor, and what only some systems can do."""
