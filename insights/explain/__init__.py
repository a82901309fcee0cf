"""Why a number is what it is: the items behind it, those left out and why, its definition, what has changed since."""
