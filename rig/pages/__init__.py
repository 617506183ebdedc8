"""Pages, shown in a browser without a window."""
