"""What the user does: who speaks, over whom, until when, in which words."""
