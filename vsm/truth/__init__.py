"""The lab is scored against its own truth: runs of the scenarios, what came out, and the page of it."""
