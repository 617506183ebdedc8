"""What a talk does when a device goes away or comes back."""
