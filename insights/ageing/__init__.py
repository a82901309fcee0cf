"""How old what is open is, what it should have taken, and how likely it is to break that."""
