"""The outside world: every file is optional and imports its own library."""
