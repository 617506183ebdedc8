"""Clauses -> samples at the loudspeaker."""
