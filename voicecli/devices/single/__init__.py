"""One device by itself: how loud it is, and whether it hears or is heard."""
