"""What a talk does when a device goes away, comes back or loses sound."""
