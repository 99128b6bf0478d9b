"""What comes in from, and goes out by, the standards of others: one file a standard."""
