"""Text -> loudspeaker."""
