"""The one-machine stack: its processes, their supervisor, ports and ends, and what runs on it."""
