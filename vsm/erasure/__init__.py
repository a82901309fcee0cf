"""What takes people's data out of the log, the letters and everything derived, and renews the keys."""
