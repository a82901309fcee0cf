"""What adapters share: the words and shapes that many tools use alike; pure."""
