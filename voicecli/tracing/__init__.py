"""Files for people who look for a fault: what crossed each boundary of a talk, and its log without words."""
