"""The truth lab: a simulated organisation with known answers."""
