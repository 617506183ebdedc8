"""Files for whoever looks for a fault: what crossed each boundary of a talk, and its log without words."""
