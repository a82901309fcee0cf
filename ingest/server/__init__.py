"""The HTTP edge: bounded bodies in, answers out, and the pages that are read."""
