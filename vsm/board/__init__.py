"""The read API: what the commands answer, over HTTP."""
