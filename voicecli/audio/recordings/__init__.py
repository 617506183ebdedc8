"""Files of sound, read and written: whatever libav reads, damaged or endless."""
